/** From the features that a series model gives to the columns of the data, as the series domain's decoder reads them. */

import type { Manifest } from "./manifest";
import type { Outputs } from "./model";

export interface Table {
  columns: Column[];
  /** By column, all samples one after the other; numbers of levels for words, NaN where a value is missing. */
  values: Float64Array[];
  count: number;
  time: number;
  /** Steps of each sample; what follows is padding. */
  lengths: number[];
  /** Numbers that lay beyond what the data has, and were brought back. */
  beyond: number;
}

export interface Column {
  name: string;
  /** Words that it chooses among, one feature each; empty for numbers. */
  levels: string[];
  /** Its only value, which no feature has. */
  constant: number | string | null;
  /** Numbers are rounded to so many; null where they lie anywhere. */
  decimals: number | null;
  /** Whether it is the same in a whole sample. */
  lasting: boolean;
  /** Whether a further feature says where it has a value. */
  masked: boolean;
  /** What its feature lacks, since float32 would lose the digits of numbers far from zero. */
  offset: number;
  low: number;
  high: number;
}

export function columnsOf(outputs: Outputs, { decoder }: Manifest): Table {
  const [count, time, features] = outputs.shape as [number, number, number];
  const lengths = outputs.lengths ?? Array<number>(count).fill(time);
  const described = Array.isArray(decoder.columns) ? decoder.columns.map(columnOf) : [];
  const needed = described.reduce((sum, column) => sum + featuresOf(column) + Number(column.masked), 0);
  const columns = needed === features ? described : plain(features, decoder.names);
  const feature = (number: number): Float64Array =>
    Float64Array.from({ length: count * time }, (_, row) => outputs.data[row * features + number]!);
  let next = 0;
  let beyond = 0;
  const values = columns.map((column) => {
    const own = Array.from({ length: featuresOf(column) }, () => feature(next++));
    if (column.constant !== null) {
      return new Float64Array(count * time).fill(typeof column.constant === "number" ? column.constant : 0);
    }
    if (column.lasting) own.forEach((each) => level(each, time, lengths));
    if (column.levels.length) return largest(own);
    return own[0]!.map((value, row) => {
      const number = value + column.offset;
      const inside = Math.min(column.high, Math.max(column.low, number));
      if (row % time < lengths[Math.floor(row / time)]! && Math.abs(number - inside) > 1e-6 * (column.high - column.low)) beyond++;
      return rounded(inside, column.decimals);
    });
  });
  columns.forEach((column, place) => {
    if (!column.masked) return;
    const present = feature(next++); // the masks follow the values, in the order of the columns
    values[place] = values[place]!.map((value, row) => (present[row]! >= 0.5 ? value : NaN));
  });
  return { columns, values, count, time, lengths, beyond };
}

const featuresOf = ({ constant, levels }: Column): number => (constant !== null ? 0 : Math.max(1, levels.length));

function columnOf(given: unknown): Column {
  const said = Object(given) as Record<string, unknown>;
  const number = <T>(value: unknown, usual: T): number | T => (typeof value === "number" ? value : usual);
  return {
    name: String(said.name),
    levels: Array.isArray(said.levels) ? said.levels.map(String) : [],
    constant: typeof said.constant === "string" ? said.constant : number(said.constant, null),
    decimals: said.whole === true ? 0 : number(said.decimals, null), // `whole` is of files of before
    lasting: said.lasting === true,
    masked: said.masked === true,
    offset: number(said.offset, 0),
    low: number(said.low, -Infinity),
    high: number(said.high, Infinity),
  };
}

/** Columns of a domain that this page does not know. */
function plain(features: number, names: unknown): Column[] {
  const known = Array.isArray(names) && names.length === features ? names.map(String) : [];
  return Array.from({ length: features }, (_, i) => columnOf({ name: known[i] ?? `feature ${i + 1}` }));
}

/** Puts the mean of each sample's own steps into all of them. */
function level(values: Float64Array, time: number, lengths: number[]): void {
  lengths.forEach((length, sample) => {
    const own = values.subarray(sample * time, (sample + 1) * time);
    own.fill(own.subarray(0, length).reduce((sum, value) => sum + value, 0) / Math.max(1, length));
  });
}

/** Number of the largest of several features, row by row; the first where two are equal. */
function largest(features: Float64Array[]): Float64Array {
  const of = (value: number): number => (Number.isNaN(value) ? -Infinity : value);
  return features[0]!.map((_, row) =>
    features.reduce((best, own, number) => (of(own[row]!) > of(features[best]![row]!) ? number : best), 0));
}

/** To so many decimals; what lies half-way goes to the even neighbour, as numpy does it. */
function rounded(value: number, decimals: number | null): number {
  if (decimals === null) return value;
  const scaled = value * 10 ** decimals;
  const whole = Math.abs(scaled % 1) === 0.5 ? 2 * Math.round(scaled / 2) : Math.round(scaled);
  return whole / 10 ** decimals + 0; // and no minus before a zero
}

/** A cell in the data's own words; empty where the value is missing. */
export function cell({ levels, constant, decimals }: Column, value: number): string {
  if (Number.isNaN(value)) return "";
  if (typeof constant === "string") return constant;
  if (levels.length) return levels[value] ?? "";
  return decimals === null ? shortest(value) : String(Number(value.toFixed(decimals)));
}

/** All samples in one table, with a column that counts them, and one of their labels where they have any. */
export function toCsv({ columns, values, count, time, lengths }: Table, labels: string[] | null): string {
  const quoted = (text: string): string => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const line = (cells: string[]): string => cells.map(quoted).join(",");
  const lines = [line(["sample", ...columns.map(({ name }) => name), ...(labels ? ["label"] : [])])];
  for (let row = 0; row < count * time; row++) {
    const sample = Math.floor(row / time);
    if (row % time >= lengths[sample]!) continue;
    const cells = columns.map((column, place) => cell(column, values[place]![row]!));
    lines.push(line([String(sample + 1), ...cells, ...(labels ? [labels[sample]!] : [])]));
  }
  return `${lines.join("\n")}\n`;
}

/** The fewest digits that give the same float32 again. */
function shortest(value: number): string {
  const single = Math.fround(value);
  const precision = [6, 7, 8].find((digits) => Math.fround(Number(value.toPrecision(digits))) === single) ?? 9;
  return String(Number(value.toPrecision(precision)));
}
