"""The embedded data set: clips of moving shapes, in memory or as a user's files."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from rgan_kit.contracts import Dataset, FrameSpec, UsageError
from rgan_kit.files import Spans, fingerprint
from rgan_kit_plugins.domains.frames.clips import Clips
from rgan_kit_plugins.domains.frames.writing import write_gif
from rgan_kit_plugins.domains.video.decoder import VideoDecoder
from rgan_kit_plugins.domains.video.options import VideoOptions
from rgan_kit_plugins.worlds.shapes import FPS, MOTIONS, Drawn, draw
from rgan_kit_plugins.worlds.shapes_truth import ShapesTruth

LENGTH: Final = 12
SIZE: Final = 16

_SHORTEST: Final = 8
_SMALLEST: Final = 12


def load(options: VideoOptions, seed: int) -> Dataset:
    """Draws clips of moving shapes.

    Raises:
        UsageError: the options ask for clips so short or small that motions cannot be told apart.
    """
    drawn = _draw(options, seed)
    preparation = options.preparation(SIZE)
    height, width, channels = preparation.height, preparation.width, preparation.channels
    store = options.store(preparation)
    for clip in drawn.clips:
        store.append(clip)
    count, length = drawn.clips.shape[:2]
    everything = Clips(store, Spans.side_by_side(np.full(count, length)), drawn.motions)
    train = options.embedded_clips
    spec = FrameSpec(length, height, width, channels, FPS, MOTIONS)
    summary = {
        "data": f"{train:,} training and {count - train:,} validation clips of moving shapes, drawn with seed {seed}",
        "clips": f"{length} frames of {height} × {width} in {options.colour}, {FPS:g} a second",
        "classes": ", ".join(MOTIONS),
    }
    return Dataset(
        spec,
        everything.where(np.arange(train)),
        everything.where(np.arange(train, count)),
        VideoDecoder(preparation, length, FPS),
        fingerprint([drawn.clips]),
        summary,
        ShapesTruth(length),
    )


def make(options: VideoOptions, folder: Path, seed: int) -> list[Path]:
    """Writes the clips that ``load`` draws as ``.gif`` files, a folder a motion.

    Raises:
        DeviceError: Pillow is not installed.
        OSError: the folder cannot be written to.
    """
    drawn = _draw(options, seed)
    files = []
    for name in MOTIONS:
        (folder / name).mkdir()
    digits = len(str(len(drawn.clips)))
    for number, (clip, motion) in enumerate(zip(drawn.clips, drawn.motions.tolist(), strict=True), 1):
        files.append(write_gif(folder / MOTIONS[motion] / f"clip-{number:0{digits}}.gif", clip, FPS))
    return files


def _draw(options: VideoOptions, seed: int) -> Drawn:
    preparation, length = options.preparation(SIZE), options.clip_length or LENGTH
    if length < _SHORTEST or min(preparation.height, preparation.width) < _SMALLEST:
        raise UsageError(
            f"Moving shapes need {_SHORTEST} frames or more, of {_SMALLEST} pixels a side or more.",
            "Raise domain.clip_length, domain.height and domain.width, or give videos with --data.",
        )
    share = options.validation_share
    count = options.embedded_clips + max(len(MOTIONS), round(options.embedded_clips * share / (1 - share)))
    rng = np.random.default_rng(seed)
    return draw(count, length, preparation.height, preparation.width, preparation.channels, rng)
