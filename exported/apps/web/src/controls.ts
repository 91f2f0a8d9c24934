/** The settings of a draw as form fields, as many as the model has. */

import { button, make } from "./dom";
import type { Model, Settings } from "./model";

const SEEDS = 2n ** 64n;
const MOST_SAMPLES = 64;
const LONGEST = 4096;
const USUAL_COUNT: Record<string, number> = { text: 8, music: 3, images: 12, video: 6, series: 4 };
const TEMPERATURES = { low: 0.1, high: 2, usual: 1 };
const FINE = 0.05; // step of the sliders; 1 has to be one of them

export interface Controls {
  read(): Settings;
  /** Another seed, as if it had been typed. */
  reseed(): void;
}

/** Fills the form; `changed` is called whenever a setting is another one. */
export function makeControls(form: HTMLFormElement, model: Model, changed: () => void): Controls {
  const { manifest } = model;
  form.replaceChildren(make("h2", {}, "Settings"));
  form.onsubmit = (event) => {
    event.preventDefault();
    changed();
  };
  const seed = seedField(form, "seed", "Seed", "1");
  const count = numberField(form, "count", "Samples", USUAL_COUNT[manifest.domain] ?? 6, MOST_SAMPLES);
  const length = numberField(form, "length", manifest.kind === "tokens" ? "Longest" : "Length", manifest.max_length, Math.max(LONGEST, manifest.max_length));
  const temperature = model.has("temperature") ? temperatureField(form, model) : null;
  const label = manifest.labels.length ? labelField(form, manifest.labels) : null;
  const journey = manifest.latent_size ? journeyFields(form) : null;
  const reseed = (): void => {
    seed.value = String(crypto.getRandomValues(new Uint32Array(1))[0]);
    changed();
  };
  form.append(make("p", { class: "ways" }, button("New samples", reseed)));
  form.querySelector(".ways button")!.classList.add("primary");
  form.oninput = changed;
  return {
    reseed,
    read: () => ({
      seed: seedOf(seed),
      count: wholeOf(count),
      length: wholeOf(length),
      temperature: temperature ? Number(temperature.value) : 1,
      label: label?.value ? Number(label.value) : null,
      journey: journey && Number(journey.share.value) > 0 ? { other: seedOf(journey.other), share: Number(journey.share.value) } : null,
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

/** From the samples of one seed to those of another, through the latent space. */
function journeyFields(form: HTMLElement): { other: HTMLInputElement; share: HTMLInputElement } {
  const group = make("fieldset", {}, make("legend", {}, "Latent space"));
  const other = seedField(group, "other-seed", "Towards seed", "2");
  const share = slider(group, "journey", "Way", 0, 1, 0);
  form.append(group);
  return { other, share };
}

function seedOf(input: HTMLInputElement): bigint {
  const text = input.value.trim();
  const fits = /^\d{1,20}$/.test(text) && BigInt(text) < SEEDS;
  input.setAttribute("aria-invalid", String(!fits));
  return fits ? BigInt(text) : 0n;
}

function wholeOf(input: HTMLInputElement): number {
  const value = Math.round(Number(input.value));
  return Math.min(Number(input.max), Math.max(1, Number.isFinite(value) ? value : 1));
}
