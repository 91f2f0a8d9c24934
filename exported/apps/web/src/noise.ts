/**
 * The random numbers of `rgankit sample`: Philox4x32-10 (Salmon, Moraes, Dror and Shaw, SC 2011), keyed by seed and
 * sample. `docs/model-file.md` has the definition and numbers to check it by.
 */

export const STREAMS = { noise: 0, latent: 1, labels: 2 } as const;
export type Stream = (typeof STREAMS)[keyof typeof STREAMS];

const M0 = 0xd2511f53;
const M1 = 0xcd9e8d57;

/** The upper 32 bits of the product of two 32-bit numbers, by halves, since a double holds 53 bits. */
function high(a: number, b: number): number {
  const a0 = a & 0xffff, a1 = a >>> 16, b0 = b & 0xffff, b1 = b >>> 16;
  const middle = a1 * b0 + ((a0 * b0) >>> 16);
  const carried = a0 * b1 + (middle % 0x10000);
  return (a1 * b1 + Math.floor(middle / 0x10000) + Math.floor(carried / 0x10000)) >>> 0;
}

/** Four words of 32 bits, written to `out` from `at` on. */
function philox(counter: readonly [number, number, number, number], seed: bigint, out: Uint32Array, at: number): void {
  let [c0, c1, c2, c3] = counter;
  let k0 = Number(seed & 0xffffffffn), k1 = Number(seed >> 32n);
  for (let round = 0; round < 10; round++) {
    [c0, c1, c2, c3] = [
      (high(M1, c2) ^ c1 ^ k0) >>> 0, Math.imul(M1, c2) >>> 0,
      (high(M0, c0) ^ c3 ^ k1) >>> 0, Math.imul(M0, c0) >>> 0,
    ];
    k0 = (k0 + 0x9e3779b9) >>> 0;
    k1 = (k1 + 0xbb67ae85) >>> 0;
  }
  out.set([c0, c1, c2, c3], at);
}

/** The first `size` words of a sample. */
export function words(seed: bigint, sample: number, size: number, stream: Stream): Uint32Array {
  const blocks = Math.ceil(size / 4);
  const out = new Uint32Array(blocks * 4);
  const [low, upper] = [sample >>> 0, Math.floor(sample / 2 ** 32)];
  for (let block = 0; block < blocks; block++) philox([block, low, upper, stream], seed, out, block * 4);
  return out.subarray(0, size);
}

/** Uniform in [0, 1): the noise of a model of tokens. */
export function uniform(seed: bigint, sample: number, size: number): Float32Array {
  return Float32Array.from(words(seed, sample, size, STREAMS.noise), (word) => (word >>> 8) / 2 ** 24);
}

/** Standard normal (Box and Muller): other noise, and latents. */
export function normal(seed: bigint, sample: number, size: number, stream: Stream): Float32Array {
  const drawn = words(seed, sample, size + (size % 2), stream);
  const out = new Float32Array(drawn.length);
  for (let i = 0; i < drawn.length; i += 2) {
    const radius = Math.sqrt(-2 * Math.log(drawn[i]! / 2 ** 32 + 2 ** -32));
    const angle = 2 * Math.PI * (drawn[i + 1]! / 2 ** 32);
    out[i] = radius * Math.cos(angle);
    out[i + 1] = radius * Math.sin(angle);
  }
  return out.subarray(0, size);
}

/** The number of a label, where nobody chose one. */
export function anyLabel(seed: bigint, sample: number, classes: number): number {
  return Math.floor((words(seed, sample, 1, STREAMS.labels)[0]! * classes) / 2 ** 32);
}
