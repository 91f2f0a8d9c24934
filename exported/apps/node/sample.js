// Prints samples of a model: text, or the numbers of a series or of frames as JSON.
//     node sample.js MODEL.onnx [--count 10] [--seed 0] [--temperature 1] [--label NAME] [--length STEPS] [--tokens]
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
const uniform = (size, ...rest) => words(size, ...rest).map((word) => (word >>> 8) / 2 ** 24);
const normal = (size, ...rest) => {
  const drawn = words(size + (size % 2), ...rest).map((word) => word / 2 ** 32);
  const pair = (i) => [Math.sqrt(-2 * Math.log(drawn[i & ~1] + 2 ** -32)), 2 * Math.PI * drawn[i | 1]];
  return drawn.slice(0, size).map((_, i) => pair(i)[0] * (i % 2 ? Math.sin : Math.cos)(pair(i)[1]));
};

function check(right, problem) {
  if (right) return;
  console.error(`error: ${problem}`);
  process.exit(2); // the command or the file is the wrong one
}
function attempt(act, prefix = "") {
  try {
    return act();
  } catch (error) {
    check(false, prefix + error.message);
  }
}

const text = (usual) => ({ type: "string", default: usual });
const options = { count: text("10"), seed: text("0"), temperature: text("1"), label: text(), length: text() };
options.tokens = { type: "boolean" };
const { values: given, positionals: [path] } = attempt(() => parseArgs({ options, allowPositionals: true }));
check(path, "which model? node sample.js MODEL.onnx");
const file = attempt(() => readFileSync(path));
const manifest = attempt(() => JSON.parse(Object.fromEntries(pairs(file))["rgan_kit.manifest"] ?? "null"), `${path}: `);
check(manifest, `${path}: not made by rgan-kit, since it has no manifest.`);
const { decoder, labels, latent_size: latent, noise_size: features, kind, role = "generator" } = manifest;
check(role === "generator", `${path}: holds the ${role} of a model, which makes no samples. Name the model beside it.`);
const [count, time, temperature] = [given.count, given.length ?? manifest.max_length, given.temperature].map(Number);
const whole = (number) => Number.isInteger(number) && number > 0;
check(whole(count) && whole(time) && temperature > 0, "count, length and temperature are numbers above 0.");
check(/^\d+$/.test(given.seed) && BigInt(given.seed) < 2n ** 64n, "the seed is a number from 0 to 2^64 - 1.");
check(!given.label || labels.includes(given.label), `no label ${given.label}. It has: ${labels.join(", ") || "none"}.`);

const seed = BigInt(given.seed), symbols = kind === "tokens";
const each = (make) => Array.from({ length: count }, (_, sample) => make(sample)).flat();
const floats = (numbers, shape) => new ort.Tensor("float32", numbers, shape);
const inputs = symbols
  ? { noise: floats(each((i) => uniform(time, i, 0, seed)), [count, time]), temperature: floats([temperature], []) }
  : { noise: floats(each((i) => normal(time * features, i, 0, seed)), [count, time, features]) };
if (latent) inputs.latent = floats(each((i) => normal(latent, i, 1, seed)), [count, latent]);
if (labels.length) {
  const any = (i) => Math.floor((words(1, i, 2, seed)[0] * labels.length) / 2 ** 32);
  const drawn = each((i) => BigInt(given.label ? labels.indexOf(given.label) : any(i)));
  inputs.labels = new ort.Tensor("int64", drawn, [count]);
}
const how = { logSeverityLevel: 4, graphOptimizationLevel: "disabled" }; // optimising takes longer than it saves
const session = await ort.InferenceSession.create(file, how)
  .catch((error) => check(false, `${path}: onnxruntime does not open it: ${error.message}`));
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
