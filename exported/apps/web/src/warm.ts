import type { Engine } from "./engine";

/** An ONNX file whose output is its input. */
const IDENTITY = "CAg6NwoQCgF4EgF5IghJZGVudGl0eRIBZ1oPCgF4EgoKCAgBEgQKAggBYg8KAXkSCgoICAESBAoCCAFCBAoAEBI=";

/** Has onnxruntime compiled before a model arrives, so that the first one need not wait, and the page needs no network
 * from then on. */
export async function warmUp(engine: Engine): Promise<void> {
  await engine.load(Uint8Array.from(atob(IDENTITY), (letter) => letter.charCodeAt(0)));
}
