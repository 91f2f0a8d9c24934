/** The page: a file arrives, becomes a model, and is shown as its kind deserves. */

import "./style.css";
import { makeControls, type Controls } from "./controls";
import { button, byId, make } from "./dom";
import { Cancelled, Engine } from "./engine";
import { listen, type Arrived } from "./files";
import { asked, linkOf } from "./links";
import type { Manifest } from "./manifest";
import { Model, type Settings } from "./model";
import { Problem } from "./problem";
import { warmUp } from "./warm";
import { showMusic } from "./views/music";
import { saveNumbers } from "./views/numbers";
import { showFrames, showImages } from "./views/pictures";
import { showSeries } from "./views/series";
import { showText } from "./views/text";
import type { MakeView, View } from "./views/view";

const PAUSE = 120; // milliseconds without another change before samples are drawn anew
const TYPING = 900; // and before a setting is refused, which may be half typed
const UNNOTICED = 250; // what takes longer shows a sign that it is at work

const engine = new Engine();
const status = byId("status");
const problem = byId("problem");

let model: Model | null = null;
let controls: Controls | null = null;
let view: View | null = null;
let arrivals = 0;
let changes = 0;
let pause = 0;
let source: string | null = null; // the address that the model came from
let queue: Promise<void> = Promise.resolve();

function viewOf({ kind, domain }: Manifest): MakeView {
  if (domain === "music") return showMusic;
  if (domain === "images" && kind === "series") return showImages;
  return { tokens: showText, series: showSeries, frames: showFrames }[kind];
}

async function take(name: string, file: Promise<Arrived>): Promise<void> {
  const number = ++arrivals;
  tell(`Loading ${name} …`);
  try {
    const arrived = await file;
    const since = performance.now();
    await enqueue(async () => {
      if (number !== arrivals) return; // another one was chosen meanwhile
      open(await working(Model.open(arrived.name, arrived.bytes, engine)), arrived.source);
      await draw(since);
    });
  } catch (error) {
    if (number === arrivals) report(error, name);
  }
}

/** Does one thing after the other, since the engine holds one model. */
function enqueue(job: () => Promise<void>): Promise<void> {
  const done = queue.then(job);
  queue = done.catch(() => undefined);
  return done;
}

/** Shows that something is at work, with a button that ends it, where it takes its time. */
async function working<T>(job: Promise<T>): Promise<T> {
  const sign = window.setTimeout(() => (byId("busy").hidden = false), UNNOTICED);
  try {
    return await job;
  } finally {
    clearTimeout(sign);
    byId("busy").hidden = true;
  }
}

function open(opened: Model, from: string | null): void {
  const wanted = model === null ? asked() : new URLSearchParams(); // the address speaks of the first model alone
  model = opened;
  source = from;
  document.title = `${model.name} · rgan-kit`;
  document.body.classList.add("has-model");
  byId("choose-title").textContent = "Another model";
  byId("about").replaceChildren(...about(model));
  controls = makeControls(byId<HTMLFormElement>("controls"), model, wanted, () => {
    const change = ++changes;
    clearTimeout(pause);
    const anew = (): Promise<void> => enqueue(async () => (change === changes ? draw() : undefined)).catch(report);
    pause = window.setTimeout(anew, usable() ? PAUSE : TYPING);
  });
  byId("model").hidden = false;
}

function usable(): boolean {
  try {
    return controls?.read() !== undefined;
  } catch {
    return false;
  }
}

function about({ name, manifest, bytes }: Model): HTMLElement[] {
  const facts: [string, string][] = [
    ["Makes", manifest.domain === manifest.kind ? manifest.kind : `${manifest.domain} (${manifest.kind})`],
    ["Recipe", manifest.recipe],
    ["Size", bytes < 1e6 ? `${Math.round(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`],
  ];
  if (manifest.licence) facts.push(["Licence", manifest.licence]);
  const list = make("dl", {}, ...facts.flatMap(([term, text]) => [make("dt", {}, term), make("dd", {}, text)]));
  const said = manifest.description ? [make("p", {}, manifest.description)] : [];
  return [make("h2", {}, name), ...said, list];
}

/** Draws samples and shows them; `since` is when the file arrived, for the first ones. */
async function draw(since?: number): Promise<void> {
  if (!model || !controls) return;
  const [own, settings] = [model, controls.read()];
  const begun = performance.now();
  const outputs = await working(own.sample(settings));
  const ran = performance.now() - begun;
  view?.stop();
  view = viewOf(own.manifest)(outputs, own.manifest);
  byId("samples").replaceChildren(view.element);
  const numbers = button("Save numbers", () => saveNumbers(own, settings, outputs));
  const again = button("New samples", () => controls?.reseed());
  again.classList.add("primary");
  byId("actions").replaceChildren(...view.actions, numbers, button("Copy link", () => void copyLink(settings)), again);
  problem.replaceChildren();
  if (controls.unmet.length) report(new Problem(`The address asks for ${controls.unmet.join(", ")}, which this model does not take.`, "Drawn without."));
  controls.unmet = [];
  const first = since === undefined ? "" : `, ${Math.round(performance.now() - since)} ms after the file arrived`;
  tell(`${settings.count === 1 ? "1 sample" : `${settings.count} samples`} drawn in ${Math.round(ran)} ms${first}.`);
}

/** The address that repeats this draw, into the clipboard and the address bar. */
async function copyLink(settings: Settings): Promise<void> {
  if (!model) return;
  const link = linkOf(settings, model, source);
  history.replaceState(null, "", link);
  const more = source === null ? ` It has the settings; who opens it needs ${model.name} too.` : "";
  const copied = await navigator.clipboard?.writeText(link).then(() => true, () => false);
  tell(`${copied ? "The link is copied." : "The link is in the address bar."}${more}`);
}

function tell(text: string): void {
  status.textContent = text;
}

/** Says what went wrong; `file` is the one that was refused, beside which the model of before is still there. */
function report(error: unknown, file = ""): void {
  if (error instanceof Cancelled) return tell(model ? "Cancelled. What is shown is of before." : "Cancelled.");
  const known = error instanceof Problem;
  const text = known ? error.message : `Something went wrong: ${error instanceof Error ? error.message : String(error)}`;
  const said = [known ? error.hint : "", file && model ? `What is shown is still ${model.name}.` : ""].filter(Boolean);
  problem.replaceChildren(make("strong", {}, file ? `${file}: ${text}` : text), make("span", {}, ` ${said.join(" ")}`));
  tell("");
}

byId("busy").append(button("Cancel", () => engine.cancel()));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => view?.redraw?.());
enqueue(() => warmUp(engine)).then(() => arrivals || tell("Ready. Nothing that you open leaves this computer."), report);
listen((name, file) => void take(name, file));
