/** The page: a file arrives, becomes a model, and is shown as its kind deserves. */

import "./style.css";
import { makeControls, type Controls } from "./controls";
import { button, byId, make } from "./dom";
import { Engine } from "./engine";
import { listen, type Arrived } from "./files";
import type { Manifest } from "./manifest";
import { Model } from "./model";
import { Problem } from "./problem";
import { warmUp } from "./warm";
import { showMusic } from "./views/music";
import { saveNumbers } from "./views/numbers";
import { showFrames, showImages } from "./views/pictures";
import { showSeries } from "./views/series";
import { showText } from "./views/text";
import type { MakeView, View } from "./views/view";

const PAUSE = 120; // milliseconds without another change before samples are drawn anew

const engine = new Engine();
const status = byId("status");
const problem = byId("problem");

let model: Model | null = null;
let controls: Controls | null = null;
let view: View | null = null;
let arrivals = 0;
let pause = 0;
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
      open(await Model.open(arrived.name, arrived.bytes, engine));
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

function open(opened: Model): void {
  model = opened;
  document.title = `${model.name} · rgan-kit`;
  document.body.classList.add("has-model");
  byId("choose-title").textContent = "Another model";
  byId("about").replaceChildren(...about(model));
  controls = makeControls(byId<HTMLFormElement>("controls"), model, () => {
    clearTimeout(pause);
    pause = window.setTimeout(() => enqueue(() => draw()).catch(report), PAUSE);
  });
  byId("model").hidden = false;
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
  const outputs = await own.sample(settings);
  const ran = performance.now() - begun;
  view?.stop();
  view = viewOf(own.manifest)(outputs, own.manifest);
  byId("samples").replaceChildren(view.element);
  const numbers = button("Save numbers", () => saveNumbers(own, settings, outputs));
  byId("actions").replaceChildren(...view.actions, numbers);
  problem.replaceChildren();
  const first = since === undefined ? "" : `, ${Math.round(performance.now() - since)} ms after the file arrived`;
  tell(`${settings.count === 1 ? "1 sample" : `${settings.count} samples`} drawn in ${Math.round(ran)} ms${first}.`);
}

function tell(text: string): void {
  status.textContent = text;
}

/** Says what went wrong; `file` is the one that was refused, beside which the model of before is still there. */
function report(error: unknown, file = ""): void {
  const known = error instanceof Problem;
  const text = known ? error.message : `Something went wrong: ${error instanceof Error ? error.message : String(error)}`;
  const said = [known ? error.mend : "", file && model ? `What is shown is still ${model.name}.` : ""].filter(Boolean);
  problem.replaceChildren(make("strong", {}, file ? `${file}: ${text}` : text), make("span", {}, ` ${said.join(" ")}`));
  tell("");
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => view?.redraw?.());
enqueue(() => warmUp(engine)).then(() => arrivals || tell("Ready. Nothing that you open leaves this computer."), report);
listen((name, file) => void take(name, file));
