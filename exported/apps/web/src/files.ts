/** Where a model file comes from: the file picker, a drop anywhere on the page, or an address. */

import { byId } from "./dom";
import { Problem } from "./problem";

const LARGEST = 512 * 2 ** 20;

export interface Arrived {
  name: string;
  bytes: Uint8Array;
  /** The address that it came from; null where it is a file of the user's. */
  source: string | null;
}

/** Calls `take` with what promises to become a file, whenever the user names one. */
export function listen(take: (name: string, file: Promise<Arrived>) => void): void {
  const picker = byId<HTMLInputElement>("file");
  picker.addEventListener("change", () => {
    const file = picker.files?.[0];
    if (file) take(file.name, read(file));
    picker.value = ""; // so that choosing the same file again counts
  });
  const show = (on: boolean) => document.body.classList.toggle("dropping", on);
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    show(true);
  });
  document.addEventListener("dragleave", (event) => event.relatedTarget === null && show(false));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    show(false);
    const file = event.dataTransfer?.files[0];
    if (file) take(file.name, read(file));
  });
  byId("from-url").addEventListener("submit", (event) => {
    event.preventDefault();
    const address = byId<HTMLInputElement>("url").value.trim();
    if (address) take(nameOf(address), download(address));
  });
  const asked = new URLSearchParams(location.search).get("model");
  if (asked) take(nameOf(asked), download(asked));
}

async function read(file: File): Promise<Arrived> {
  check(file.size);
  return { name: file.name, bytes: new Uint8Array(await file.arrayBuffer()), source: null };
}

async function download(address: string): Promise<Arrived> {
  let url: URL;
  try {
    url = new URL(address, location.href);
  } catch {
    throw new Problem(`“${address}” is no address.`, "Write one like https://example.org/model.onnx.");
  }
  if (!/^https?:$/.test(url.protocol)) throw new Problem("Models are loaded from http and https addresses alone.");
  const answer = await fetch(url, { credentials: "omit" }).catch(() => null);
  if (!answer) {
    throw new Problem(
      `Nothing could be loaded from ${url.href}.`,
      "Look whether the address is right and its server lets other pages read it (CORS); or save the file and drop it here.",
    );
  }
  if (!answer.ok) throw new Problem(`${url.href} answers with ${answer.status} ${answer.statusText}.`, "Look at the address.");
  check(Number(answer.headers.get("content-length") ?? 0));
  const bytes = new Uint8Array(await answer.arrayBuffer());
  check(bytes.length);
  return { name: nameOf(address), bytes, source: address };
}

function check(size: number): void {
  if (size > LARGEST) throw new Problem(`The file has ${size.toLocaleString("en")} bytes; this page takes up to 512 MiB.`);
}

function nameOf(address: string): string {
  const last = address.split(/[?#]/)[0]!.split("/").pop() || "model.onnx";
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}
