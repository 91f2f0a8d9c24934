"""The protobuf wire format, read without trust: bounds checked, depth and work limited, nothing copied or guessed.

The format is the one of https://protobuf.dev/programming-guides/encoding. This reader is stricter than protobuf's own,
so that the two can never see different things in one file: unknown fields, a field of another type than its own,
groups, and a second value of a field that has one are all refused.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

MAX_DEPTH: Final = 100
"""Messages within messages; protobuf's own limit."""

MAX_FIELDS: Final = 200_000
"""Fields read in all (a network of 100 operations has about 2,000): what bounds the time, however a file is made."""


class WireError(ValueError):
    """Bytes that are not such a message."""


class Wire(IntEnum):
    """Wire types; 3 and 4 are groups, long out of use."""

    VARINT = 0
    FIXED64 = 1
    BYTES = 2
    FIXED32 = 5


class Kind(IntEnum):
    """How the value of a field is read."""

    INTEGER = 0  # int64, int32 or an enumeration
    FLOAT = 1
    TEXT = 2
    BYTES = 3  # a view
    MESSAGE = 4
    VARINTS = 5  # repeated numbers, left as views: there may be millions
    FLOATS = 6
    DOUBLES = 7
    IGNORED = 8  # documentation and annotations


_WIRES: Final[dict[Kind, Wire]] = {
    Kind.INTEGER: Wire.VARINT,
    Kind.FLOAT: Wire.FIXED32,
    Kind.TEXT: Wire.BYTES,
    Kind.BYTES: Wire.BYTES,
    Kind.MESSAGE: Wire.BYTES,
    Kind.VARINTS: Wire.VARINT,
    Kind.FLOATS: Wire.FIXED32,
    Kind.DOUBLES: Wire.FIXED64,
    Kind.IGNORED: Wire.BYTES,
}
_PACKABLE: Final = {Kind.INTEGER, Kind.VARINTS, Kind.FLOATS, Kind.DOUBLES}


@dataclass(frozen=True)
class Field:
    """A field of a message: its name, how it is read, whether it may come more than once, and the message it holds."""

    name: str
    kind: Kind
    repeated: bool = False
    message: str = ""


@dataclass(frozen=True)
class Schema:
    """A message: its fields by number, and what makes an object of their values."""

    fields: Mapping[int, Field]
    build: Callable[[dict[str, Any]], Any]


def varint(view: memoryview, position: int) -> tuple[int, int]:
    """An unsigned number of at most 64 bits, and the position after it."""
    value = shift = 0
    while True:
        if position >= len(view):
            raise WireError("it ends within a number")
        byte = view[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
        shift += 7
        if shift > 63:
            raise WireError("a number is longer than 64 bits")
    if value >> 64:
        raise WireError("a number is longer than 64 bits")
    return value, position


def signed(value: int) -> int:
    """An int64 from its two's complement."""
    return value - (1 << 64) if value >> 63 else value


def count_varints(view: memoryview) -> int:
    """How many numbers these bytes hold: the last byte of each is below 128."""
    piece = 1 << 20  # the mask of a large tensor must not take as much memory as the tensor
    return sum(
        int(np.count_nonzero(np.frombuffer(view[start : start + piece], np.uint8) < 0x80))
        for start in range(0, len(view), piece)
    )


@dataclass
class Reader:
    """Reads one file's messages; counts the fields as it goes.

    Attributes:
        schemas: every message by name.
        fields_left: how many fields may still be read.
    """

    schemas: Mapping[str, Schema]
    fields_left: int = MAX_FIELDS

    def read(self, view: memoryview, message: str, depth: int = 0) -> Any:
        """What the message's schema builds from these bytes.

        Raises:
            WireError: they are not such a message.
        """
        if depth > MAX_DEPTH:
            raise WireError(f"messages are nested more than {MAX_DEPTH} deep")
        schema = self.schemas[message]
        values: dict[str, Any] = {}
        for number, wire, value in self._raw(view):
            field = schema.fields.get(number)
            if field is None:
                raise WireError(f"{message} has a field {number}, which this version does not know")
            if field.kind is Kind.IGNORED and wire is Wire.BYTES:
                continue
            found = self._values(field, wire, value, depth, message)
            if field.repeated:
                values.setdefault(field.name, []).extend(found)
            elif field.name in values:
                raise WireError(f"{message} has two values of {field.name}")
            else:
                (values[field.name],) = found
        return schema.build(values)

    def _raw(self, view: memoryview) -> Iterator[tuple[int, Wire, memoryview]]:
        """Fields as number, wire type and the bytes of the value."""
        position = 0
        while position < len(view):
            self._spend()
            tag, position = varint(view, position)
            number, wire = tag >> 3, tag & 7
            if not 0 < number < 1 << 29:
                raise WireError(f"there is no field {number}")
            start = position
            if wire == Wire.VARINT:
                _, position = varint(view, position)
            elif wire == Wire.BYTES:
                size, start = varint(view, position)
                position = start + size
            elif wire in (Wire.FIXED64, Wire.FIXED32):
                position += 8 if wire == Wire.FIXED64 else 4
            else:
                raise WireError(f"field {number} has wire type {wire}")
            if position > len(view):
                raise WireError(f"field {number} reaches {position - len(view)} bytes beyond its end")
            yield number, Wire(wire), view[start:position]

    def _spend(self) -> None:
        self.fields_left -= 1
        if self.fields_left < 0:
            raise WireError(f"it has more than {MAX_FIELDS:,} fields")

    def _values(self, field: Field, wire: Wire, value: memoryview, depth: int, message: str) -> list[Any]:
        packed = wire is Wire.BYTES and field.repeated and field.kind in _PACKABLE
        if wire is not _WIRES[field.kind] and not packed:
            raise WireError(f"{message}.{field.name} has wire type {wire}")
        match field.kind:
            case Kind.INTEGER:
                return self._integers(value)
            case Kind.FLOAT:
                return [struct.unpack("<f", value)[0]]
            case Kind.TEXT:
                return [_text(value, f"{message}.{field.name}")]
            case Kind.MESSAGE:
                return [self.read(value, field.message, depth + 1)]
            case Kind.BYTES | Kind.IGNORED:
                return [value]
            case _:
                return [_whole(value, field.kind, f"{message}.{field.name}")]

    def _integers(self, view: memoryview) -> list[int]:
        result, position = [], 0
        while position < len(view):
            self._spend()
            value, position = varint(view, position)
            result.append(signed(value))
        return result


def _whole(view: memoryview, kind: Kind, where: str) -> memoryview:
    """Packed numbers, if the last of them is whole."""
    if kind is Kind.VARINTS:
        ragged = len(view) > 0 and view[-1] >= 0x80
    else:
        ragged = len(view) % (4 if kind is Kind.FLOATS else 8) != 0
    if ragged:
        raise WireError(f"{where} ends within a number")
    return view


def _text(view: memoryview, where: str) -> str:
    try:
        return str(view, "utf-8")
    except UnicodeDecodeError as error:
        raise WireError(f"{where} is not UTF-8 ({error.reason} at byte {error.start})") from None
