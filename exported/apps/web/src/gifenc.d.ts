/** What the page uses of gifenc, which brings no types. */
declare module "gifenc" {
  export type Colour = [red: number, green: number, blue: number];
  export function quantize(rgba: Uint8ClampedArray, most: number): Colour[];
  export function applyPalette(rgba: Uint8ClampedArray, palette: Colour[]): Uint8Array;
  export function GIFEncoder(): {
    writeFrame(
      indices: Uint8Array, width: number, height: number, options: { palette: Colour[]; delay: number; repeat: number },
    ): void;
    finish(): void;
    bytes(): Uint8Array<ArrayBuffer>;
  };
}
