/** Writes Standard MIDI Files of format 1: one track with the tempo, and one for each track of notes. */

import type { Note, Piece } from "./notes";

const TICKS_PER_BEAT = 480;
const DRUMS = 128;
const DRUM_CHANNEL = 9;

type Event = { tick: number; order: number; bytes: number[] };

export function toMidi(piece: Piece): Uint8Array<ArrayBuffer> {
  const ticks = Math.floor(TICKS_PER_BEAT / piece.stepsPerBeat);
  const end = piece.length * ticks;
  const tempo = Math.min(Math.round(60e6 / piece.tempo), 2 ** 24 - 1);
  const head: Event[] = [
    { tick: 0, order: 0, bytes: [0xff, 0x51, 3, ...bigEndian(tempo, 3)] },
    { tick: 0, order: 0, bytes: [0xff, 0x58, 4, ...metre(piece.beatsPerBar), 24, 8] },
  ];
  const used = [...new Set(piece.notes.map(({ track }) => track))].sort((a, b) => a - b);
  const tracks = [chunk(head, end), ...used.map((track) => chunk(eventsOf(piece, track, ticks), end))];
  const header = [...ascii("MThd"), ...bigEndian(6, 4), ...bigEndian(1, 2), ...bigEndian(tracks.length, 2)];
  return Uint8Array.from([...header, ...bigEndian(TICKS_PER_BEAT, 2), ...tracks.flat()]);
}

function eventsOf(piece: Piece, track: number, ticks: number): Event[] {
  const program = piece.programs[track] ?? 0;
  const channel = program === DRUMS ? DRUM_CHANNEL : Math.min(15, track + (track >= DRUM_CHANNEL ? 1 : 0));
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

/** Numerator, and the power of two of the denominator: the coarsest that the bar is made of. */
function metre(beatsPerBar: number): [number, number] {
  for (const power of [2, 3, 4]) {
    const parts = (beatsPerBar * 2 ** power) / 4;
    if (Number.isInteger(parts) && parts >= 1 && parts <= 255) return [parts, power];
  }
  return [4, 2];
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
