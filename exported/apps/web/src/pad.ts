/** A square to move in two directions at once; what it moves are two sliders, which also work without it. */

import { make } from "./dom";

/** The pad of two sliders from 0 to 1: to the right, and upwards. Out of reach for keyboards, as the sliders are not. */
export function makePad(right: HTMLInputElement, up: HTMLInputElement): HTMLElement {
  const dot = make("span", {});
  const pad = make("div", { class: "pad", "aria-hidden": "true" }, dot);
  const follow = (): void => {
    dot.style.left = `${Number(right.value) * 100}%`;
    dot.style.bottom = `${Number(up.value) * 100}%`;
  };
  const move = ({ clientX, clientY }: PointerEvent): void => {
    const { left, bottom, width, height } = pad.getBoundingClientRect();
    set(right, (clientX - left) / width);
    set(up, (bottom - clientY) / height);
  };
  pad.addEventListener("pointerdown", (event) => {
    pad.setPointerCapture(event.pointerId);
    move(event);
  });
  pad.addEventListener("pointermove", (event) => pad.hasPointerCapture(event.pointerId) && move(event));
  for (const slider of [right, up]) slider.addEventListener("input", follow);
  follow();
  return pad;
}

function set(slider: HTMLInputElement, share: number): void {
  slider.value = String(share); // which the slider keeps within its range, and on its steps
  slider.dispatchEvent(new Event("input", { bubbles: true }));
}
