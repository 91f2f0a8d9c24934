"""The embedded data set: digits drawn by strokes, in memory or as a user's files."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from rgan_kit.contracts import Dataset, UsageError
from rgan_kit.files import Spans, fingerprint
from rgan_kit_plugins.domains.frames.clips import Clips
from rgan_kit_plugins.domains.frames.writing import write_png
from rgan_kit_plugins.domains.images.decoder import ImagesDecoder
from rgan_kit_plugins.domains.images.encoding import in_words, samples_of, spec_of
from rgan_kit_plugins.domains.images.options import ImagesOptions
from rgan_kit_plugins.worlds.glyphs import DIGITS, GlyphsTruth, draw

SIZE: Final = 16

_SMALLEST: Final = 12


def load(options: ImagesOptions, seed: int) -> Dataset:
    """Draws digits.

    Raises:
        UsageError: the options ask for pictures so small that digits cannot be told apart.
    """
    pictures, digits = _draw(options, seed)
    preparation = options.preparation(SIZE)
    store = options.store(preparation)
    store.append(pictures)
    everything = Clips(store, Spans.side_by_side(np.ones(len(pictures))), digits)
    train = options.embedded_pictures
    summary = {
        "data": f"{train:,} training and {len(pictures) - train:,} validation digits, drawn with seed {seed}",
        "pictures": in_words(preparation, options),
        "classes": ", ".join(DIGITS),
    }
    return Dataset(
        spec_of(preparation, DIGITS, options.form),
        samples_of(everything.where(np.arange(train)), options.form),
        samples_of(everything.where(np.arange(train, len(pictures))), options.form),
        ImagesDecoder(preparation, options.form),
        fingerprint([pictures]),
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
    preparation = options.preparation(SIZE)
    if min(preparation.height, preparation.width) < _SMALLEST:
        raise UsageError(
            f"Digits need {_SMALLEST} pixels a side or more.",
            "Raise domain.height and domain.width, or give pictures with --data.",
        )
    share = options.validation_share
    count = options.embedded_pictures + max(len(DIGITS), round(options.embedded_pictures * share / (1 - share)))
    rng = np.random.default_rng(seed)
    return draw(count, preparation.height, preparation.width, preparation.channels, rng)
