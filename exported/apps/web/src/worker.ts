/** Runs a model off the page's own thread, so that the page answers while it works. */

import { env, InferenceSession, Tensor } from "onnxruntime-web/wasm";
import type { Answer, Arrays, Request } from "./engine";

env.wasm.numThreads = 1; // several need cross-origin isolation, and small recurrent networks gain nothing by them
env.logLevel = "error";

const ERRORS = 3; // what onnxruntime merely warns of would stand in the console as an error

let session: InferenceSession | undefined;

self.addEventListener("message", async ({ data }: MessageEvent<Request>) => {
  let answer: Answer;
  try {
    answer = { number: data.number, ...(await act(data)) };
  } catch (error) {
    answer = { number: data.number, error: error instanceof Error ? error.message : String(error) };
  }
  self.postMessage(answer);
});

async function act(request: Request): Promise<Partial<Answer>> {
  if (request.act === "load") {
    const opened = await InferenceSession.create(request.file, {
      executionProviders: ["wasm"],
      graphOptimizationLevel: "disabled", // exported graphs gain nothing by it, and their first sample would wait for it
      logSeverityLevel: ERRORS,
    });
    await session?.release(); // not before the new one has proved good
    session = opened;
    return { inputs: [...session.inputNames] };
  }
  if (!session) throw new Error("no model is loaded");
  const { arrays } = request;
  const feeds = Object.fromEntries(
    session.inputNames.map((name) => {
      const array = arrays[name];
      if (!array) throw new Error(`the graph wants an input ${name} that its manifest does not explain`);
      return [name, new Tensor(array.type, array.data, array.shape)];
    }),
  );
  const results = await session.run(feeds);
  const outputs: Arrays = {};
  for (const [name, tensor] of Object.entries(results)) {
    outputs[name] = { type: tensor.type as "float32", data: tensor.data as Float32Array, shape: [...tensor.dims] };
  }
  return { arrays: outputs };
}
