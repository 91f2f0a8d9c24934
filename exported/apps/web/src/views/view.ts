import type { Manifest } from "../manifest";
import type { Outputs } from "../model";

/** What shows samples of one kind. */
export interface View {
  /** What is seen. */
  element: HTMLElement;
  /** Buttons for all samples together. */
  actions: HTMLElement[];
  /** Ends whatever moves or sounds. */
  stop(): void;
  /** Draws again, in other colours. */
  redraw?(): void;
}

export type MakeView = (outputs: Outputs, manifest: Manifest) => View;

/** Words for one sample, as in "Sample 3, major". */
export function titleOf(outputs: Outputs, manifest: Manifest, sample: number): string {
  const label = outputs.labels ? manifest.labels[outputs.labels[sample]!] : undefined;
  return `Sample ${sample + 1}${label === undefined ? "" : `, ${label}`}`;
}
