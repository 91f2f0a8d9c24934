/** Metres and bars, counted in sixty-fourth notes, so that a bar that is no whole number of steps (13/32) does not drift. */

const BEAT = 16; // sixty-fourth notes in a quarter note
const DENOMINATORS = [1, 2, 4, 8, 16, 32, 64];

/** A time signature, and where it begins to hold, in sixty-fourth notes. */
export interface Metre {
  start: number;
  numerator: number;
  denominator: number;
}

/** `6/8`; null where that is no metre. */
export function metreOf(text: unknown): Metre | null {
  const match = /^([1-9]\d?)\/([1-9]\d?)$/.exec(String(text));
  const [numerator, denominator] = [Number(match?.[1]), Number(match?.[2])];
  return match && DENOMINATORS.includes(denominator) ? { start: 0, numerator, denominator } : null;
}

/** The metre that older model files mean by a number of beats: quarters where the bar is made of them, or smaller parts. */
export function metreOfBeats(beats: number): Metre {
  const units = Math.max(1, Math.round(beats * BEAT));
  for (const denominator of DENOMINATORS.slice(2)) {
    const numerator = (units * denominator) / (4 * BEAT);
    if (Number.isInteger(numerator) && numerator <= 99) return { start: 0, numerator, denominator };
  }
  return { start: 0, numerator: 4, denominator: 4 };
}

/** Sixty-fourth notes in a bar. */
export const lengthOf = ({ numerator, denominator }: Metre): number => (4 * BEAT * numerator) / denominator;

/** The nearest step of the grid, the later one of two. */
export const stepOf = (units: number, stepsPerBeat: number): number =>
  Math.floor((2 * units * stepsPerBeat + BEAT) / (2 * BEAT));

/** Ticks of a MIDI file with as many to a beat. */
export const ticksOf = (units: number, ticksPerBeat: number): number => Math.floor((units * ticksPerBeat) / BEAT);

/** Bars, one after the other. */
export class Bars {
  readonly starts: number[] = [];
  readonly metres: Metre[] = [];
  private end_ = 0;

  constructor(
    private metre: Metre,
    private readonly stepsPerBeat: number,
  ) {}

  /** The step at which the present bar ends; 0 before the first one. */
  get end(): number {
    return stepOf(this.end_, this.stepsPerBeat);
  }

  /** From the next bar on. */
  announce(metre: Metre | null): void {
    this.metre = metre ?? this.metre;
  }

  begin(): void {
    this.starts.push(this.end);
    const last = this.metres.at(-1);
    if (last?.numerator !== this.metre.numerator || last.denominator !== this.metre.denominator) {
      this.metres.push({ ...this.metre, start: this.end_ });
    }
    this.end_ += lengthOf(this.metre);
  }
}
