/** From tokens and piano rolls to notes: how `rgan_kit`'s domain `music` writes them. */

import { Problem } from "../problem";
import type { Manifest } from "../manifest";
import type { Outputs } from "../model";
import { Bars, metreOf, metreOfBeats, type Metre } from "./bars";

export const DRUMS = 128;

/** Start and duration in steps of the grid; pitch and velocity as MIDI has them. */
export interface Note {
  start: number;
  duration: number;
  pitch: number;
  velocity: number;
  track: number;
}

export interface Piece {
  notes: Note[];
  /** Steps, silence at the end included. */
  length: number;
  /** Beats a minute, from the beginning. */
  tempo: number;
  /** Further tempos, and the steps from which they hold. */
  tempos: [step: number, tempo: number][];
  metres: Metre[];
  stepsPerBeat: number;
  /** General MIDI instrument of each track, 128 for drums. */
  programs: number[];
}

type Symbol = { kind: string; number: number; metre: Metre | null };
type Decoder = Record<string, unknown>;

/** What holds where a sequence says nothing about it. */
interface Frame extends Omit<Piece, "notes" | "length"> {
  velocity: number;
  byProgram: boolean;
  hasBars: boolean;
}

export function piecesOf(outputs: Outputs, { decoder }: Manifest): Piece[] {
  const frame: Frame = {
    tempo: numberOf(decoder, "tempo", 4, 1000),
    tempos: [],
    metres: [metreOf(decoder.metre) ?? metreOfBeats(numberOf(decoder, "beats_per_bar", 1, 64))],
    stepsPerBeat: numberOf(decoder, "steps_per_beat", 1, 24),
    programs: Array.isArray(decoder.programs) ? decoder.programs.map(Number) : [0],
    velocity: numberOf(decoder, "velocity", 1, 127),
    byProgram: (decoder.reading as Decoder | undefined)?.by_program === true,
    hasBars: Array.isArray(decoder.vocabulary) && decoder.vocabulary.includes("bar"),
  };
  if (decoder.representation === "pianoroll") return fromRolls(outputs, frame, decoder);
  const names = decoder.vocabulary;
  if (!Array.isArray(names)) throw new Problem("This model does not say what its tokens mean.");
  const symbols = names.map(parse);
  const read = { melody: fromMelody, events: fromEvents, remi: fromRemi }[String(decoder.representation)];
  if (!read) throw new Problem(`This page does not know the representation ${String(decoder.representation)}.`);
  return outputs.tokens.map((tokens) => read(tokens.map((token) => symbols[token] ?? parse("")), frame));
}

function numberOf(decoder: Decoder, key: string, low: number, high: number): number {
  const value = decoder[key];
  if (typeof value === "number" && value >= low && value <= high) return value;
  throw new Problem(`This model's description of its music lacks ${key}, a number from ${low} to ${high}.`);
}

/** `pitch_60` is a kind and a number, `metre_3/4` a kind and a metre. */
function parse(name: unknown): Symbol {
  const match = /^([a-z]+)(?:_(\d{1,4})|_(\d\d?\/\d\d?))?$/.exec(String(name));
  return { kind: match?.[1] ?? "", number: Number(match?.[2] ?? 0), metre: metreOf(match?.[3]) };
}

/** One symbol a step: a pitch begins a note, `hold` goes on with it, all else is silence. With bars, a bar has as many
 * steps as its metre, whatever stands there. */
function fromMelody(symbols: Symbol[], frame: Frame): Piece {
  const bars = new Bars(frame.metres[0]!, frame.stepsPerBeat);
  const steps = frame.hasBars ? inBars(symbols, bars) : symbols;
  const notes: Note[] = [];
  let sounding: Note | null = null;
  steps.forEach(({ kind, number }, step) => {
    if (kind === "pitch") {
      sounding = { start: step, duration: 1, pitch: number, velocity: frame.velocity, track: 0 };
      notes.push(sounding);
    } else if (kind === "hold" && sounding) {
      sounding.duration++;
    } else {
      sounding = null;
    }
  });
  const metres = bars.metres.length ? bars.metres : frame.metres;
  return { ...frame, notes, length: steps.length, metres };
}

function inBars(symbols: Symbol[], bars: Bars): Symbol[] {
  const rows: Symbol[][] = [];
  for (const symbol of symbols) {
    if (symbol.kind === "metre") {
      bars.announce(symbol.metre);
      continue;
    }
    if (symbol.kind === "bar" || !rows.length) {
      bars.begin();
      rows.push([]);
    }
    if (symbol.kind !== "bar") rows.at(-1)!.push(symbol);
  }
  const ends = [...bars.starts.slice(1), bars.end];
  return rows.flatMap((row, bar) =>
    Array.from({ length: ends[bar]! - bars.starts[bar]! }, (_, step) => row[step] ?? parse("rest")),
  );
}

/** Note after note: shifts, a track, a pitch, a duration, a velocity. */
function fromEvents(symbols: Symbol[], frame: Frame): Piece {
  const notes: Note[] = [];
  let now = 0, track = 0, pitch = -1, { tempo, metres } = frame;
  for (const { kind, number, metre } of symbols) {
    if (kind === "tempo") tempo = number;
    else if (kind === "metre" && metre) metres = [metre];
    else if (kind === "shift") now += number;
    else if (kind === "track") track = number;
    else if (kind === "pitch") pitch = number;
    else if (kind === "velocity" && notes.length) notes.at(-1)!.velocity = number;
    else if (kind === "duration" && pitch >= 0) {
      notes.push({ start: now, duration: number, pitch, velocity: frame.velocity, track });
      pitch = -1;
    }
  }
  const settled = settle(notes);
  const length = Math.max(0, ...settled.map(({ start, duration }) => start + duration));
  return { ...frame, notes: settled, length, tempo, metres };
}

/** Bar after bar: positions, and what begins there. */
function fromRemi(symbols: Symbol[], frame: Frame): Piece {
  const bars = new Bars(frame.metres[0]!, frame.stepsPerBeat);
  const notes: Note[] = [];
  const tempos = new Map<number, number>();
  let now = 0, pitch = -1, track = 0;
  let voice = frame.byProgram ? (frame.programs.find((program) => program !== DRUMS) ?? 0) : 0;
  for (const { kind, number, metre } of symbols) {
    if (kind === "metre") bars.announce(metre);
    else if (kind === "bar") {
      bars.begin();
      now = bars.starts.at(-1)!;
    } else if (kind && !bars.starts.length) bars.begin();
    if (kind === "position") now = bars.starts.at(-1)! + number;
    else if (kind === "tempo" && now < bars.end) tempos.set(now, number);
    else if (kind === "program" || kind === "track") voice = number;
    else if (kind === "pitch") [pitch, track] = [number, voice];
    else if (kind === "drum") [pitch, track] = [number, frame.byProgram ? DRUMS : voice];
    else if (kind === "velocity" && notes.length) notes.at(-1)!.velocity = number;
    else if (kind === "duration" && pitch >= 0) {
      const start = now < bars.end ? now : -1; // what lies beyond its bar is passed over
      notes.push({ start, duration: number, pitch, velocity: frame.velocity, track });
      pitch = -1;
    }
  }
  const kept = notes.filter(({ start }) => start >= 0);
  for (const note of kept) note.duration = Math.min(note.duration, bars.end - note.start);
  const tempo = tempos.get(0) ?? frame.tempo;
  const later = [...tempos].filter(([step]) => step > 0).sort((a, b) => a[0] - b[0]);
  const metres = bars.metres.length ? bars.metres : frame.metres;
  const piece = { ...frame, notes: settle(kept), length: bars.end, tempo, tempos: later, metres };
  return frame.byProgram ? withTracks(piece) : piece;
}

/** Instruments as tracks, drums last. */
function withTracks(piece: Piece): Piece {
  const programs = [...new Set(piece.notes.map(({ track }) => track))].sort((a, b) => a - b);
  const notes = piece.notes.map((note) => ({ ...note, track: programs.indexOf(note.track) }));
  return { ...piece, notes, programs: programs.length ? programs : [0] };
}

/** One key of an instrument plays one note at a time: of two that begin together the longer one stays, and a note
 * ends where the next one of its pitch begins. */
function settle(notes: Note[]): Note[] {
  const keys = new Map<number, Note[]>();
  for (const note of notes) {
    const key = note.track * 128 + note.pitch;
    keys.set(key, [...(keys.get(key) ?? []), note]);
  }
  const settled: Note[] = [];
  for (const own of keys.values()) {
    own.sort((a, b) => a.start - b.start);
    let last: Note | undefined;
    for (const note of own) {
      if (last?.start === note.start) {
        last.duration = Math.max(last.duration, note.duration);
        continue;
      }
      if (last) last.duration = Math.min(last.duration, note.start - last.start);
      last = note;
      settled.push(note);
    }
  }
  return settled.sort((a, b) => a.start - b.start || a.track - b.track || a.pitch - b.pitch);
}

/** A key sounds at the steps where its number lies above the threshold; it is struck where its second number does, or
 * where it did not sound before. */
function fromRolls(outputs: Outputs, frame: Frame, decoder: Decoder): Piece[] {
  const [count, time, features] = outputs.shape as [number, number, number];
  const lowest = numberOf(decoder, "lowest_pitch", 0, 127);
  const keys = Math.min(features, numberOf(decoder, "highest_pitch", lowest, 127) - lowest + 1);
  const threshold = numberOf(decoder, "threshold", 0, 1);
  return Array.from({ length: count }, (_, sample) => {
    const notes: Note[] = [];
    const length = outputs.lengths?.[sample] ?? time;
    const metre = metreOf((decoder.metres as Decoder | undefined)?.[length]);
    const above = (step: number, place: number): boolean =>
      place < features && outputs.data[(sample * time + step) * features + place]! > threshold;
    for (let key = 0; key < keys; key++) {
      let sounding: Note | null = null;
      for (let step = 0; step < length; step++) {
        const struck = above(step, keys + key);
        if (!struck && !above(step, key)) sounding = null;
        else if (sounding && !struck) sounding.duration++;
        else notes.push((sounding = { start: step, duration: 1, pitch: lowest + key, velocity: frame.velocity, track: 0 }));
      }
    }
    notes.sort((a, b) => a.start - b.start || a.pitch - b.pitch);
    return { ...frame, notes, length, metres: metre ? [metre] : frame.metres };
  });
}
