/** Plays pieces by WebAudio: a soft tone with a quick attack for each note. One piece sounds at a time. */

import type { Piece } from "./notes";

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
  const step = 60 / piece.tempo / piece.stepsPerBeat;
  const begin = context.currentTime + LEAD;
  const out = new GainNode(context, { gain: 0.5 });
  out.connect(new DynamicsCompressorNode(context)).connect(context.destination);
  for (const note of piece.notes) {
    tone(context, out, note.pitch, note.velocity / 127, begin + note.start * step, note.duration * step);
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
  const timer = setTimeout(stop, (LEAD + piece.length * step + RELEASE) * 1000);
  stopLast = stop;
  return { position: () => Math.max(0, (context.currentTime - begin) / step), stop };
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
