"""From a user's path to recordings in a store: what was read, what was refused and why, and what is not as it was."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import numpy as np

from rgan_kit.contracts import DataError, DeviceError, Tally
from rgan_kit.files import Answer, Fingerprint, Question, Sandbox, UnreadableError, by_number, nothing_usable
from rgan_kit_plugins.domains.frames.ends import End
from rgan_kit_plugins.domains.frames.preparation import Preparation
from rgan_kit_plugins.domains.frames.signatures import Kind
from rgan_kit_plugins.domains.frames.sources import Source, Sources
from rgan_kit_plugins.domains.frames.store import FrameStore

PROGRAM: Final = Path(__file__).with_name("worker.py")
MOST_MEMORY: Final = 2**32

_LIBRARIES: Final[dict[Kind, tuple[str, str]]] = {
    "video": ("av", "video"),
    "animation": ("PIL", "video"),
    "picture": ("PIL", "images"),
}
_HALF: Final = 0.5


@dataclass(frozen=True)
class Recording:
    """Frames that belong together.

    Attributes:
        name: of its file, with its number where the file has several.
        start, count: its frames in the store.
        source: what it was read from.
        end: what its file says.
    """

    name: str
    start: int
    count: int
    source: Source
    end: End = field(default_factory=End)


@dataclass(frozen=True)
class Recordings:
    """What was read.

    Attributes:
        recordings: in the order of the files' names.
        left_out: files that are not read, and why.
        fingerprint: SHA-256 (hex) of the contents of all files that were read.
    """

    recordings: list[Recording]
    left_out: Mapping[str, str] = field(default_factory=dict)
    fingerprint: str = ""

    def tallies(self, preparation: Preparation) -> list[Tally]:
        """What was lost on the way from the files to frames."""
        lost = sum(recording.end.lost for recording in self.recordings)
        reasons = sorted({f"{r.name}: {r.end.why_lost}" for r in self.recordings if r.end.lost})
        more = f", and {len(reasons) - 1:,} more" if len(reasons) > 1 else ""
        total = lost + sum(recording.count for recording in self.recordings)
        sizes = [recording.end.size for recording in self.recordings if all(recording.end.size)]
        cropped = sum(preparation.kept(*size) < _HALF for size in sizes)
        return [
            Tally("frames", f"not read ({reasons[0] if reasons else ''}{more})", lost, total),
            Tally(
                "recordings", "cut by more than half, as their shape is another", cropped, len(sizes),
                "whole but squeezed: --set domain.crop=none; or give domain.height and domain.width their shape",
            ),
        ]  # fmt: skip

    def notes(self) -> dict[str, str]:
        """What a user may want to know, or to be asked."""
        notes = {}
        offers = list(dict.fromkeys(offer for recording in self.recordings for offer in recording.end.offers))
        if offers:
            first = offers[0].partition(" ")[0]
            notes["classes offered"] = f"{', '.join(offers)}; take one with --set domain.labels={first}"
        strips = [r for r in self.recordings if r.source.kind == "picture" and _frames_in_strip(r.end.size) > 1]
        if strips and 2 * len(strips) > sum(r.source.kind == "picture" for r in self.recordings):
            height, width = strips[0].end.size
            notes["film strips?"] = (
                f"{len(strips):,} pictures such as {strips[0].name} ({width} × {height}) are shaped like strips of "
                f"frames; if they are: --domain video --set domain.strip={_frames_in_strip(strips[0].end.size)}"
            )
        return notes


def read(sources: Sources, preparation: Preparation, store: FrameStore, seconds: float) -> Recordings:
    """Decodes everything that was found into a store.

    Args:
        sources: at a path.
        preparation: of every frame.
        store: to put them into.
        seconds: that a file may take.

    Raises:
        DataError: no file can be used, or there is no room for the frames.
        DeviceError: a library is not installed.
    """
    need(source.kind for source in sources.sources)
    recordings: list[Recording] = []
    left_out = dict(sources.left_out)
    mark = Fingerprint()
    requests = [request_for(source, preparation) for source in sources.sources]
    with Sandbox(PROGRAM, seconds=seconds, memory=MOST_MEMORY, maps=True) as sandbox:
        for source, answers in zip(sources.sources, sandbox.each(requests), strict=True):
            before = len(store)
            try:
                mine = _into_store(source, answers, store)
                digest = Fingerprint()
                for file in source.files:
                    digest.add_file(file)
            except UnreadableError as error:
                store.cut(before)
                left_out[source.name] = str(error)
                continue
            recordings += mine
            mark.add_digest(bytes.fromhex(digest.hex()))
    if not recordings:
        if sources.path.is_dir():
            raise nothing_usable(sources.path, left_out)
        raise DataError(f"{sources.path}: {', '.join(left_out.values())}.")
    return Recordings(recordings, left_out, mark.hex())


def request_for(source: Source, preparation: Preparation) -> Question:
    """What the decoding process is asked about a source."""
    files = [str(file.absolute()) for file in source.files]
    return Question({"kind": source.kind, "files": files, "preparation": asdict(preparation)})


def need(kinds: Iterable[Kind]) -> None:
    """Raises ``DeviceError`` where a library for these kinds of file is not installed; names the extra."""
    for kind in sorted(set(kinds) & set(_LIBRARIES)):
        module, extra = _LIBRARIES[kind]
        if find_spec(module) is None:
            library = {"av": "PyAV", "PIL": "Pillow"}[module]
            raise DeviceError(
                f"A {kind} file needs {library}, which this environment does not have.",
                f'Install it with: pip install "rgan-kit[{extra}]"',
            )


def _into_store(source: Source, answers: Iterable[Answer], store: FrameStore) -> list[Recording]:
    """Frames into the store; the answers may come from a process that a file has taken over."""
    ends: list[End] = []
    starts = [len(store)]
    try:
        for answer in answers:
            if "frames" in answer.header:
                store.append(np.frombuffer(answer.payload, np.uint8).reshape(answer.header["frames"], *store.shape))
            else:
                ends.append(End(**answer.header["end"]))
                starts.append(len(store))
    except (ValueError, TypeError, KeyError):
        raise UnreadableError("the decoder answers with something else than it was asked for") from None
    if len(store) == starts[0]:
        raise UnreadableError("there is no frame in it")
    recordings = [
        Recording(
            source.name if len(ends) == 1 else f"{source.name}[{number}]",
            starts[number],
            starts[number + 1] - starts[number],
            source,
            end,
        )
        for number, end in enumerate(ends)
    ]
    return [recording for recording in recordings if recording.count]


def _frames_in_strip(size: tuple[int, int]) -> int:
    """How many squares lie side by side in a picture; 1 where they do not come out even, or are no row."""
    short, long = min(size), max(size)
    return long // short if short and long % short == 0 and long >= 3 * short else 1


def classes(recordings: Sequence[Recording], wanted: str) -> tuple[tuple[str, ...], np.ndarray | None]:
    """Names of the classes, and int64 ``[recordings]``, the class of each; no names and None where there are none.

    Args:
        recordings: all of them.
        wanted: ``auto`` for what the files say, else their folders; ``none``; ``folder``; or the array that was read.

    Raises:
        DataError: the classes asked for are not there; names a recording without one.
    """
    if wanted == "none":
        return (), None
    named = [recording.end.label or "" for recording in recordings]
    folders = [recording.source.folder for recording in recordings]
    if wanted == "auto":
        labels = named if all(named) else folders
        if not all(labels) or not 1 < len(set(labels)) <= len(labels) / 2:
            return (), None
    else:
        labels = folders if wanted == "folder" else named
        if not all(labels):
            bare = recordings[labels.index("")].name
            where = "lies in no folder" if wanted == "folder" else "says none"
            raise DataError(f"{bare}: its class is not known, because it {where}.", "Or set domain.labels to none.")
    names = sorted(set(labels), key=by_number)
    places = {name: place for place, name in enumerate(names)}
    return tuple(names), np.array([places[label] for label in labels], np.int64)
