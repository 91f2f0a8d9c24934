/**
 * The metadata of an ONNX file. onnxruntime-web does not hand it out, so it is read from the bytes: a file is a
 * protobuf message `ModelProto`, whose field 14 `metadata_props` repeats messages of a key (1) and a value (2).
 */

import { Problem } from "./problem";

const METADATA_PROPS = 14;
const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

interface Field {
  number: number;
  /** Empty for fields that are numbers, of which none is needed here. */
  bytes: Uint8Array;
}

/** All of it, by key. */
export function readMetadata(file: Uint8Array): Map<string, string> {
  const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  const found = new Map<string, string>();
  try {
    for (const { number, bytes } of fields(file)) {
      if (number !== METADATA_PROPS) continue;
      const pair = new Map([...fields(bytes)].map((each) => [each.number, text.decode(each.bytes)]));
      found.set(pair.get(1) ?? "", pair.get(2) ?? "");
    }
  } catch {
    throw new Problem("This is not an ONNX file, or it is cut short.", "Choose a file that “rgankit export” has written.");
  }
  return found;
}

/** The fields of a message in order. Throws a RangeError where the bytes are no message. */
function* fields(bytes: Uint8Array): Generator<Field> {
  let at = 0;

  function varint(): number {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = bytes[at++];
      if (byte === undefined) break;
      value += (byte & 0x7f) * 2 ** shift; // numbers of 53 bits are exact, longer ones are not looked at
      if (byte < 0x80) return value;
    }
    throw new RangeError("no number");
  }

  function take(length: number): Uint8Array {
    if (length > bytes.length - at) throw new RangeError("cut short");
    at += length;
    return bytes.subarray(at - length, at);
  }

  while (at < bytes.length) {
    const tag = varint();
    const number = Math.floor(tag / 8);
    const none = bytes.subarray(0, 0);
    if (number === 0) throw new RangeError("no field");
    switch (tag % 8) {
      case VARINT:
        varint();
        yield { number, bytes: none };
        break;
      case FIXED64:
        take(8);
        yield { number, bytes: none };
        break;
      case BYTES:
        yield { number, bytes: take(varint()) };
        break;
      case FIXED32:
        take(4);
        yield { number, bytes: none };
        break;
      default:
        throw new RangeError("no type of field");
    }
  }
}
