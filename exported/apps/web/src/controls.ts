/** The settings of a draw as form fields, as many as the model has. */

import { make } from "./dom";
import type { Model, Move, Settings } from "./model";
import { makePad } from "./pad";
import { Problem } from "./problem";
import { cuts, tokensOf } from "./text";

const SEEDS = 2n ** 64n;
const MOST_SAMPLES = 64;
const LONGEST = 4096;
const USUAL_COUNT: Record<string, number> = { text: 8, music: 3, images: 12, video: 6, series: 4 };
const TEMPERATURES = { low: 0.1, high: 2, usual: 1 };
const FINE = 0.05; // step of the sliders; 1 has to be one of them

export interface Controls {
  /** What the address asks for and this model does not have, as `name=value`. */
  unmet: string[];
  /** The settings, or a Problem that names the first one that cannot be used. */
  read(): Settings;
  /** Another seed, as if it had been typed. */
  reseed(): void;
}

/** Fills the form, with what an address asks for; `changed` is called whenever a setting is another one. */
export function makeControls(form: HTMLFormElement, model: Model, asked: URLSearchParams, changed: () => void): Controls {
  const { manifest } = model;
  form.replaceChildren(make("h2", {}, "Settings"));
  form.onsubmit = (event) => {
    event.preventDefault();
    changed();
  };
  const seed = seedField(form, "seed", "Seed", "1");
  const count = numberField(form, "count", "Samples", USUAL_COUNT[manifest.domain] ?? 6, MOST_SAMPLES);
  const length = numberField(form, "length", manifest.kind === "tokens" ? "Longest" : "Length", manifest.max_length, Math.max(LONGEST, manifest.max_length));
  const given = model.has("given") && cuts(manifest) ? promptField(form) : null;
  const temperature = model.has("temperature") ? temperatureField(form, model) : null;
  const topP = model.has("top_p") ? slider(form, "top-p", "Top p", FINE, 1, 1) : null;
  const label = manifest.labels.length ? labelField(form, manifest.labels) : null;
  const moves = manifest.latent_size ? latentFields(form) : [];
  const reseed = (): void => {
    seed.value = String(crypto.getRandomValues(new Uint32Array(1))[0]);
    changed();
  };
  form.oninput = changed;
  return {
    unmet: take(form, manifest.labels, asked),
    reseed,
    read: () => ({
      seed: seedOf(seed, "Seed"),
      count: wholeOf(count, "Samples"),
      ...begun(length, given, model),
      temperature: temperature ? Number(temperature.value) : 1,
      topP: topP ? Number(topP.value) : 1,
      label: label?.value ? Number(label.value) : null,
      moves: moves.map((move) => move()).filter(({ share }) => share > 0),
    }),
  };
}

function field(form: HTMLElement, id: string, text: string, input: HTMLElement, ...more: HTMLElement[]): void {
  form.append(make("div", { class: "field" }, make("label", { for: id }, text), input, ...more));
}

function seedField(form: HTMLElement, id: string, text: string, value: string): HTMLInputElement {
  const input = make("input", { id, type: "text", inputmode: "numeric", pattern: "[0-9]{1,20}", autocomplete: "off", value });
  field(form, id, text, input);
  return input;
}

function numberField(form: HTMLElement, id: string, text: string, value: number, most: number): HTMLInputElement {
  const input = make("input", { id, type: "number", min: "1", max: String(most), step: "1", value: String(value) });
  field(form, id, text, input);
  return input;
}

function slider(form: HTMLElement, id: string, text: string, low: number, high: number, value: number): HTMLInputElement {
  const input = make("input", { id, type: "range", min: low.toFixed(2), max: high.toFixed(2), step: String(FINE), value: String(value) });
  const shown = make("output", { for: id });
  const tell = (): void => void (shown.textContent = Number(input.value).toFixed(2));
  input.addEventListener("input", tell);
  tell();
  field(form, id, text, input, shown);
  return input;
}

function temperatureField(form: HTMLElement, model: Model): HTMLInputElement {
  const info = model.manifest.inputs.find(({ name }) => name === "temperature");
  const low = Math.max(Math.ceil((info?.minimum ?? 0) / FINE) * FINE, TEMPERATURES.low);
  const high = Math.max(low, Math.min(info?.maximum ?? Infinity, TEMPERATURES.high));
  return slider(form, "temperature", "Temperature", low, high, info?.default ?? TEMPERATURES.usual);
}

function labelField(form: HTMLElement, labels: string[]): HTMLSelectElement {
  const options = labels.map((name, number) => make("option", { value: String(number) }, name));
  const select = make("select", { id: "label" }, make("option", { value: "" }, "any"), ...options);
  field(form, "label", "Label", select);
  return select;
}

/** From the latents of one seed towards those of two others, as on a plane. */
function latentFields(form: HTMLElement): (() => Move)[] {
  const group = make("fieldset", {}, make("legend", {}, "Latent space"));
  const fields = (["right", "up"] as const).map((name, i) => {
    const [title, word] = name === "right" ? ["Seed to the right", "Right"] : ["Seed above", "Up"];
    const other = seedField(group, `${name}-seed`, title, String(i + 2));
    return { name, title, other, share: slider(group, name, word, 0, 1, 0) };
  });
  group.append(makePad(fields[0]!.share, fields[1]!.share));
  form.append(group);
  return fields.map(({ name, title, other, share }) => () => ({ name, other: seedOf(other, title), share: Number(share.value) }));
}

/**
 * Puts into the fields what an address asks for, as it stands: what cannot be used is refused like what is typed. Returns
 * what a slider or a list does not have, and so does not take.
 */
function take(form: HTMLFormElement, labels: string[], asked: URLSearchParams): string[] {
  const unmet = [];
  for (const [name, value] of asked) {
    if (name === "model") continue;
    const field = form.elements.namedItem(name);
    const known = field instanceof HTMLInputElement || field instanceof HTMLSelectElement;
    const given = name === "label" ? String(labels.indexOf(value)) : value;
    if (known) {
      field.value = given;
      field.dispatchEvent(new Event("input"));
    }
    if (!known || (field.value !== given && Number(field.value) !== Number(given))) unmet.push(`${name}=${value.slice(0, 40)}`);
  }
  return unmet;
}

/** What every sample begins with. */
function promptField(form: HTMLElement): HTMLInputElement {
  const input = make("input", { id: "given", type: "text", autocomplete: "off", spellcheck: "false", value: "" });
  field(form, "given", "Begins with", input);
  return input;
}

/** The tokens of the beginning, and the length of samples with it. */
function begun(length: HTMLInputElement, prompt: HTMLInputElement | null, { manifest }: Model): Pick<Settings, "begins" | "given" | "length"> {
  const after = wholeOf(length, manifest.kind === "tokens" ? "Longest" : "Length");
  if (!prompt) return { begins: "", given: [], length: after };
  prompt.setAttribute("aria-invalid", "true");
  const given = tokensOf(prompt.value, manifest);
  prompt.setAttribute("aria-invalid", "false");
  return { begins: prompt.value, given, length: after + given.length };
}

function seedOf(input: HTMLInputElement, title: string): bigint {
  const text = input.value.trim();
  const fits = /^\d{1,20}$/.test(text) && BigInt(text) < SEEDS;
  refuse(input, !fits && `${title}: “${text.slice(0, 40)}” is no whole number from 0 to ${SEEDS - 1n}.`);
  return BigInt(text);
}

function wholeOf(input: HTMLInputElement, title: string): number {
  const value = Number(input.value || NaN);
  const fits = Number.isInteger(value) && value >= 1 && value <= Number(input.max);
  refuse(input, !fits && `${title}: “${input.value}” is no whole number from 1 to ${input.max}.`);
  return value;
}

function refuse(input: HTMLInputElement, fault: string | false): void {
  input.setAttribute("aria-invalid", String(fault !== false));
  if (fault !== false) throw new Problem(fault, "Nothing was drawn.");
}
