/** From tokens and piano rolls to notes: how `rgan_kit`'s domain `music` writes them. */

import { Problem } from "../problem";
import type { Manifest } from "../manifest";
import type { Outputs } from "../model";

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
  /** Beats a minute. */
  tempo: number;
  stepsPerBeat: number;
  beatsPerBar: number;
  /** General MIDI instrument of each track, 128 for drums. */
  programs: number[];
}

type Symbol = { kind: string; number: number };
type Frame = Omit<Piece, "notes" | "length">;

export function piecesOf(outputs: Outputs, { decoder }: Manifest): Piece[] {
  const frame: Frame = {
    tempo: numberOf(decoder, "tempo", 4, 1000),
    stepsPerBeat: numberOf(decoder, "steps_per_beat", 1, 24),
    beatsPerBar: numberOf(decoder, "beats_per_bar", 1, 64),
    programs: Array.isArray(decoder.programs) ? decoder.programs.map(Number) : [0],
  };
  const velocity = numberOf(decoder, "velocity", 1, 127);
  if (decoder.representation === "pianoroll") return fromRolls(outputs, frame, velocity, decoder);
  const names = decoder.vocabulary;
  if (!Array.isArray(names)) throw new Problem("This model does not say what its tokens mean.");
  const symbols = names.map(parse);
  const read = decoder.representation === "melody" ? fromMelody : fromEvents;
  return outputs.tokens.map((tokens) => read(tokens.map((token) => symbols[token] ?? parse("")), frame, velocity));
}

function numberOf(decoder: Record<string, unknown>, key: string, low: number, high: number): number {
  const value = decoder[key];
  if (typeof value === "number" && value >= low && value <= high) return value;
  throw new Problem(`This model's description of its music lacks ${key}, a number from ${low} to ${high}.`);
}

/** `pitch_60` is a kind and a number. */
function parse(name: unknown): Symbol {
  const match = /^([a-z]+)(?:_(\d{1,4}))?$/.exec(String(name));
  return { kind: match?.[1] ?? "", number: Number(match?.[2] ?? 0) };
}

/** One symbol a step: a pitch begins a note, `hold` goes on with it, all else is silence. */
function fromMelody(symbols: Symbol[], frame: Frame, velocity: number): Piece {
  const notes: Note[] = [];
  let sounding: Note | null = null;
  symbols.forEach(({ kind, number }, step) => {
    if (kind === "pitch") {
      sounding = { start: step, duration: 1, pitch: number, velocity, track: 0 };
      notes.push(sounding);
    } else if (kind === "hold" && sounding) {
      sounding.duration++;
    } else {
      sounding = null;
    }
  });
  return { notes, length: symbols.length, ...frame };
}

/** Note after note: shifts, a track, a pitch, a duration, a velocity. */
function fromEvents(symbols: Symbol[], frame: Frame, velocity: number): Piece {
  const notes: Note[] = [];
  let now = 0, track = 0, pitch = -1, tempo = frame.tempo;
  for (const { kind, number } of symbols) {
    if (kind === "tempo") tempo = number;
    else if (kind === "shift") now += number;
    else if (kind === "track") track = number;
    else if (kind === "pitch") pitch = number;
    else if (kind === "velocity" && notes.length) notes.at(-1)!.velocity = number;
    else if (kind === "duration" && pitch >= 0) {
      notes.push({ start: now, duration: number, pitch, velocity, track });
      pitch = -1;
    }
  }
  const settled = settle(notes);
  const length = Math.max(0, ...settled.map(({ start, duration }) => start + duration));
  return { ...frame, notes: settled, length, tempo };
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

/** A key sounds at the steps where its number lies above the threshold. */
function fromRolls(outputs: Outputs, frame: Frame, velocity: number, decoder: Record<string, unknown>): Piece[] {
  const [count, time, keys] = outputs.shape as [number, number, number];
  const lowest = numberOf(decoder, "lowest_pitch", 0, 127);
  const threshold = numberOf(decoder, "threshold", 0, 1);
  return Array.from({ length: count }, (_, sample) => {
    const notes: Note[] = [];
    for (let key = 0; key < keys; key++) {
      let sounding: Note | null = null;
      for (let step = 0; step < time; step++) {
        if (!(outputs.data[(sample * time + step) * keys + key]! > threshold)) sounding = null;
        else if (sounding) sounding.duration++;
        else notes.push((sounding = { start: step, duration: 1, pitch: lowest + key, velocity, track: 0 }));
      }
    }
    notes.sort((a, b) => a.start - b.start || a.pitch - b.pitch);
    return { notes, length: time, ...frame };
  });
}
