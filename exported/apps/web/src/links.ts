/** An address that repeats a draw: the settings in words that `rgankit sample` uses too. */

import type { Model, Settings } from "./model";

/** Settings that an address asks for, by the names of their fields; empty where it asks for none. */
export const asked = (): URLSearchParams => new URLSearchParams(location.search);

/** The address of a draw; `source` is the address that the model came from, null where it came from a file. */
export function linkOf({ seed, count, length, begins, given, temperature, topP, label, moves }: Settings, model: Model, source: string | null): string {
  const link = new URL(location.pathname, location.href);
  const say = (name: string, value: string | number | bigint): void => link.searchParams.set(name, String(value));
  if (source !== null) say("model", source);
  say("seed", seed);
  say("count", count);
  say("length", length - given.length);
  if (begins) say("given", begins);
  if (model.has("temperature")) say("temperature", temperature);
  if (model.has("top_p")) say("top-p", topP);
  if (label !== null) say("label", model.manifest.labels[label]!);
  for (const { name, other, share } of moves) {
    say(`${name}-seed`, other);
    say(name, share);
  }
  return link.href;
}
