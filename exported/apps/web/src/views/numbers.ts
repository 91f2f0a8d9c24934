/** All numbers of a draw, as JSON: for whoever wants to compare or to compute. */

import { save } from "../dom";
import type { Model, Outputs, Settings } from "../model";

export function saveNumbers(model: Model, settings: Settings, outputs: Outputs): void {
  const { kind, tokens, data, shape, labels, lengths } = outputs;
  const numbers = kind === "tokens" ? { tokens } : { [kind]: Array.from(data), shape, ...(lengths && { lengths }) };
  const document = { model: model.name, seed: String(settings.seed), ...(labels && { labels }), ...numbers };
  save("samples.json", JSON.stringify(document), "application/json");
}
