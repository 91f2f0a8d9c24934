/** A model, ready to be sampled: settings in, arrays out, with the random numbers of `rgankit sample`. */

import { Engine, type Arrays } from "./engine";
import { slerp } from "./latent";
import { readManifest, type Manifest } from "./manifest";
import { readMetadata } from "./metadata";
import { anyLabel, normal, STREAMS, uniform } from "./noise";
import { Problem } from "./problem";

export interface Settings {
  seed: bigint;
  count: number;
  length: number;
  temperature: number;
  /** The likeliest symbols whose chances add up to it are drawn from; 1 draws from all. */
  topP: number;
  /** Text that every sample begins with, and its tokens; `length` counts them. */
  begins: string;
  given: number[];
  /** Number of the label of every sample; null draws one for each. */
  label: number | null;
  /** Where in the latent space: from the seed's own latent towards those of other seeds, one after the other. */
  moves: Move[];
}

/** From where one is (share 0) to the latent of another seed (share 1). */
export interface Move {
  name: "right" | "up";
  other: bigint;
  share: number;
}

export interface Outputs {
  kind: Manifest["kind"];
  /** One row a sample; tokens are cut at their length. */
  tokens: number[][];
  /** `tokens` stay empty for the other kinds, whose numbers are here, beside their shape. */
  data: Float32Array | Uint8Array;
  shape: number[];
  /** Steps of each sample of series or frames whose lengths differ; null where all are as long. */
  lengths: number[] | null;
  labels: number[] | null;
}

export class Model {
  private constructor(
    readonly name: string,
    readonly manifest: Manifest,
    readonly bytes: number,
    private readonly engine: Engine,
  ) {}

  static async open(name: string, file: Uint8Array, engine: Engine): Promise<Model> {
    const manifest = readManifest(readMetadata(file));
    await engine.load(file);
    return new Model(name, manifest, file.length, engine);
  }

  has(input: string): boolean {
    return this.manifest.inputs.some(({ name }) => name === input);
  }

  async sample(settings: Settings): Promise<Outputs> {
    const { arrays, labels } = this.draw(settings);
    return { ...this.outputs(await this.engine.run(arrays)), labels };
  }

  private draw(settings: Settings): { arrays: Arrays; labels: number[] | null } {
    const { kind, noise_size: size, latent_size: latent, labels: names } = this.manifest;
    const { seed, count, length } = settings;
    const samples = Array.from({ length: count }, (_, sample) => sample);
    const rows = kind === "tokens"
      ? samples.map((sample) => uniform(seed, sample, length))
      : samples.map((sample) => normal(seed, sample, length * size, STREAMS.noise));
    const shape = kind === "tokens" ? [count, length] : [count, length, size];
    const arrays: Arrays = { noise: { type: "float32", data: joined(rows), shape } };
    if (latent) {
      const latents = samples.map((sample) => this.latent(settings, sample));
      arrays.latent = { type: "float32", data: joined(latents), shape: [count, latent] };
    }
    this.choose(settings, arrays);
    if (!names.length) return { arrays, labels: null };
    const labels = samples.map((sample) => settings.label ?? anyLabel(seed, sample, names.length));
    arrays.labels = { type: "int64", data: BigInt64Array.from(labels, BigInt), shape: [count] };
    return { arrays, labels };
  }

  /** What a user says, by the name of its input; what nobody asked for is filled with its default. */
  private choose(settings: Settings, arrays: Arrays): void {
    const sizes: Record<string, number> = { batch: settings.count, time: settings.length };
    const asked: Record<string, number | undefined> = { temperature: settings.temperature, top_p: settings.topP };
    for (const { name, distribution, dtype, shape = [], default: usual } of this.manifest.inputs) {
      if (distribution !== "constant") continue;
      const own = shape.map((size) => (typeof size === "number" ? size : sizes[size] ?? 1));
      arrays[name] = filled(dtype ?? "float32", own, asked[name] ?? usual ?? 1);
    }
    const { given, known } = arrays;
    if (!settings.given.length || given?.type !== "int64" || known?.type !== "bool") return;
    for (let row = 0; row < settings.count; row++) {
      given.data.set(settings.given.map(BigInt), row * settings.length);
      known.data.fill(1, row * settings.length, row * settings.length + settings.given.length);
    }
  }

  private latent({ seed, moves }: Settings, sample: number): Float32Array {
    const of = (each: bigint): Float32Array => normal(each, sample, this.manifest.latent_size, STREAMS.latent);
    return moves.reduce((at, { other, share }) => slerp(at, of(other), share), of(seed));
  }

  private outputs(arrays: Arrays): Omit<Outputs, "labels"> {
    const { kind } = this.manifest;
    const main = arrays[kind];
    const type = { tokens: "int64", series: "float32", frames: "uint8" }[kind];
    const rank = { tokens: 2, series: 3, frames: 5 }[kind];
    if (!main || main.type !== type || main.shape.length !== rank) {
      throw new Problem(`This model gives no ${type} ${kind} of ${rank} dimensions, against its contract.`);
    }
    const [count, time] = main.shape as [number, number];
    const given = arrays.lengths?.type === "int64" ? Array.from(arrays.lengths.data, Number) : null;
    const lengths = given && Array.from({ length: count }, (_, row) => Math.min(time, Math.max(0, given[row] ?? time)));
    if (main.type !== "int64") return { kind, tokens: [], data: main.data, shape: main.shape, lengths };
    const tokens = Array.from({ length: count }, (_, row) =>
      Array.from(main.data.subarray(row * time, row * time + (lengths?.[row] ?? time)), Number));
    return { kind, tokens, data: new Uint8Array(0), shape: main.shape, lengths };
  }
}

function filled(dtype: string, shape: number[], value: number): Arrays[string] {
  const size = shape.reduce((all, each) => all * each, 1);
  if (dtype === "int64") return { type: dtype, data: new BigInt64Array(size).fill(BigInt(value)), shape };
  if (dtype === "bool") return { type: dtype, data: new Uint8Array(size).fill(value), shape };
  return { type: "float32", data: new Float32Array(size).fill(value), shape };
}

function joined(rows: Float32Array[]): Float32Array {
  const size = rows[0]?.length ?? 0;
  const all = new Float32Array(rows.length * size);
  rows.forEach((row, i) => all.set(row, i * size));
  return all;
}
