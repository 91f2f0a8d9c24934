/** Pictures on canvases, still (domain images) or moving (kind frames). */

import { button, make, save, wantsStillness } from "../dom";
import { gifOf } from "../gif";
import type { Manifest } from "../manifest";
import type { Outputs } from "../model";
import { Problem } from "../problem";
import { titleOf, type MakeView } from "./view";

const USUAL_FPS = 8;
const MOST_FPS = 60;
const WIDTH = 190; // CSS pixels

interface Picture {
  canvas: HTMLCanvasElement;
  draw(frame: number): void;
}

/** Moving pictures with one clock for all, and a slider for its time. */
export const showFrames: MakeView = (outputs, manifest) => {
  const shape = outputs.shape as Shape;
  const [, time] = shape;
  const lengthOf = (sample: number): number => Math.max(1, outputs.lengths?.[sample] ?? time); // then its last frame stays
  const pictures = picturesOf(outputs.data, shape, (i) => titleOf(outputs, manifest, i));
  const captions = captionsOf(outputs, manifest);
  const given = Number(manifest.decoder.fps);
  const fps = given > 0 ? Math.min(given, MOST_FPS) : USUAL_FPS;
  const slider = make("input", { type: "range", min: "0", max: String(time - 1), step: "1", value: "0", id: "frame" });
  const place = make("output", { for: "frame" });
  let now = 0;
  let timer = 0;

  function show(frame: number): void {
    now = frame;
    slider.value = String(frame);
    place.textContent = `${frame + 1} of ${time}`;
    pictures.forEach((picture, i) => picture.draw(Math.min(frame, lengthOf(i) - 1)));
  }
  function stop(): void {
    clearInterval(timer);
    timer = 0;
    toggle.textContent = "Play";
  }
  function start(): void {
    timer = window.setInterval(() => show((now + 1) % time), 1000 / fps);
    toggle.textContent = "Pause";
  }
  const toggle = button("Play", () => (timer ? stop() : start()));
  slider.addEventListener("input", () => {
    stop();
    show(Number(slider.value));
  });
  const strip = button("Save frames", () => saveStrips(outputs.data, shape, lengthOf));
  const cards = cardsOf(pictures, captions);
  cards.querySelectorAll("figure").forEach((card, i) => {
    const keep = (): void => save(`sample-${i + 1}.gif`, gifOf(enlarged(outputs.data, shape, i, lengthOf(i)), 1000 / fps), "image/gif");
    if (time > 1) card.append(button("Save GIF", keep, `Save Sample ${i + 1} as GIF`));
  });
  show(0);
  if (time > 1 && !wantsStillness()) start();
  const clock = make("div", { class: "row clock" }, toggle, make("label", { for: "frame" }, "Frame"), slider, place);
  return { element: make("div", {}, clock, cards), actions: [strip], stop };
};

/** A series of rows of pixels, from 0 to 255, as a picture. */
export const showImages: MakeView = (outputs, manifest) => {
  const [count, height, features] = outputs.shape as [number, number, number];
  const channels = manifest.decoder.channels === 3 ? 3 : 1;
  if (features % channels) throw new Problem("The rows of this model's pictures are no whole pixels.");
  const shape: Shape = [count, 1, height, features / channels, channels];
  const bytes = Uint8ClampedArray.from(outputs.data, (value) => (Number.isNaN(value) ? 0 : value));
  const pictures = picturesOf(bytes, shape, (i) => titleOf(outputs, manifest, i));
  const captions = captionsOf(outputs, manifest);
  pictures.forEach((picture) => picture.draw(0));
  const keep = button("Save pictures", () => saveStrips(bytes, shape, () => 1));
  return { element: cardsOf(pictures, captions), actions: [keep], stop: () => undefined };
};

type Shape = [count: number, time: number, height: number, width: number, channels: number];

function picturesOf(data: ArrayLike<number>, shape: Shape, title: (sample: number) => string): Picture[] {
  const [count, time, height, width, channels] = shape;
  if (channels !== 1 && channels !== 3) throw new Problem(`Pictures of ${channels} channels cannot be drawn.`);
  return Array.from({ length: count }, (_, sample) => {
    const words = `${title(sample)}: ${width} by ${height} pixels${time > 1 ? `, ${time} frames` : ""}`;
    const canvas = make("canvas", { role: "img", "aria-label": words });
    canvas.width = width;
    canvas.height = height;
    canvas.style.width = `${timesLarger(width) * width}px`;
    const context = canvas.getContext("2d")!;
    const draw = (frame: number): void => context.putImageData(imageOf(data, shape, sample, frame), 0, 0);
    return { canvas, draw };
  });
}

function imageOf(data: ArrayLike<number>, [, time, height, width, channels]: Shape, sample: number, frame: number): ImageData {
  const image = new ImageData(width, height);
  const first = (sample * time + frame) * height * width * channels;
  for (let pixel = 0; pixel < height * width; pixel++) {
    for (let part = 0; part < 3; part++) {
      image.data[pixel * 4 + part] = data[first + pixel * channels + (channels === 3 ? part : 0)]!;
    }
    image.data[pixel * 4 + 3] = 255;
  }
  return image;
}

/** How many times larger than they are small pictures are shown and saved, so that people can see them. */
const timesLarger = (width: number): number => Math.max(1, Math.round(WIDTH / width));

/** The frames of one sample, at the size that they are shown in. */
function enlarged(data: ArrayLike<number>, shape: Shape, sample: number, length: number): ImageData[] {
  const [, , height, width] = shape;
  const times = timesLarger(width);
  return Array.from({ length }, (_, frame) => {
    const own = new Uint32Array(imageOf(data, shape, sample, frame).data.buffer);
    const image = new ImageData(width * times, height * times);
    const large = new Uint32Array(image.data.buffer);
    for (let y = 0, at = 0; y < image.height; y++) {
      for (let x = 0; x < image.width; x++, at++) large[at] = own[Math.floor(y / times) * width + Math.floor(x / times)]!;
    }
    return image;
  });
}

const captionsOf = ({ shape, labels }: Outputs, manifest: Manifest): string[] =>
  Array.from({ length: shape[0]! }, (_, i) => (labels ? `${i + 1} · ${manifest.labels[labels[i]!]}` : `${i + 1}`));

function cardsOf(pictures: Picture[], captions: string[]): HTMLElement {
  const cards = pictures.map(({ canvas }, i) => make("figure", { class: "card" }, canvas, make("figcaption", {}, captions[i]!)));
  return make("div", { class: "cards pictures" }, ...cards);
}

/** One PNG of all samples as they are: a sample a row, a frame a column. */
function saveStrips(data: ArrayLike<number>, shape: Shape, lengthOf: (sample: number) => number): void {
  const [count, time, height, width] = shape;
  const canvas = make("canvas");
  canvas.width = time * (width + 1) - 1;
  canvas.height = count * (height + 1) - 1;
  const context = canvas.getContext("2d")!;
  for (let sample = 0; sample < count; sample++) {
    for (let frame = 0; frame < lengthOf(sample); frame++) {
      context.putImageData(imageOf(data, shape, sample, frame), frame * (width + 1), sample * (height + 1));
    }
  }
  canvas.toBlob((blob) => blob && save("samples.png", blob, "image/png"), "image/png");
}
