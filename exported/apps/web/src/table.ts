/** From the channels that a series model gives to the columns of the data: constants, whole numbers, missing values. */

import type { Manifest } from "./manifest";
import type { Outputs } from "./model";

export interface Table {
  names: string[];
  constant: boolean[];
  /** By column, all samples one after the other; NaN where a value is missing. */
  values: Float32Array[];
  count: number;
  time: number;
}

interface Column {
  name: string;
  constant: number | null;
  whole: boolean;
  masked: boolean;
}

export function columnsOf(outputs: Outputs, { decoder }: Manifest): Table {
  const [count, time, features] = outputs.shape as [number, number, number];
  const channel = (number: number): Float32Array =>
    Float32Array.from({ length: count * time }, (_, row) => outputs.data[row * features + number]!);
  const described = describedBy(decoder.columns);
  const varying = described.filter(({ constant }) => constant === null);
  const masked = described.filter((column) => column.masked);
  const columns = varying.length + masked.length === features ? described : plain(features, decoder.names);
  let next = 0;
  const values = columns.map(({ constant, whole }) => {
    if (constant !== null) return new Float32Array(count * time).fill(constant);
    const own = channel(next++);
    return whole ? own.map(Math.round) : own;
  });
  columns.forEach((column, place) => {
    if (!column.masked) return;
    const present = channel(next++); // the masks follow the values, in the order of the columns
    values[place] = values[place]!.map((value, row) => (present[row]! >= 0.5 ? value : NaN));
  });
  return { names: columns.map(({ name }) => name), constant: columns.map(({ constant }) => constant !== null), values, count, time };
}

function describedBy(columns: unknown): Column[] {
  if (!Array.isArray(columns)) return [];
  return columns.map((given) => {
    const { name, constant, whole, masked } = Object(given) as Partial<Column>;
    return {
      name: String(name), whole: whole === true, masked: masked === true,
      constant: typeof constant === "number" ? constant : null,
    };
  });
}

/** Columns of a domain that this page does not know. */
function plain(features: number, names: unknown): Column[] {
  const known = Array.isArray(names) && names.length === features ? names.map(String) : [];
  return Array.from({ length: features }, (_, i) => ({ name: known[i] ?? `feature ${i + 1}`, constant: null, whole: false, masked: false }));
}

/** All samples in one table, with a column that counts them. */
export function toCsv({ names, values, count, time }: Table): string {
  const quoted = (text: string): string => (/[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const lines = [["sample", ...names].map(quoted).join(",")];
  for (let row = 0; row < count * time; row++) {
    const numbers = values.map((column) => (Number.isNaN(column[row]!) ? "" : shortest(column[row]!)));
    lines.push([String(Math.floor(row / time) + 1), ...numbers].join(","));
  }
  return `${lines.join("\n")}\n`;
}

/** The fewest digits that give the same float32 again. */
function shortest(value: number): string {
  const precision = [6, 7, 8].find((digits) => Math.fround(Number(value.toPrecision(digits))) === value) ?? 9;
  return String(Number(value.toPrecision(precision)));
}
