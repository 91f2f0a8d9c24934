"""The embedded data set: digits drawn by strokes, in memory or as a user's files."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

import numpy as np

from rgan_kit.contracts import Dataset, UsageError
from rgan_kit_plugins.domains.frames.clips import Clips
from rgan_kit_plugins.domains.frames.preparation import Preparation
from rgan_kit_plugins.domains.frames.store import FrameStore
from rgan_kit_plugins.domains.frames.writing import write_png
from rgan_kit_plugins.domains.images.decoder import ImagesDecoder
from rgan_kit_plugins.domains.images.glyphs import DIGITS, GlyphsTruth, draw
from rgan_kit_plugins.domains.images.options import ImagesOptions
from rgan_kit_plugins.domains.images.rows import Rows, series_spec

SIZE: Final = 16

_SMALLEST: Final = 12


def load(options: ImagesOptions, seed: int) -> Dataset:
    """Draws digits.

    Raises:
        UsageError: the options ask for pictures so small that digits cannot be told apart.
    """
    pictures, digits = _draw(options, seed)
    preparation = _preparation(options)
    store = FrameStore(
        preparation.height, preparation.width, preparation.channels,
        memory_budget=options.memory_budget * 2**20, disk_budget=options.disk_budget * 2**30,
    )  # fmt: skip
    store.append(pictures)
    numbers = np.arange(len(pictures), dtype=np.int64)
    train = options.embedded_pictures
    summary = {
        "data": f"{train:,} training and {len(pictures) - train:,} validation digits, drawn with seed {seed}",
        "pictures": f"{preparation.height} × {preparation.width} in {options.colour}, a row a step",
        "classes": ", ".join(DIGITS),
    }
    return Dataset(
        series_spec(preparation, DIGITS),
        Rows(Clips(store, numbers[:train], 1, digits[:train])),
        Rows(Clips(store, numbers[train:], 1, digits[train:])),
        ImagesDecoder(preparation),
        hashlib.sha256(pictures.data).hexdigest(),
        summary,
        GlyphsTruth(preparation.height, preparation.width),
    )


def make(options: ImagesOptions, folder: Path, seed: int) -> list[Path]:
    """Writes the pictures that ``load`` draws as ``.png`` files, a folder a digit.

    Raises:
        DeviceError: Pillow is not installed.
        OSError: the folder cannot be written to.
    """
    pictures, digits = _draw(options, seed)
    for name in DIGITS:
        (folder / name).mkdir()
    places = len(str(len(pictures)))
    return [
        write_png(folder / DIGITS[digit] / f"picture-{number:0{places}}.png", pixels)
        for number, (pixels, digit) in enumerate(zip(pictures, digits.tolist(), strict=True), 1)
    ]


def _draw(options: ImagesOptions, seed: int) -> tuple[np.ndarray, np.ndarray]:
    preparation = _preparation(options)
    if min(preparation.height, preparation.width) < _SMALLEST:
        raise UsageError(
            f"Digits need {_SMALLEST} pixels a side or more.",
            "Raise domain.height and domain.width, or give pictures with --data.",
        )
    share = options.validation_share
    count = options.embedded_pictures + max(len(DIGITS), round(options.embedded_pictures * share / (1 - share)))
    rng = np.random.default_rng(seed)
    return draw(count, preparation.height, preparation.width, preparation.channels, rng)


def _preparation(options: ImagesOptions) -> Preparation:
    channels = 3 if options.colour == "colour" else 1
    return Preparation(options.height or SIZE, options.width or SIZE, channels, options.crop == "center")
