"""Writes Standard MIDI Files (format 1) with numpy alone: what decodes a model's samples needs no parser."""

from __future__ import annotations

import struct
from typing import Final

from rgan_kit_plugins.domains.music.metres import UNIT
from rgan_kit_plugins.domains.music.notes import DRUMS, Piece

TICKS_PER_BEAT: Final = 480
_DRUM_CHANNEL: Final = 9
_CHANNELS: Final = 16
_END: Final = b"\xff\x2f\x00"
_MOST_DELTA: Final = 2**28 - 1
_MOST_TEMPO: Final = 2**24 - 1

Message = tuple[int, bytes]
"""Tick and content."""


def to_midi(piece: Piece, name: str = "", key: tuple[int, int] | None = None) -> bytes:
    """A file of one track with tempos and metres and one for each that the piece uses.

    Args:
        piece: its notes may not overlap within a pitch and track; ``steps_per_beat`` divides 480.
        name: of the whole.
        key: sharps (flats below zero), and 1 for minor.
    """
    ticks = TICKS_PER_BEAT // piece.steps_per_beat
    text = name.encode()[:120]
    head: list[Message] = [(0, b"\xff\x03" + bytes([len(text)]) + text)] if text else []
    for step, tempo in ((0, piece.tempo), *piece.tempos):
        microseconds = min(round(60e6 / tempo), _MOST_TEMPO)
        head.append((step * ticks, b"\xff\x51\x03" + microseconds.to_bytes(3, "big")))
    if key is not None:
        head.append((0, b"\xff\x59\x02" + struct.pack(">bB", *key)))
    for units, metre in piece.exact_metres:
        signature = bytes([metre.numerator, metre.denominator.bit_length() - 1, 24, 8])
        head.append((units * TICKS_PER_BEAT // UNIT, b"\xff\x58\x04" + signature))
    tracks = [_track(sorted(head, key=lambda message: message[0]), piece.length * ticks)]
    melodic = 0
    for track in sorted({note.track for note in piece.notes}):
        program = piece.program(track)
        channel = _DRUM_CHANNEL
        if program != DRUMS:
            channel = melodic % (_CHANNELS - 1)
            channel, melodic = channel + (channel >= _DRUM_CHANNEL), melodic + 1
        tracks.append(_track(_messages(piece, track, ticks, channel, program % DRUMS), piece.length * ticks))
    return b"MThd" + struct.pack(">IHHH", 6, 1, len(tracks), TICKS_PER_BEAT) + b"".join(tracks)


def _messages(piece: Piece, track: int, ticks: int, channel: int, program: int) -> list[Message]:
    """Messages by tick; where a note ends as another begins, the end goes first."""
    timed: list[tuple[int, int, bytes]] = []
    for note in piece.notes:
        if note.track == track:
            on = bytes([0x90 | channel, note.pitch, note.velocity])
            timed.append((note.start * ticks, 1, on))
            timed.append(((note.start + note.duration) * ticks, 0, bytes([0x80 | channel, note.pitch, 0])))
    timed.sort(key=lambda event: event[:2])
    return [(0, bytes([0xC0 | channel, program])), *((tick, message) for tick, _, message in timed)]


def _track(messages: list[Message], end: int) -> bytes:
    parts, now = [], 0
    for tick, message in [*messages, (max([end, *(tick for tick, _ in messages)]), _END)]:
        parts += [_variable_length(tick - now), message]
        now = tick
    content = b"".join(parts)
    return b"MTrk" + struct.pack(">I", len(content)) + content


def _variable_length(number: int) -> bytes:
    """Seven bits a byte, the first ones first; all but the last have their highest bit set."""
    number = min(number, _MOST_DELTA)
    digits = [number & 0x7F]
    while number := number >> 7:
        digits.append(0x80 | (number & 0x7F))
    return bytes(reversed(digits))
