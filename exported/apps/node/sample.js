// Prints samples of a text model:  node sample.js MODEL.onnx [--count 10] [--seed 0] [--temperature 1] [--tokens]
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import * as ort from "onnxruntime-web"; // `onnxruntime-node` has the same names and is faster

// The metadata, which onnxruntime does not hand out: fields 14 of the protobuf message, pairs of key (1) and value (2).
function* fields(bytes) {
  for (let at = 0; at < bytes.length; ) {
    const varint = () => {
      let value = 0, shift = 0, byte;
      do value += ((byte = bytes[at++]) & 0x7f) * 2 ** shift, (shift += 7);
      while (byte >= 0x80);
      return value;
    };
    const tag = varint(), number = Math.floor(tag / 8);
    const size = { 0: () => (varint(), 0), 1: () => 8, 2: varint, 5: () => 4 }[tag % 8]?.();
    if (!(at + size <= bytes.length)) throw new Error("this is no ONNX file");
    yield [number, bytes.subarray(at, (at += size))];
  }
}
const pairs = (file) => [...fields(file)].filter(([number]) => number === 14).map(([, pair]) => {
  const { 1: key, 2: value } = Object.fromEntries([...fields(pair)].map(([number, text]) => [number, text.toString()]));
  return [key, value];
});

// Philox4x32-10: four words of 32 bits; the seed is a BigInt.
function philox(block, sample, stream, seed) {
  const high = (a, b) => Number((BigInt(a) * BigInt(b)) >> 32n), low = (a, b) => Math.imul(a, b) >>> 0;
  let c = [block, sample, 0, stream], k = [Number(seed & 0xffffffffn), Number(seed >> 32n)];
  for (let round = 0; round < 10; round++) {
    const [p, q] = [[0xd2511f53, c[0]], [0xcd9e8d57, c[2]]];
    c = [(high(...q) ^ c[1] ^ k[0]) >>> 0, low(...q), (high(...p) ^ c[3] ^ k[1]) >>> 0, low(...p)];
    k = [(k[0] + 0x9e3779b9) >>> 0, (k[1] + 0xbb67ae85) >>> 0];
  }
  return c;
}
const words = (size, ...rest) =>
  Array.from({ length: Math.ceil(size / 4) }, (_, block) => philox(block, ...rest)).flat().slice(0, size);
const normal = (size, ...rest) => {
  const drawn = words(size + (size % 2), ...rest).map((word) => word / 2 ** 32);
  const pair = (i) => [Math.sqrt(-2 * Math.log(drawn[i & ~1] + 2 ** -32)), 2 * Math.PI * drawn[i | 1]];
  return drawn.slice(0, size).map((_, i) => pair(i)[0] * (i % 2 ? Math.sin : Math.cos)(pair(i)[1]));
};

const text = (usual) => ({ type: "string", default: usual });
const options = { count: text("10"), seed: text("0"), temperature: text("1"), tokens: { type: "boolean" } };
const { values: given, positionals: [path] } = parseArgs({ options, allowPositionals: true });
if (!path) throw new Error("which model? node sample.js MODEL.onnx");
const file = readFileSync(path), seed = BigInt(given.seed), count = Number(given.count);
const manifest = JSON.parse(Object.fromEntries(pairs(file))["rgan_kit.manifest"] ?? "{}");
const { decoder, labels, latent_size: latent, max_length: time, kind } = manifest;
if (kind !== "tokens") throw new Error(`${path}: no model of tokens made by rgan-kit`);

const each = (make) => Array.from({ length: count }, (_, sample) => make(sample)).flat();
const noise = each((sample) => words(time, sample, 0, seed).map((word) => (word >>> 8) / 2 ** 24));
const inputs = { noise: new ort.Tensor("float32", noise, [count, time]) };
inputs.temperature = new ort.Tensor("float32", [Number(given.temperature)], []);
if (latent) inputs.latent = new ort.Tensor("float32", each((i) => normal(latent, i, 1, seed)), [count, latent]);
if (labels.length) {
  const drawn = each((sample) => BigInt(Math.floor((words(1, sample, 2, seed)[0] * labels.length) / 2 ** 32)));
  inputs.labels = new ort.Tensor("int64", drawn, [count]);
}
const session = await ort.InferenceSession.create(file, { logSeverityLevel: 3 });
const { tokens, lengths } = await session.run(inputs);
const rows = each((i) => [Array.from(tokens.data.slice(i * time, i * time + Number(lengths.data[i])), Number)]);
const { pad, bos, eos, unknown } = decoder.special ?? {};
const written = (row) => row.filter((token) => ![pad, bos, eos].includes(token))
  .map((token) => (token === unknown ? "\ufffd" : decoder.vocabulary[token])).join(decoder.joiner ?? " ");
console.log(given.tokens ? JSON.stringify(rows) : rows.map(written).join("\n"));
