/** Plays pieces by WebAudio: a soft tone with a quick attack for each note, and drums. One piece sounds at a time. */

import { DRUMS, type Piece } from "./notes";

const LEAD = 0.06; // seconds before the first note, in which the sound card wakes
const RELEASE = 0.12;

let audio: AudioContext | undefined;
let stopLast: () => void = () => undefined;

export interface Playing {
  /** Steps that have sounded. */
  position(): number;
  stop(): void;
}

/** Starts a piece; `ended` is called once, when it is over or stopped. */
export function play(piece: Piece, ended: () => void): Playing {
  stopLast();
  audio ??= new AudioContext();
  void audio.resume();
  const context = audio;
  const clock = clockOf(piece);
  const begin = context.currentTime + LEAD;
  const out = new GainNode(context, { gain: 0.5 });
  out.connect(new DynamicsCompressorNode(context)).connect(context.destination);
  for (const note of piece.notes) {
    const [at, until] = [clock.seconds(note.start), clock.seconds(note.start + note.duration)];
    if (piece.programs[note.track] === DRUMS) drum(context, out, note.pitch, note.velocity / 127, begin + at);
    else tone(context, out, note.pitch, note.velocity / 127, begin + at, until - at);
  }
  let over = false;
  const stop = (): void => {
    if (over) return;
    over = true;
    clearTimeout(timer);
    out.gain.setTargetAtTime(0, context.currentTime, 0.02);
    setTimeout(() => out.disconnect(), 300);
    ended();
  };
  const timer = setTimeout(stop, (LEAD + clock.seconds(piece.length) + RELEASE) * 1000);
  stopLast = stop;
  return { position: () => clock.step(Math.max(0, context.currentTime - begin)), stop };
}

function tone(context: AudioContext, out: AudioNode, pitch: number, loudness: number, at: number, seconds: number): void {
  const frequency = 440 * 2 ** ((pitch - 69) / 12);
  const gain = new GainNode(context, { gain: 0 });
  gain.gain.setValueAtTime(0, at);
  gain.gain.linearRampToValueAtTime(0.4 * loudness, at + 0.01);
  gain.gain.setTargetAtTime(0.18 * loudness, at + 0.01, 0.15);
  gain.gain.setTargetAtTime(0, at + seconds, RELEASE / 4);
  gain.connect(out);
  for (const [type, multiple, share] of [["triangle", 1, 1], ["sine", 2, 0.25]] as const) {
    const oscillator = new OscillatorNode(context, { type, frequency: frequency * multiple });
    oscillator.connect(new GainNode(context, { gain: share })).connect(gain);
    oscillator.start(at);
    oscillator.stop(at + seconds + RELEASE);
  }
}

/** From steps to seconds and back, by all tempos. */
function clockOf(piece: Piece): { seconds(step: number): number; step(seconds: number): number } {
  const parts: { step: number; at: number; last: number }[] = []; // the latest first
  for (const [step, tempo] of [[0, piece.tempo], ...piece.tempos] as [number, number][]) {
    const before = parts[0];
    const at = before ? before.at + (step - before.step) * before.last : 0;
    parts.unshift({ step, at, last: 60 / tempo / piece.stepsPerBeat });
  }
  return {
    seconds(step) {
      const part = parts.find((each) => each.step <= step) ?? parts.at(-1)!;
      return part.at + (step - part.step) * part.last;
    },
    step(seconds) {
      const part = parts.find((each) => each.at <= seconds) ?? parts.at(-1)!;
      return part.step + (seconds - part.at) / part.last;
    },
  };
}

const KICKS = [35, 36];
const TOMS = [41, 43, 45, 47, 48, 50];
const CYMBALS = [46, 49, 51, 52, 55, 57, 59];
let noise: AudioBuffer | undefined;

/** A falling tone for the bass drum and toms, noise for all others: longer for cymbals, lower for the snare. */
function drum(context: AudioContext, out: AudioNode, key: number, loudness: number, at: number): void {
  const isTone = KICKS.includes(key) || TOMS.includes(key);
  const seconds = isTone ? 0.3 : CYMBALS.includes(key) ? 0.5 : key === 38 || key === 40 ? 0.2 : 0.07;
  const gain = new GainNode(context, { gain: 0 });
  gain.gain.setValueAtTime((isTone ? 0.8 : 0.3) * loudness, at);
  gain.gain.setTargetAtTime(0, at, seconds / 4);
  gain.connect(out);
  if (isTone) {
    const low = KICKS.includes(key) ? 45 : 80 * 2 ** ((key - 41) / 12);
    const oscillator = new OscillatorNode(context, { frequency: 2 * low });
    oscillator.frequency.setTargetAtTime(low, at, 0.04);
    oscillator.connect(gain);
    oscillator.start(at);
    oscillator.stop(at + 2 * seconds);
    return;
  }
  noise ??= hiss(context);
  const source = new AudioBufferSourceNode(context, { buffer: noise, loop: true });
  const frequency = key === 38 || key === 40 ? 900 : 5000;
  source.connect(new BiquadFilterNode(context, { type: "highpass", frequency })).connect(gain);
  source.start(at);
  source.stop(at + 2 * seconds);
}

function hiss(context: AudioContext): AudioBuffer {
  const buffer = new AudioBuffer({ length: context.sampleRate, sampleRate: context.sampleRate });
  const samples = buffer.getChannelData(0);
  for (let i = 0; i < samples.length; i++) samples[i] = 2 * Math.random() - 1;
  return buffer;
}
