/** Tokens as text, which comes in symbol by symbol. */

import { button, make, save, wantsStillness } from "../dom";
import { Problem } from "../problem";
import type { MakeView } from "./view";

const INTERVAL = 45; // milliseconds
const LONGEST = 45; // steps of the whole show

export const showText: MakeView = (outputs, manifest) => {
  const { decoder } = manifest;
  const vocabulary = decoder.vocabulary;
  if (!Array.isArray(vocabulary) || !vocabulary.every((symbol) => typeof symbol === "string")) {
    throw new Problem("This model does not say what its tokens mean: its vocabulary is missing.");
  }
  const joiner = typeof decoder.joiner === "string" ? decoder.joiner : " ";
  const special = Object(decoder.special) as Record<string, number>;
  const silent = new Set([special.pad, special.bos, special.eos]);
  const written = (token: number): string => (token === special.unknown ? "\ufffd" : (vocabulary[token] ?? ""));
  const samples = outputs.tokens.map((tokens) => tokens.filter((token) => !silent.has(token)).map(written));
  const lines = samples.map((_, i) => make("li", outputs.labels ? { "data-label": manifest.labels[outputs.labels[i]!]! } : {}));
  const list = make("ol", { class: "texts" }, ...lines);

  const most = Math.max(1, ...samples.map((symbols) => symbols.length));
  const pace = Math.ceil(most / LONGEST);
  let shown = wantsStillness() ? most : pace;
  let timer = 0;
  function show(): void {
    lines.forEach((line, i) => (line.textContent = samples[i]!.slice(0, shown).join(joiner)));
    list.setAttribute("aria-busy", String(shown < most));
    if (shown < most) timer = window.setTimeout(show, INTERVAL);
    shown += pace;
  }
  show();

  const all = samples.map((symbols) => symbols.join(joiner));
  return {
    element: list,
    actions: [button("Save text", () => save("samples.txt", all.map((text) => `${text}\n`).join(""), "text/plain"))],
    stop: () => clearTimeout(timer),
  };
};
