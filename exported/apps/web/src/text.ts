/** From text to the tokens that a model of text goes on from. */

import type { Manifest } from "./manifest";
import { Problem } from "./problem";

/** Whether the page can cut text as the model's was: into characters, or into words with spaces between. */
export function cuts({ domain, decoder }: Manifest): boolean {
  const { vocabulary, level, reading } = decoder;
  const tokenize = (Object(reading) as Record<string, unknown>).tokenize;
  return domain === "text" && Array.isArray(vocabulary) && level !== "subword" && tokenize !== "punctuation";
}

/** The tokens of a text. Throws a Problem that names what the model does not know. */
export function tokensOf(text: string, { decoder }: Manifest): number[] {
  const places = new Map((decoder.vocabulary as string[]).map((symbol, place) => [symbol, place]));
  const symbols = decoder.joiner === " " ? text.split(/\s+/).filter(Boolean) : [...text];
  const unknown = symbols.filter((symbol) => !places.has(symbol));
  if (unknown.length) throw new Problem(`This model does not know ${[...new Set(unknown)].slice(0, 10).join(", ")}.`, "Begin with other words.");
  return symbols.map((symbol) => places.get(symbol)!);
}
