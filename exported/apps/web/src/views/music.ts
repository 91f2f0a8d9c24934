/** Music on a piano roll, to be played and saved as MIDI. */

import { button, canvasOf, colour, make, save, wantsStillness } from "../dom";
import { lengthOf, stepOf } from "../music/bars";
import { toMidi } from "../music/midi";
import { piecesOf, type Piece } from "../music/notes";
import { play, type Playing } from "../music/player";
import { titleOf, type MakeView, type View } from "./view";

const WIDEST = 760;
const NARROWEST = 250;
const AROUND = 90; // pixels beside a roll on a small screen
const ROW = 5; // pixels of a pitch, where there is room
const HEIGHTS = { least: 150, most: 280 };
const KEYS = 34; // pixels for names of pitches
const NAMES = ["C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B"];

const nameOf = (pitch: number): string => `${NAMES[pitch % 12]}${Math.floor(pitch / 12) - 1}`;

export const showMusic: MakeView = (outputs, manifest) => {
  const width = Math.max(NARROWEST, Math.min(WIDEST, innerWidth - AROUND));
  const pieces = piecesOf(outputs, manifest);
  const span = Math.max(1, ...pieces.map(({ length }) => length)); // of all, so that lengths can be compared
  const views = pieces.map((piece, i) => card(piece, [width, span], titleOf(outputs, manifest, i), i));
  return {
    element: make("div", { class: "cards wide" }, ...views.map(({ element }) => element)),
    actions: [],
    stop: () => views.forEach((view) => view.stop()),
    redraw: () => views.forEach((view) => view.redraw?.()),
  };
};

/** Of a picture: its pixels, and how many steps they stand for. */
type Scale = [width: number, span: number];

function card(piece: Piece, scale: Scale, title: string, number: number): View {
  const beats = piece.length / piece.stepsPerBeat;
  const words = `${counted(piece.notes.length, "note")}, ${counted(beats, "beat")} at ${Math.round(piece.tempo)} a minute`;
  const range = rangeOf(piece);
  const height = Math.min(HEIGHTS.most, Math.max(HEIGHTS.least, (range.high - range.low + 1) * ROW));
  const [canvas, context] = canvasOf(scale[0], height, `Piano roll of ${title}: ${words}`);
  let playing: Playing | null = null;
  const draw = (): void => drawRoll(context, piece, [scale[0], height, scale[1]], range, playing && !wantsStillness() ? playing.position() : null);
  const follow = (): void => {
    draw();
    if (playing && !wantsStillness()) requestAnimationFrame(follow);
  };
  const control = button("Play", toggle, `Play ${title}`);
  function toggle(): void {
    if (playing) return playing.stop();
    playing = play(piece, () => {
      playing = null;
      tell("Play");
      draw();
    });
    tell("Stop");
    follow();
  }
  function tell(text: string): void {
    control.textContent = text;
    control.setAttribute("aria-label", `${text} ${title}`);
  }
  const name = `sample-${String(number + 1).padStart(4, "0")}.mid`;
  const keep = button("Save MIDI", () => save(name, toMidi(piece), "audio/midi"), `Save ${title} as MIDI`);
  draw();
  const head = make("div", { class: "row head" }, make("h3", {}, title), make("span", { class: "row" }, control, keep));
  const element = make("article", { class: "card" }, head, canvas, make("p", { class: "quiet" }, words));
  return { element, actions: [], stop: () => playing?.stop(), redraw: draw };
}

const counted = (number: number, noun: string): string => `${Math.round(number * 100) / 100} ${noun}${number === 1 ? "" : "s"}`;

interface Range {
  low: number;
  high: number;
}

/** The pitches of a piece, the octave above middle C among them. */
function rangeOf({ notes }: Piece): Range {
  const pitches = notes.map(({ pitch }) => pitch);
  return { low: Math.min(60, ...pitches) - 1, high: Math.max(72, ...pitches) + 1 };
}

type Size = [width: number, height: number, span: number];

/** Steps with a line: beats, and the first step of every bar. */
function linesOf(piece: Piece): [step: number, isBar: boolean][] {
  const lines: [number, boolean][] = [];
  piece.metres.forEach((metre, i) => {
    const next = piece.metres[i + 1];
    const end = next ? stepOf(next.start, piece.stepsPerBeat) : piece.length;
    for (let bar = metre.start; stepOf(bar, piece.stepsPerBeat) < end; bar += lengthOf(metre)) {
      const first = stepOf(bar, piece.stepsPerBeat);
      const after = Math.min(end, stepOf(bar + lengthOf(metre), piece.stepsPerBeat));
      lines.push([first, true]);
      for (let beat = first + piece.stepsPerBeat; beat < after; beat += piece.stepsPerBeat) lines.push([beat, false]);
    }
  });
  return lines;
}

function drawRoll(
  context: CanvasRenderingContext2D,
  piece: Piece,
  [width, height, span]: Size,
  { low, high }: Range,
  position: number | null,
): void {
  const row = height / (high - low + 1);
  const step = (width - KEYS) / span;
  const top = (pitch: number): number => (high - pitch) * row;
  context.clearRect(0, 0, width, height);
  for (let pitch = low; pitch <= high; pitch++) {
    context.fillStyle = colour([1, 3, 6, 8, 10].includes(pitch % 12) ? "--row-dark" : "--row-light");
    context.fillRect(KEYS, top(pitch), piece.length * step, row);
    if (pitch % 12 === 0) {
      context.fillStyle = colour("--quiet");
      context.font = "11px system-ui, sans-serif";
      context.textBaseline = "middle";
      context.fillText(nameOf(pitch), 4, Math.min(height - 7, Math.max(7, top(pitch) + row / 2)));
    }
  }
  for (const [at, isBar] of linesOf(piece)) {
    context.fillStyle = colour(isBar ? "--line-strong" : "--line");
    context.fillRect(KEYS + at * step, 0, 1, height);
  }
  for (const note of piece.notes) {
    const sounds = position !== null && note.start <= position && position < note.start + note.duration;
    context.fillStyle = colour(sounds ? "--accent-strong" : `--series-${note.track % 6}`);
    context.globalAlpha = 0.55 + (0.45 * note.velocity) / 127;
    context.beginPath();
    const thick = Math.max(2, row - 1);
    context.roundRect(KEYS + note.start * step + 1, top(note.pitch), Math.max(2, note.duration * step - 2), thick, 2);
    context.fill();
  }
  context.globalAlpha = 1;
  if (position !== null) {
    context.fillStyle = colour("--accent-strong");
    context.fillRect(KEYS + Math.min(position, piece.length) * step, 0, 2, height);
  }
}
