/** Small helpers for the page's elements. Text from a model file is always set as text, never as HTML. */

type Child = Node | string;

export function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Record<string, string> = {},
  ...children: Child[]
): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

export function button(text: string, act: () => void, label = text): HTMLButtonElement {
  const element = make("button", { type: "button" }, text);
  if (label !== text) element.setAttribute("aria-label", label);
  element.addEventListener("click", act);
  return element;
}

export function byId<T extends HTMLElement>(id: string): T {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no #${id}`);
  return element as T;
}

/** Lets the user save a file. */
export function save(name: string, content: BlobPart, type: string): void {
  const address = URL.createObjectURL(new Blob([content], { type }));
  make("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

export const wantsStillness = (): boolean => matchMedia("(prefers-reduced-motion: reduce)").matches;

/** A colour of the style sheet, for drawing on a canvas. */
export const colour = (name: string): string => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

/** A canvas of so many CSS pixels, sharp on fine screens, and what draws on it. */
export function canvasOf(width: number, height: number, label: string): [HTMLCanvasElement, CanvasRenderingContext2D] {
  const scale = Math.min(3, devicePixelRatio || 1);
  const canvas = make("canvas", { role: "img", "aria-label": label });
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  const context = canvas.getContext("2d");
  if (!context) throw new Error("this browser cannot draw");
  context.scale(scale, scale);
  return [canvas, context];
}
