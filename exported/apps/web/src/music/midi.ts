/** Writes Standard MIDI Files of format 1: one track with tempos and metres, and one for each track of notes. */

import { ticksOf } from "./bars";
import { DRUMS, type Note, type Piece } from "./notes";

const TICKS_PER_BEAT = 480;
const DRUM_CHANNEL = 9;
const CHANNELS = 16;

type Event = { tick: number; order: number; bytes: number[] };

export function toMidi(piece: Piece): Uint8Array<ArrayBuffer> {
  const ticks = Math.floor(TICKS_PER_BEAT / piece.stepsPerBeat);
  const end = piece.length * ticks;
  const changes: [number, number][] = [[0, piece.tempo], ...piece.tempos];
  const head: Event[] = changes.map(([step, tempo]) => {
    const microseconds = Math.min(Math.round(60e6 / tempo), 2 ** 24 - 1);
    return { tick: step * ticks, order: 0, bytes: [0xff, 0x51, 3, ...bigEndian(microseconds, 3)] };
  });
  for (const { start, numerator, denominator } of piece.metres) {
    const bytes = [0xff, 0x58, 4, numerator, Math.log2(denominator), 24, 8];
    head.push({ tick: ticksOf(start, TICKS_PER_BEAT), order: 0, bytes });
  }
  head.sort((a, b) => a.tick - b.tick);
  const used = [...new Set(piece.notes.map(({ track }) => track))].sort((a, b) => a - b);
  const melodic = used.filter((track) => piece.programs[track] !== DRUMS);
  const tracks = [chunk(head, end), ...used.map((track) => chunk(eventsOf(piece, track, melodic.indexOf(track), ticks), end))];
  const header = [...ascii("MThd"), ...bigEndian(6, 4), ...bigEndian(1, 2), ...bigEndian(tracks.length, 2)];
  return Uint8Array.from([...header, ...bigEndian(TICKS_PER_BEAT, 2), ...tracks.flat()]);
}

/** The messages of a track; `place` is its number among those that are no drums. */
function eventsOf(piece: Piece, track: number, place: number, ticks: number): Event[] {
  const program = piece.programs[track] ?? 0;
  const own = place % (CHANNELS - 1);
  const channel = program === DRUMS ? DRUM_CHANNEL : own + (own >= DRUM_CHANNEL ? 1 : 0);
  const timed = piece.notes.filter((note) => note.track === track).flatMap((note: Note): Event[] => [
    { tick: note.start * ticks, order: 1, bytes: [0x90 | channel, note.pitch, note.velocity] },
    { tick: (note.start + note.duration) * ticks, order: 0, bytes: [0x80 | channel, note.pitch, 0] },
  ]);
  // where a note ends as another one begins, the end goes first
  timed.sort((a, b) => a.tick - b.tick || a.order - b.order);
  return [{ tick: 0, order: 0, bytes: [0xc0 | channel, program % DRUMS] }, ...timed];
}

function chunk(events: Event[], end: number): number[] {
  const last = Math.max(end, ...events.map(({ tick }) => tick));
  let now = 0;
  const content = [...events, { tick: last, order: 0, bytes: [0xff, 0x2f, 0] }].flatMap(({ tick, bytes }) => {
    const delta = tick - now;
    now = tick;
    return [...variableLength(delta), ...bytes];
  });
  return [...ascii("MTrk"), ...bigEndian(content.length, 4), ...content];
}

/** Seven bits a byte, the first ones first; all but the last have their highest bit set. */
function variableLength(number: number): number[] {
  const digits = [number & 0x7f];
  for (let rest = number >>> 7; rest; rest >>>= 7) digits.unshift(0x80 | (rest & 0x7f));
  return digits;
}

const ascii = (text: string): number[] => [...text].map((letter) => letter.charCodeAt(0));

const bigEndian = (number: number, bytes: number): number[] =>
  Array.from({ length: bytes }, (_, i) => (number >>> (8 * (bytes - 1 - i))) & 0xff);
