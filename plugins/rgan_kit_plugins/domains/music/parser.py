"""A program of its own, which ``rgan_kit.files.Sandbox`` runs: parses scores that it is sent.

It runs apart because malformed files have crashed the parser: what goes down here is one file and not a training. It
opens no file itself. It does without numpy, whose import would take longer than parsing hundreds of files.

A request is ``{"kind": "midi"}`` or ``{"kind": "abc"}`` with the file's content. Each answer is one score: a header as
``songs.song_of`` reads it, and of all notes time and duration as int32, pitch and velocity as uint8. What the parser
does not take (RIFF around it, several songs in one file, times in seconds, values out of range, an end that is missing)
is repaired on the bytes first, and counted; so are notes without an end, which it drops.
"""

from __future__ import annotations

import struct
import sys
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

MOST_NOTES: Final = 500_000
_MOST_TRACKS: Final = 65_536
_MOST_CHANGES: Final = 10_000
_MOST_PRESSES: Final = 100_000
_MOST_WORDS: Final = 300
_SEARCHED: Final = 2**16
_TOO_MANY: Final = 0.1  # of a file's messages: where so many are out of range it is no music
_DATA_BYTES: Final = {0x8: 2, 0x9: 2, 0xA: 2, 0xB: 2, 0xC: 1, 0xD: 1, 0xE: 2}
_END: Final = b"\x00\xff\x2f\x00"
_FAR: Final = 2**27  # ticks; every note that is read ends long before
_WAIT: Final = b"\xff\x01\x00\xc0\x80\x80\x00"  # an empty text, and so many ticks
_STRIKES: Final = [bytes([0x90 | channel]) for channel in range(16)]
_RELEASES: Final = [
    bytes([0x80 | channel]) + b"\x00".join(bytes([pitch, 0]) for pitch in range(128)) + b"\x00" for channel in range(16)
]
_TEMPO: Final = 0x51


class UnusableError(Exception):
    """A file that holds no score, in words for its user."""


def load_core() -> None:
    """Loads symusic's parser without what its package loads beside it, a downloader of sound fonts, which takes longer
    than everything else here together."""
    from importlib.util import find_spec, module_from_spec

    spec = find_spec("symusic")
    if spec is None:
        raise ImportError("symusic is not installed")
    sys.modules["symusic"] = module_from_spec(spec)
    import symusic.core  # noqa: F401


def load_package() -> None:
    """Loads all of symusic, which then knows where its ABC parser lies."""
    if not hasattr(sys.modules["symusic"], "Score"):
        del sys.modules["symusic"]
        import symusic  # noqa: F401


load_core()


def answer(request: dict[str, Any], content: bytes) -> Iterator[tuple[dict[str, Any], bytes]]:
    """The scores in a file."""
    from symusic.core import ScoreTick

    if request["kind"] == "abc":
        load_package()
        yield _described(ScoreTick.from_abc(content.decode("utf-8", "replace")), {}, accented=True)
        return
    said = ""
    if content[:4] == b"MThd" and content[8:10] in (b"\x00\x00", b"\x00\x01") and content[12:13] < b"\x80":
        try:
            score = ScoreTick.from_midi(released(content))
            if score.end() < _FAR:
                yield _described(score, {})
                return
        except Exception as error:  # whatever the parser says to whatever a file holds
            said = " ".join(str(error).split())
    for piece, struck, repairs in repaired(content, said):
        score = ScoreTick.from_midi(piece)
        if struck > score.note_num():
            repairs["endless"] = struck - score.note_num()
        yield _described(score, repairs)


def describe(error: Exception) -> str:
    """Why a file cannot be used."""
    if isinstance(error, MemoryError):
        return "it takes more memory to parse than a score should"
    if isinstance(error, UnusableError):
        return str(error)
    if "abc" in str(error).lower():  # it names its own temporary files
        return "it is no tune in ABC notation that the parser understands"
    return f"it cannot be parsed ({' '.join(str(error).split())[:_MOST_WORDS]})"


def _described(score: Any, repairs: dict[str, int], *, accented: bool = False) -> tuple[dict[str, Any], bytes]:
    if score.note_num() > MOST_NOTES or len(score.tracks) > _MOST_TRACKS:
        raise UnusableError(f"more than {MOST_NOTES:,} notes or {_MOST_TRACKS:,} tracks")
    tracks = [track for track in score.tracks if len(track.notes)]
    keys = score.key_signatures
    header = {
        "ticks_per_beat": score.ticks_per_quarter,
        "metres": [[each.time, each.numerator, each.denominator] for each in score.time_signatures[:_MOST_CHANGES]],
        "tempos": [[tempo.time, min(tempo.qpm, 1e9)] for tempo in score.tempos[:_MOST_CHANGES]],
        "key": [keys[0].key, keys[0].tonality] if len(keys) else None,
        "tracks": [[track.program, bool(track.is_drum), len(track.notes), _name(track)] for track in tracks],
        "pedals": [
            [number, press.time, press.time + press.duration]
            for number, track in enumerate(tracks)
            for press in track.pedals[:_MOST_PRESSES]
        ],
        "repairs": repairs,
        "accented": accented,
    }
    notes = [note for track in tracks for note in track.notes]
    times = struct.pack(f"<{len(notes)}i", *[note.time for note in notes])
    durations = struct.pack(f"<{len(notes)}i", *[note.duration for note in notes])
    pitches, velocities = bytes([note.pitch for note in notes]), bytes([note.velocity for note in notes])
    return header, times + durations + pitches + velocities


def _name(track: Any) -> str:
    try:
        return str(track.name)[:100]
    except UnicodeDecodeError:
        return ""


def released(content: bytes) -> bytes:
    """The file with an end behind all others for every note that has none, by which one knows that there are such."""
    place = 8 + int.from_bytes(content[4:8], "big")
    parts = [content[:place]]
    while place + 8 <= len(content):
        end = place + 8 + int.from_bytes(content[place + 4 : place + 8], "big")
        if end > len(content):
            break
        kind, track = content[place : place + 4], content[place + 8 : end]
        if track[-3:] == _END[1:]:  # what stands before is its time, which now goes to an empty text
            own = [release for strike, release in zip(_STRIKES, _RELEASES, strict=True) if strike in track]
            track = b"".join([track[:-3], _WAIT, *own, _END[1:]])
        parts += [kind, struct.pack(">I", len(track)), track]
        place = end
    return b"".join([*parts, content[place:]])


def repaired(content: bytes, said: str = "") -> Iterator[tuple[bytes, int, dict[str, int]]]:
    """The songs in a file as plain files of format 1 with values in range; how many notes begin in each, and what was
    repaired.

    Args:
        content: a Standard MIDI File, perhaps in RIFF (``.rmi``) or behind something else.
        said: by the parser, where it has refused the file as it is.

    Raises:
        UnusableError: there is no song in it.
    """
    start = content.find(b"MThd", 0, _SEARCHED)
    if start < 0 or len(content) < start + 14:
        raise UnusableError("it cannot be parsed (there is no MIDI header in it)")
    size, form, _, division = struct.unpack_from(">IHHh", content, start + 4)
    seconds = division < 0
    if seconds:  # frames a second and ticks a frame: a beat of half a second, at 120 a minute, whatever tempos say
        division = -(division >> 8) * (division & 0xFF) // 2
    if form > 2 or division < 1:
        raise UnusableError(f"it cannot be parsed ({said or f'format {form}, {division} ticks a beat'})")
    tracks, struck, counts = [], [], Counter[str]()
    for track, whole in _tracks(content, start + 8 + size):
        own: Counter[str] = Counter() if whole else Counter({"broken off": 1})
        tracks.append(_tidy(track, own, keeps_tempo=not seconds))
        struck.append(own.pop("struck", 0))
        counts += own
    if not tracks:
        raise UnusableError(f"it cannot be parsed ({said or 'there is no track in it'})")
    if counts["clamped"] > max(3, _TOO_MANY * counts["messages"]):
        raise UnusableError("it cannot be parsed (most of its values are out of range)")
    repairs = {fate: count for fate, count in counts.items() if fate != "messages"}
    songs = (
        [([track], own) for track, own in zip(tracks, struck, strict=True)] if form == 2 else [(tracks, sum(struck))]
    )
    for song, notes in songs:
        head = struct.pack(">IHHH", 6, 1, len(song), min(division, 0x7FFF))
        yield b"MThd" + head + b"".join(b"MTrk" + struct.pack(">I", len(each)) + each for each in song), notes, repairs
        repairs = {}


def _tracks(content: bytes, place: int) -> Iterator[tuple[bytes, bool]]:
    """The content of every track, and whether it is all there."""
    while place + 8 <= len(content):
        kind, size = content[place : place + 4], int.from_bytes(content[place + 4 : place + 8], "big")
        end = place + 8 + size
        if kind == b"MTrk":
            yield content[place + 8 : end], end <= len(content)
        place = end


def _tidy(track: bytes, counts: Counter[str], *, keeps_tempo: bool) -> bytes:
    """A track's messages with values clamped to 0 to 127, up to where it makes no sense any more. Running status is
    written out, and what is no music to us (system messages) goes without its time getting lost."""
    parts: list[bytes] = []
    place, waited, status = 0, 0, 0
    try:
        while place < len(track):
            wait, place = _number(track, place)
            waited += wait
            if track[place] >= 0x80:
                status, place = track[place], place + 1
            if status == 0xFF:
                kind = track[place]
                size, place = _number(track, place + 1)
                text, place = track[place : place + size], place + size
                if kind == 0x2F:
                    break
                if kind != _TEMPO or keeps_tempo:
                    parts.append(_delta(waited) + bytes([0xFF, kind]) + _delta(len(text)) + text)
                    waited = 0
            elif status >= 0xF0:
                size, place = _number(track, place)
                place += size
            elif status >= 0x80:
                data = track[place : place + _DATA_BYTES[status >> 4]]
                place += len(data)
                if len(data) < _DATA_BYTES[status >> 4]:
                    raise IndexError
                counts["messages"] += 1
                counts["struck"] += status >> 4 == 0x9 and data[1] > 0
                counts["clamped"] += sum(byte > 127 for byte in data)
                parts.append(_delta(waited) + bytes([status, *(min(byte, 127) for byte in data)]))
                waited = 0
            else:
                raise IndexError
    except IndexError:
        counts["broken off"] = 1
    return b"".join(parts) + _delta(waited) + _END[1:]


def _number(track: bytes, place: int) -> tuple[int, int]:
    """A number of variable length, and the place behind it; at most four bytes."""
    number = 0
    for _ in range(4):
        byte = track[place]
        number, place = number << 7 | byte & 0x7F, place + 1
        if byte < 0x80:
            return number, place
    raise IndexError


def _delta(number: int) -> bytes:
    """Seven bits a byte, the first ones first; all but the last have their highest bit set."""
    number = min(number, 2**28 - 1)
    digits = [number & 0x7F]
    while number := number >> 7:
        digits.append(0x80 | number & 0x7F)
    return bytes(reversed(digits))
