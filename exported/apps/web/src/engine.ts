/** The page's side of the worker: starts it, asks it, and ends it where it takes too long. */

import { Problem } from "./problem";

export type ArrayOf =
  | { type: "float32"; data: Float32Array; shape: number[] }
  | { type: "int64"; data: BigInt64Array; shape: number[] }
  | { type: "uint8"; data: Uint8Array; shape: number[] }
  | { type: "bool"; data: Uint8Array; shape: number[] };
export type Arrays = Record<string, ArrayOf>;

export type Request = { number: number } & ({ act: "load"; file: Uint8Array } | { act: "run"; arrays: Arrays });

export interface Answer {
  number: number;
  inputs?: string[];
  arrays?: Arrays;
  error?: string;
}

type Asked = { act: "load"; file: Uint8Array } | { act: "run"; arrays: Arrays };

const PATIENCE = 60_000; // milliseconds of one call
const CANCELLED = "cancelled";

/** The user wanted no more of it. */
export class Cancelled extends Error {}

export class Engine {
  private worker = this.start();
  private waiting = new Map<number, (answer: Answer) => void>();
  private asked = 0;
  private file: Uint8Array | null = null;
  private ended = false;
  /** Ends the call that is running; nothing where none is. */
  cancel: () => void = () => undefined;

  /** Hands over a model file; the names of its inputs. */
  async load(file: Uint8Array): Promise<string[]> {
    const { inputs } = await this.ask({ act: "load", file });
    this.file = file;
    this.ended = false;
    return inputs ?? [];
  }

  /** Runs the model. */
  async run(arrays: Arrays): Promise<Arrays> {
    if (this.ended && this.file) await this.load(this.file);
    return (await this.ask({ act: "run", arrays })).arrays ?? {};
  }

  private start(): Worker {
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    worker.addEventListener("message", ({ data }: MessageEvent<Answer>) => this.waiting.get(data.number)?.(data));
    worker.addEventListener("error", (event) => {
      event.preventDefault();
      for (const [number, tell] of this.waiting) tell({ number, error: event.message || "the worker did not start" });
    });
    return worker;
  }

  private async ask(asked: Asked): Promise<Answer> {
    const number = ++this.asked;
    const answer = await new Promise<Answer>((resolve) => {
      const stop = (error: string): void => {
        clearTimeout(timer);
        this.worker.terminate();
        this.worker = this.start();
        this.ended = true;
        resolve({ number, error });
      };
      const timer = setTimeout(stop, PATIENCE, `it took longer than ${PATIENCE / 1000} seconds and was stopped`);
      this.cancel = () => stop(CANCELLED);
      this.waiting.set(number, (given) => {
        clearTimeout(timer);
        resolve(given);
      });
      this.worker.postMessage({ number, ...asked } satisfies Request);
    });
    this.waiting.delete(number);
    this.cancel = () => undefined;
    if (answer.error === CANCELLED) throw new Cancelled();
    if (answer.error !== undefined) {
      const verb = asked.act === "load" ? "open" : "run";
      throw new Problem(`This model does not ${verb}: ${answer.error}.`, "Export it again, or choose another file.");
    }
    return answer;
  }
}
