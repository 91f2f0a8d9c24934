/** What a model file says about itself, versions 1 and 2 of the contract. */

import { Problem } from "./problem";

export type Kind = "tokens" | "series" | "frames";

export interface Input {
  name: string;
  dtype?: string;
  shape?: (string | number)[];
  /** `constant`: filled with its default unless something else is asked for. */
  distribution?: string | null;
  default?: number | null;
  minimum?: number | null;
  maximum?: number | null;
}

export interface Manifest {
  contract: number;
  kind: Kind;
  domain: string;
  recipe: string;
  inputs: Input[];
  max_length: number;
  noise_size: number;
  latent_size: number;
  labels: string[];
  /** What the domain needs to turn outputs into samples; each view checks its own. */
  decoder: Record<string, unknown>;
  licence: string;
  description: string;
}

const KEY = "rgan_kit.manifest";
const MEND = "Choose a file that “rgankit export” has written.";
const LONGEST = 65_536;

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === "string";
const isSize: Check = (value) => Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 2 ** 20;
const isList = (each: Check): Check => (value) => Array.isArray(value) && value.every(each);
const isObject: Check = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
const isBound: Check = (value) => value == null || Number.isFinite(value);
const isInput: Check = (value) => {
  const { name, minimum, maximum, default: usual } = (isObject(value) ? value : {}) as Partial<Input>;
  return isText(name) && [minimum, maximum, usual].every(isBound);
};

const CHECKS: Record<string, Check> = {
  kind: (value) => value === "tokens" || value === "series" || value === "frames",
  domain: isText,
  recipe: isText,
  inputs: isList(isInput),
  max_length: (value) => isSize(value) && (value as number) >= 1 && (value as number) <= LONGEST,
  noise_size: isSize,
  latent_size: isSize,
  labels: isList(isText),
  decoder: isObject,
  licence: isText,
  description: isText,
};

/** The manifest of a file that makes samples. Throws a Problem that names every key that is missing or wrong. */
export function readManifest(metadata: Map<string, string>): Manifest {
  const text = metadata.get(KEY);
  if (text === undefined) throw new Problem("This ONNX file was not made by rgan-kit: it has no manifest.", MEND);
  const given = parse(text);
  if (given.contract !== 1 && given.contract !== 2) {
    throw new Problem(`This file keeps version ${String(given.contract)} of the contract; this page knows 1 and 2.`);
  }
  if ((given.role ?? "generator") !== "generator") {
    throw new Problem(`This file holds the ${String(given.role)} of a model, which makes no samples.`, "Choose the model beside it.");
  }
  const wrong = Object.keys(CHECKS).filter((key) => !CHECKS[key]!(given[key]));
  if (wrong.length) throw new Problem(`The file's manifest lacks, or has wrong: ${wrong.join(", ")}.`, MEND);
  return given as unknown as Manifest;
}

function parse(text: string): Record<string, unknown> {
  try {
    const given: unknown = JSON.parse(text);
    if (isObject(given)) return given as Record<string, unknown>;
  } catch {
    // said below
  }
  throw new Problem("The file's manifest is no JSON document.", MEND);
}
