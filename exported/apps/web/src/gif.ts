/** Moving pictures as a GIF file. gifenc writes the format; a frame of at most 256 colours keeps every one exactly. */

import { applyPalette, GIFEncoder, quantize, type Colour } from "gifenc";

const MOST_COLOURS = 256;

/** The file of frames that all have one size, each shown for so many milliseconds, again and again. */
export function gifOf(frames: ImageData[], milliseconds: number): Uint8Array<ArrayBuffer> {
  const gif = GIFEncoder();
  for (const { data, width, height } of frames) {
    const { palette, indices } = exactly(data) ?? nearly(data);
    gif.writeFrame(indices, width, height, { palette, delay: milliseconds, repeat: 0 });
  }
  gif.finish();
  return gif.bytes();
}

interface Indexed {
  palette: Colour[];
  indices: Uint8Array;
}

function exactly(rgba: Uint8ClampedArray): Indexed | null {
  const known = new Map<number, number>();
  const indices = new Uint8Array(rgba.length / 4);
  for (let pixel = 0; pixel < indices.length; pixel++) {
    const colour = (rgba[pixel * 4]! << 16) | (rgba[pixel * 4 + 1]! << 8) | rgba[pixel * 4 + 2]!;
    if (!known.has(colour)) known.set(colour, known.size);
    if (known.size > MOST_COLOURS) return null;
    indices[pixel] = known.get(colour)!;
  }
  return { palette: [...known.keys()].map((colour) => [colour >> 16, (colour >> 8) & 255, colour & 255]), indices };
}

function nearly(rgba: Uint8ClampedArray): Indexed {
  const palette = quantize(rgba, MOST_COLOURS);
  return { palette, indices: applyPalette(rgba, palette) };
}
