"""From options and a path (or none) to a data set of clips."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from rgan_kit.contracts import DataError, Dataset, FrameSpec
from rgan_kit_plugins.domains.frames.clips import FEWEST_RECORDINGS, Clips, split_windows
from rgan_kit_plugins.domains.frames.finding import find
from rgan_kit_plugins.domains.frames.preparation import Preparation
from rgan_kit_plugins.domains.frames.reading import Reading, Recording, classes, read
from rgan_kit_plugins.domains.frames.store import FrameStore
from rgan_kit_plugins.domains.video import embedded
from rgan_kit_plugins.domains.video.decoder import KINDS, VideoDecoder
from rgan_kit_plugins.domains.video.options import VideoOptions

FEWEST_SAMPLES: Final = 10

_SIZE: Final = 32
_LENGTH: Final = 16
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
    preparation = Preparation(
        options.height or _SIZE,
        options.width or _SIZE,
        3 if options.colour == "colour" else 1,
        options.crop == "center",
        options.fps,
        options.axes,
        "" if options.labels in ("auto", "none", "folder") else options.labels,
    )
    store = FrameStore(
        preparation.height, preparation.width, preparation.channels,
        memory_budget=options.memory_budget * 2**20, disk_budget=options.disk_budget * 2**30,
    )  # fmt: skip
    reading = read(path, find(path, KINDS, pictures_are_frames=True), preparation, store, options.seconds_a_file)
    return _assemble(options, path, seed, preparation, store, reading)


def _assemble(
    options: VideoOptions, path: Path, seed: int, preparation: Preparation, store: FrameStore, reading: Reading
) -> Dataset:
    counts = [recording.count for recording in reading.recordings]
    length = options.clip_length or max(2, min(_LENGTH, int(np.median(counts))))
    recordings = [recording for recording in reading.recordings if recording.count >= length]
    short = [recording for recording in reading.recordings if recording.count < length]
    refused = reading.refused | {r.name: f"it has {r.count:,} frames, a clip has {length:,}" for r in short}
    few = len(recordings) < FEWEST_RECORDINGS
    stride = options.stride or (max(1, length // 4) if few else length)
    rng = np.random.default_rng(seed)
    split = split_windows(
        [recording.start for recording in recordings], [recording.count for recording in recordings],
        length, stride, options.validation_share, rng,
    )  # fmt: skip
    if min(len(split.train), len(split.validation)) < 1 or len(split.train) + len(split.validation) < FEWEST_SAMPLES:
        raise _too_few(path, reading.recordings, len(split.train), len(split.validation), length, stride)
    names, labels = classes(recordings, options.labels)
    fps = options.fps or _usual_fps(recordings)
    train, validation = (
        Clips(store, starts, length, None if labels is None else labels[of])
        for starts, of in ((split.train, split.train_of), (split.validation, split.validation_of))
    )
    frames = sum(recording.count for recording in recordings)
    held = "the last stretch of each recording, with a gap before it" if few else "whole recordings"
    summary = {
        "data": f"{len(recordings):,} recordings in {path}, {frames:,} frames",
        "left out": f"{len(refused):,} files or recordings" if refused else "nothing",
        "clips": f"{length} frames of {store.shape[0]} × {store.shape[1]} in {options.colour}, one every {stride}",
        "frames a second": _describe_fps(options, recordings, fps),
        "classes": ", ".join(names) or "none",
        "training and validation": f"{len(train):,} and {len(validation):,} clips; held out: {held}",
        "memory": f"{store.size / 2**20:,.1f} MiB of frames, {'in a temporary file' if store.on_disk else 'in memory'}",
    }
    spec = FrameSpec(length, preparation.height, preparation.width, preparation.channels, fps, names)
    decoder = VideoDecoder(preparation, length, fps)
    return Dataset(spec, train, validation, decoder, reading.fingerprint, summary, None, refused)


def _too_few(
    path: Path, recordings: list[Recording], train: int, validation: int, length: int, stride: int
) -> DataError:
    longest = max(recording.count for recording in recordings)
    return DataError(
        f"{path}: {len(recordings):,} recordings, the longest of {longest:,} frames, give {train:,} training and "
        f"{validation:,} validation clips of {length} frames, one every {stride}; at least {FEWEST_SAMPLES} needed.",
        "Give more, or set domain.clip_length or domain.stride lower.",
    )


def _usual_fps(recordings: list[Recording]) -> float:
    known = [recording.fps for recording in recordings if recording.fps]
    return max(_SLOWEST, round(float(np.median(known)), 3)) if known else _FPS


def _describe_fps(options: VideoOptions, recordings: list[Recording], fps: float) -> str:
    if options.fps:
        return f"{fps:g}, as asked for"
    known = sorted({round(recording.fps, 3) for recording in recordings if recording.fps})
    if not known:
        return f"{fps:g}, because the files say none (domain.fps)"
    if len(known) == 1:
        return f"{fps:g}, as the files say"
    return f"{fps:g}; the files have {known[0]:g} to {known[-1]:g}, and every frame counts alike (domain.fps)"
