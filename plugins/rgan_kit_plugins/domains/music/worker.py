"""A program of its own: parses scores that its standard input brings, and writes what it finds to standard output.

It runs apart because malformed files have crashed the parser: what goes down here is one file and not a training. It
opens no file itself, and its memory is capped. It does without numpy, whose import would take longer than parsing
hundreds of files.

Frames both ways: a byte that says what follows, its size as uint64, and the content. In: ``m`` (MIDI) or ``a`` (ABC).
Out: ``r`` once (ready), then for each score ``s``, as ``frame_of`` packs it, or ``e``, why not.
"""

from __future__ import annotations

import json
import os
import struct
import sys
from typing import Any, BinaryIO, Final

FRAME: Final = struct.Struct("<cQ")
MOST_MEMORY: Final = 2 * 2**30
MOST_NOTES: Final = 500_000
_MOST_TRACKS: Final = 65_536
_MOST_WORDS: Final = 300
_MOST_TEMPOS: Final = 10_000


def limit_memory() -> None:
    """Caps the address space, where the system can."""
    try:
        import resource
    except ImportError:
        return
    most = resource.getrlimit(resource.RLIMIT_AS)[1]
    cap = MOST_MEMORY if most == resource.RLIM_INFINITY else min(most, MOST_MEMORY)
    resource.setrlimit(resource.RLIMIT_AS, (cap, most))
    resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))


def frame_of(score: Any) -> bytes:
    """A parsed score: the size of a JSON head, the head, and of all notes time and duration as int32, pitch and
    velocity as uint8.

    Raises:
        ValueError: it has more notes or tracks than anyone wants.
    """
    if score.note_num() > MOST_NOTES or len(score.tracks) > _MOST_TRACKS:
        raise ValueError(f"more than {MOST_NOTES:,} notes or {_MOST_TRACKS:,} tracks")
    tracks = [track for track in score.tracks if len(track.notes)]
    metre = score.time_signatures[0] if len(score.time_signatures) else None
    head = {
        "ticks_per_beat": score.ticks_per_quarter,
        "metre": [metre.numerator, metre.denominator] if metre else [4, 4],
        "tempos": [[tempo.time, tempo.qpm] for tempo in score.tempos[:_MOST_TEMPOS]],
        "tracks": [[track.program, bool(track.is_drum), len(track.notes)] for track in tracks],
    }
    notes = [note for track in tracks for note in track.notes]
    times = struct.pack(f"<{len(notes)}i", *[note.time for note in notes])
    durations = struct.pack(f"<{len(notes)}i", *[note.duration for note in notes])
    pitches, velocities = bytes([note.pitch for note in notes]), bytes([note.velocity for note in notes])
    text = json.dumps(head).encode()
    return struct.pack("<I", len(text)) + text + times + durations + pitches + velocities


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


def answer(kind: bytes, content: bytes) -> tuple[bytes, bytes]:
    """What to say to one score."""
    from symusic.core import ScoreTick

    try:
        if kind == b"m":
            score = ScoreTick.from_midi(content)
        else:
            load_package()
            score = ScoreTick.from_abc(content.decode("utf-8", "replace"))
        return b"s", frame_of(score)
    except MemoryError:
        return b"e", b"takes more memory to parse than a score should"
    except Exception as error:  # whatever the parser says to whatever a file holds
        if kind == b"a":
            return (
                b"e",
                b"it is no tune in ABC notation that the parser understands",
            )  # it names its own temporary files
        return b"e", " ".join(str(error).split())[:_MOST_WORDS].encode("utf-8", "replace")


def serve(incoming: BinaryIO, outgoing: BinaryIO) -> None:
    """Answers until there is nothing more to read."""
    load_core()
    limit_memory()
    outgoing.write(FRAME.pack(b"r", 0))
    outgoing.flush()
    while len(head := incoming.read(FRAME.size)) == FRAME.size:
        kind, size = FRAME.unpack(head)
        said, content = answer(kind, incoming.read(size))
        outgoing.write(FRAME.pack(said, len(content)) + content)
        outgoing.flush()


def main() -> None:
    """Keeps standard output for frames: the ABC parser prints to it."""
    outgoing = os.fdopen(os.dup(1), "wb")
    with open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - pathlib would cost its import
        os.dup2(nowhere.fileno(), 1)
        os.dup2(nowhere.fileno(), 2)
    serve(sys.stdin.buffer, outgoing)


if __name__ == "__main__":
    main()
