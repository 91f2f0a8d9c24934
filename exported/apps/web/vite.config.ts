import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { defineConfig, type Plugin } from "vite";

const SINGLE = ["index.html", "package.json", "package-lock.json", "tsconfig.json", "vite.config.ts"];

/** SHA-256 of everything that the page is built from, so that a test notices a build that is older than its sources. */
function hashOfSources(): string {
  const inside = readdirSync("src", { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(".", join(entry.parentPath, entry.name)).split(sep).join("/"));
  const hash = createHash("sha256");
  for (const file of [...SINGLE, ...inside].sort()) hash.update(`${file}\n`).update(readFileSync(file)).update("\n");
  return hash.digest("hex");
}

/** Writes down what the build was made from, and the licences of what is in it. */
const records: Plugin = {
  name: "records",
  generateBundle() {
    const { version } = JSON.parse(readFileSync("node_modules/onnxruntime-web/package.json", "utf-8"));
    const record = { sources: hashOfSources(), "onnxruntime-web": version };
    this.emitFile({ type: "asset", fileName: "build.json", source: `${JSON.stringify(record, null, 2)}\n` });
    this.emitFile({ type: "asset", fileName: "licences.txt", source: readFileSync("src/licences.txt") });
  },
};

export default defineConfig({
  base: "./",
  build: {
    target: "es2022",
    outDir: "../../demo/rgan_kit_demo/page",
    emptyOutDir: true,
    modulePreload: false,
    assetsInlineLimit: 0,
  },
  worker: { format: "es" },
  plugins: [records],
});
