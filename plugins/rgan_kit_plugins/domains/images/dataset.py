"""From options and a path (or none) to a data set of pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from rgan_kit.contracts import DataError, Dataset
from rgan_kit_plugins.domains.frames.clips import Clips
from rgan_kit_plugins.domains.frames.finding import find
from rgan_kit_plugins.domains.frames.preparation import Preparation
from rgan_kit_plugins.domains.frames.reading import classes, read
from rgan_kit_plugins.domains.frames.store import FrameStore
from rgan_kit_plugins.domains.images import embedded
from rgan_kit_plugins.domains.images.decoder import KINDS, ImagesDecoder
from rgan_kit_plugins.domains.images.options import ImagesOptions
from rgan_kit_plugins.domains.images.rows import Rows, series_spec

FEWEST_SAMPLES: Final = 10

_SIZE: Final = 32


def load(options: ImagesOptions, path: Path | None, seed: int) -> Dataset:
    """Reads pictures, or draws digits where ``path`` is None.

    Raises:
        DataError: nothing can be read, or too little; names files and reasons.
        DeviceError: Pillow is not installed.
        UsageError: the options do not suit the digits.
    """
    if path is None:
        return embedded.load(options, seed)
    channels = 3 if options.colour == "colour" else 1
    preparation = Preparation(options.height or _SIZE, options.width or _SIZE, channels, options.crop == "center")
    store = FrameStore(
        preparation.height, preparation.width, channels,
        memory_budget=options.memory_budget * 2**20, disk_budget=options.disk_budget * 2**30,
    )  # fmt: skip
    reading = read(path, find(path, KINDS, pictures_are_frames=False), preparation, store, options.seconds_a_file)
    count = len(reading.recordings)
    if count < FEWEST_SAMPLES:
        raise DataError(
            f"{path}: {count} pictures can be read; at least {FEWEST_SAMPLES} are needed.", "Give a folder with more."
        )
    names, labels = classes(reading.recordings, options.labels)
    order = np.random.default_rng(seed).permutation(count)
    held_out = max(1, round(options.validation_share * count))
    validation, train = (
        Rows(Clips(store, numbers, 1, None if labels is None else labels[numbers]))
        for numbers in (np.sort(order[:held_out]), np.sort(order[held_out:]))
    )
    summary = {
        "data": f"{count:,} pictures in {path}",
        "left out": f"{len(reading.refused):,} files" if reading.refused else "nothing",
        "pictures": f"{preparation.height} × {preparation.width} in {options.colour}, a row a step",
        "classes": ", ".join(names) or "none",
        "training and validation": f"{len(train):,} and {len(validation):,} pictures, chosen at random",
        "memory": f"{store.size / 2**20:,.1f} MiB of pictures, "
        f"{'in a temporary file' if store.on_disk else 'in memory'}",
    }
    return Dataset(
        series_spec(preparation, names),
        train,
        validation,
        ImagesDecoder(preparation),
        reading.fingerprint,
        summary,
        None,
        reading.refused,
    )
