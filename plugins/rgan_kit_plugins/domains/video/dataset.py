"""From options and a path (or none) to a data set of clips."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from rgan_kit.contracts import DataError, Dataset, FrameSpec, TooLittleError
from rgan_kit.files import Spans, length_shares
from rgan_kit_plugins.domains.frames.clips import FEWEST_RECORDINGS, Clips, cut
from rgan_kit_plugins.domains.frames.preparation import Preparation
from rgan_kit_plugins.domains.frames.recordings import Recording, Recordings, classes, read
from rgan_kit_plugins.domains.frames.sources import find_sources
from rgan_kit_plugins.domains.frames.store import FrameStore
from rgan_kit_plugins.domains.video import embedded
from rgan_kit_plugins.domains.video.decoder import KINDS, VideoDecoder
from rgan_kit_plugins.domains.video.options import VideoOptions

FEWEST_SAMPLES: Final = 10

_LENGTH: Final = 16
_LONGEST_WHOLE: Final = 2 * _LENGTH
_FPS: Final = 10.0
_SLOWEST: Final = 0.1


def load(options: VideoOptions, path: Path | None, seed: int) -> Dataset:
    """Reads clips, or draws moving shapes where ``path`` is None.

    Raises:
        DataError: nothing can be read, or too little; names files and reasons.
        DeviceError: a library that the files need is not installed.
        UsageError: the options do not suit the moving shapes.
    """
    if path is None:
        return embedded.load(options, seed)
    preparation = options.preparation()
    store = options.store(preparation)
    sources = find_sources(path, KINDS, options, pictures_are_frames=not options.strip)
    read_in = read(sources, preparation, store, options.seconds_a_file)
    notes = read_in.notes()
    if sources.parts and not options.held_out:
        notes["held out?"] = (
            f"there is {', '.join(sources.parts)}; what is not to be trained on: "
            f"--set domain.held_out={sources.parts[-1]} (or domain.leave_out)"
        )
    return _assemble(options, path, seed, preparation, store, read_in, notes)


def _assemble(
    options: VideoOptions,
    path: Path,
    seed: int,
    preparation: Preparation,
    store: FrameStore,
    read_in: Recordings,
    notes: dict[str, str],
) -> Dataset:
    recordings = read_in.recordings
    length, stride = _lengths(options, [each.count for each in recordings])
    fitting = [each for each in recordings if (each.count >= length if stride else each.count <= length)]
    others = {
        each.name: f"it has {each.count:,} frames, a clip {'has' if stride else 'at most'} {length:,}"
        for each in recordings
        if each not in fitting
    }
    names, labels = classes(recordings, options.labels)
    fps = preparation.rate(None) or _usual_fps(recordings)
    summary = {
        "data": f"{len(fitting):,} recordings in {path}, {sum(each.count for each in fitting):,} frames",
        "clips": f"{_describe_length(fitting, length, stride)} of {store.shape[0]} × {store.shape[1]} in "
        f"{options.colour}, {f'one every {stride}' if stride else 'a recording each'}",
        "frames a second": _describe_fps(preparation, recordings, fps),
        "classes": ", ".join(names) or "none",
        **notes,
        "memory": f"{store.size / 2**20:,.1f} MiB of frames, {'in a temporary file' if store.on_disk else 'in memory'}",
    }
    decoder = VideoDecoder(preparation, length, fps)
    try:
        made = cut(recordings, length, stride, options.validation_share, np.random.default_rng(seed))
        train, validation = made.clips(store, labels)
        tallies = [*read_in.tallies(preparation), made.unused]
    except DataError:
        train = validation = Clips(store, Spans(np.zeros(0, np.int64), np.zeros(0, np.int64)))
        tallies = read_in.tallies(preparation)
    shares = None if stride or not len(train) else length_shares(train.lengths, length)
    spec = FrameSpec(length, preparation.height, preparation.width, preparation.channels, fps, names, shares)
    dataset = Dataset(
        spec, train, validation, decoder, read_in.fingerprint, summary, refused={**read_in.left_out, **others},
        tallies=tallies,
    )  # fmt: skip
    if min(len(train), len(validation)) < 1 or len(train) + len(validation) < FEWEST_SAMPLES:
        raise _too_few(path, recordings, dataset, stride)
    held = f"{len(train):,} and {len(validation):,} clips; {made.split.words}"
    return replace(dataset, summary={**summary, "training and validation": held})


def _lengths(options: VideoOptions, counts: list[int]) -> tuple[int, int]:
    """Frames in a clip, and from one to the next; 0 where recordings are taken whole."""
    several = len(counts) >= FEWEST_RECORDINGS and len(set(counts)) > 1 and max(counts) <= _LONGEST_WHOLE
    if options.unit == "recording" or (
        options.unit == "auto" and several and not options.clip_length and not options.stride
    ):
        return options.clip_length or max(counts), 0
    length = options.clip_length or max(2, min(_LENGTH, int(np.median(counts))))
    long_enough = sum(count >= length for count in counts)
    return length, options.stride or (max(1, length // 4) if long_enough < FEWEST_RECORDINGS else length)


def _describe_length(recordings: list[Recording], length: int, stride: int) -> str:
    shortest = min((each.count for each in recordings), default=length)
    return f"{length} frames" if stride or shortest == length else f"{shortest} to {length} frames"


def _too_few(path: Path, recordings: list[Recording], dataset: Dataset, stride: int) -> TooLittleError:
    longest = max(recordings, key=lambda each: each.count)
    length, train, validation = dataset.spec.max_length, len(dataset.train), len(dataset.validation)
    assert isinstance(dataset.train, Clips) and isinstance(dataset.spec, FrameSpec)
    most = length if stride else longest.count
    shown = [each for each in recordings if not stride or each.count >= length] or [longest]
    spans = Spans(np.array([each.start for each in shown]), np.array([min(each.count, most) for each in shown]))
    whole = Clips(dataset.train.store, spans)
    spec = replace(dataset.spec, length=int(spans.lengths.max()), labels=(), length_shares=None)
    every = f", one every {stride}" if stride else ""
    return TooLittleError(
        f"{path}: {len(recordings):,} recordings, the longest of {longest.count:,} frames, give {train:,} training and "
        f"{validation:,} validation clips of {length} frames{every}; at least {FEWEST_SAMPLES} needed.",
        "Give more, or set domain.clip_length or domain.stride lower.",
        replace(dataset, train=whole, validation=whole.where(np.zeros(0, np.int64)), spec=spec),
    )


def _usual_fps(recordings: list[Recording]) -> float:
    known = [each.end.fps for each in recordings if each.end.fps]
    return max(_SLOWEST, round(float(np.median(known)), 3)) if known else _FPS


def _describe_fps(preparation: Preparation, recordings: list[Recording], fps: float) -> str:
    step = f"; one of {preparation.frame_step} frames is taken" if preparation.frame_step > 1 else ""
    if preparation.fps:
        return f"{fps:g}, as asked for{step}"
    known = sorted({round(each.end.fps, 3) for each in recordings if each.end.fps})
    if not known:
        return f"{fps:g}, because the files say none (domain.fps){step}"
    if len(known) == 1:
        return f"{fps:g}, as the files say{step}"
    return f"{fps:g}; the files have {known[0]:g} to {known[-1]:g}, and every frame counts alike (domain.fps){step}"
