// Prints samples of a model: text, or the numbers of a series or of frames as JSON.
//     node sample.js MODEL.onnx [--count 10] [--seed 0] [--given TEXT] [--temperature 1] [--top-p 1] [--label NAME]
//         [--length STEPS] [--tokens]
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { setFlagsFromString } from "node:v8";
import * as ort from "onnxruntime-web"; // `onnxruntime-node` has the same names and is faster

setFlagsFromString("--liftoff-only"); // else the process ends seconds later, when V8 has optimised what has long run

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
    if (!(at + size <= bytes.length)) throw new Error("not an ONNX file, or cut short.");
    yield [number, bytes.subarray(at, (at += size))];
  }
}
function metadata(file) {
  const found = [...fields(file)].filter(([number]) => number === 14);
  const pairs = found.map(([, pair]) => Object.fromEntries(fields(pair)));
  return Object.fromEntries(pairs.map(({ 1: key, 2: value }) => [key.toString(), value.toString()]));
}

// Philox4x32-10: four words of 32 bits, reckoned as BigInts; the seed is one.
function philox(block, sample, stream, seed) {
  const low = (number) => number & 0xffffffffn, high = (number) => number >> 32n;
  let c = [block, sample, 0, stream].map(BigInt), k = [low(seed), high(seed)];
  for (let round = 0; round < 10; round++) {
    const p = c[0] * 0xd2511f53n, q = c[2] * 0xcd9e8d57n;
    c = [high(q) ^ c[1] ^ k[0], low(q), high(p) ^ c[3] ^ k[1], low(p)];
    k = [low(k[0] + 0x9e3779b9n), low(k[1] + 0xbb67ae85n)];
  }
  return c.map(Number);
}
const words = (size, ...rest) =>
  Array.from({ length: Math.ceil(size / 4) }, (_, block) => philox(block, ...rest)).flat().slice(0, size);
const uniform = (size, ...rest) => words(size, ...rest).map((word) => (word >>> 8) / 2 ** 24);
const normal = (size, ...rest) => words(size + (size % 2), ...rest).map((_, i, drawn) => {
  const first = (drawn[i & ~1] + 1) / 2 ** 32, second = drawn[i | 1] / 2 ** 32;
  return Math.sqrt(-2 * Math.log(first)) * (i % 2 ? Math.sin : Math.cos)(2 * Math.PI * second);
}).slice(0, size);

function refuse(problem) {
  console.error(`error: ${problem}`);
  process.exit(2); // the command or the file is the wrong one
}
const attempt = (act, prefix = "") => {
  try { return act(); } catch (error) { refuse(prefix + error.message); }
};

const text = (usual) => ({ type: "string", default: usual });
const options = { count: text("10"), seed: text("0"), temperature: text(), label: text(), length: text() };
options["top-p"] = text();
options.given = text();
options.tokens = { type: "boolean" };
const { values: given, positionals: [path, ...more] } = attempt(() => parseArgs({ options, allowPositionals: true }));
if (!path || more.length) refuse("which model? node sample.js MODEL.onnx");
const file = attempt(() => readFileSync(path));
const manifest = attempt(() => JSON.parse(metadata(file)["rgan_kit.manifest"] ?? "null"), `${path}: `);
if (!manifest) refuse(`${path}: not made by rgan-kit, since it has no manifest.`);
const { contract, decoder, labels, latent_size: latent, noise_size: features, kind, role = "generator" } = manifest;
if (![1, 2].includes(contract))
  refuse(`${path}: follows version ${contract} of the model contract; this program knows 1 and 2.`);
if (role !== "generator")
  refuse(`${path}: holds the ${role} of a model, which makes no samples. Name the model beside it.`);
const symbols = kind === "tokens", conditional = given.label !== undefined;
if (given.tokens && !symbols) refuse(`${path}: makes ${kind}, not tokens. Leave --tokens out to print its numbers.`);
if (conditional && !labels.includes(given.label))
  refuse(`${path}: no label ${given.label}. It has: ${labels.join(", ") || "none"}.`);

// The tokens of a text whose symbols are characters, or words with spaces between.
function tokensOf(written) {
  if (!symbols) refuse(`${path}: makes ${kind}, and this program reads beginnings of text alone.`);
  if (decoder.level === "subword" || decoder.reading?.tokenize === "punctuation")
    refuse("this program cuts text into characters, or words with spaces between; this model does not.");
  const places = new Map(decoder.vocabulary.map((symbol, place) => [symbol, place]));
  const cut = decoder.joiner === " " ? written.split(/\s+/).filter(Boolean) : [...written];
  const unknown = cut.filter((symbol) => !places.has(symbol));
  if (unknown.length) refuse(`the model does not know ${unknown.join(", ")}.`);
  return cut.map((symbol) => places.get(symbol));
}
const begun = given.given ? tokensOf(given.given) : [];
const [count, time] = [given.count, given.length ?? manifest.max_length + begun.length].map(Number);
const whole = (number) => Number.isInteger(number) && number > 0;
if (!(whole(count) && whole(time) && begun.length <= time))
  refuse("count and length are numbers above 0, and the length has room for the beginning.");
const asked = { temperature: given.temperature, top_p: given["top-p"] };
if (asked.temperature !== undefined && !(Number(asked.temperature) >= 0)) refuse("the temperature is not below 0.");
if (asked.top_p !== undefined && !(asked.top_p > 0 && asked.top_p <= 1)) refuse("--top-p is above 0, and 1 at most.");
if (!/^\d+$/.test(given.seed) || BigInt(given.seed) >= 2n ** 64n) refuse("the seed is a number from 0 to 2^64 - 1.");

const seed = BigInt(given.seed);
const each = (make) => Array.from({ length: count }, (_, sample) => make(sample)).flat();
const floats = (numbers, shape) => new ort.Tensor("float32", numbers, shape);
const any = (i) => Math.floor((words(1, i, 2, seed)[0] * labels.length) / 2 ** 32);
const inputs = symbols
  ? { noise: floats(each((i) => uniform(time, i, 0, seed)), [count, time]) }
  : { noise: floats(each((i) => normal(time * features, i, 0, seed)), [count, time, features]) };
// What a user says; an input that nobody asked for is filled with its default.
const kinds = { float32: Float32Array, int64: BigInt64Array, bool: Uint8Array };
for (const { name, distribution, dtype, shape, default: usual } of manifest.inputs) {
  if (distribution !== "constant") continue;
  const sizes = shape.map((size) => ({ batch: count, time })[size] ?? size);
  const value = Number(asked[name] ?? usual ?? 1);
  const filled = new kinds[dtype](sizes.reduce((a, b) => a * b, 1)).fill(dtype === "int64" ? BigInt(value) : value);
  inputs[name] = new ort.Tensor(dtype, filled, sizes);
}
const missing = Object.keys(asked).filter((name) => asked[name] !== undefined && !inputs[name]);
if (begun.length && !inputs.given) missing.push("given");
if (missing.length) refuse(`${path}: takes no ${missing[0]}: it was exported by an earlier version, or cannot.`);
if (Number(asked.temperature) === 0 && !inputs.top_p)
  refuse(`${path}: takes no temperature of 0: it was exported by an earlier version.`);
for (let i = 0; begun.length && i < count; i++) {
  inputs.given.data.set(begun.map(BigInt), i * time);
  inputs.known.data.fill(1, i * time, i * time + begun.length);
}
if (latent) inputs.latent = floats(each((i) => normal(latent, i, 1, seed)), [count, latent]);
if (labels.length) {
  const drawn = each((i) => BigInt(conditional ? labels.indexOf(given.label) : any(i)));
  inputs.labels = new ort.Tensor("int64", drawn, [count]);
}
const how = { logSeverityLevel: 4, graphOptimizationLevel: "disabled" }; // optimising takes longer than it saves
const session = await ort.InferenceSession.create(file, how)
  .catch((error) => refuse(`${path}: onnxruntime does not open it: ${error.message}`));
const outputs = await session.run(inputs);
if (symbols) {
  const { tokens, lengths } = outputs;
  const rows = each((i) => [Array.from(tokens.data.slice(i * time, i * time + Number(lengths.data[i])), Number)]);
  const { pad, bos, eos, unknown } = decoder.special ?? {};
  const written = (row) => row.filter((token) => ![pad, bos, eos].includes(token))
    .map((token) => (token === unknown ? "\ufffd" : decoder.vocabulary[token])).join(decoder.joiner ?? " ");
  console.log(given.tokens ? JSON.stringify(rows) : rows.map(written).join("\n"));
} else {
  console.log(JSON.stringify({ shape: outputs[kind].dims, [kind]: Array.from(outputs[kind].data) }));
}
