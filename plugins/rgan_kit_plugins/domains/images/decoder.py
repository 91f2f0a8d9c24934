"""From series of rows back to pictures and their files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from rgan_kit.contracts import Batch, DataError
from rgan_kit_plugins.domains.frames import manifests
from rgan_kit_plugins.domains.frames.braille import braille
from rgan_kit_plugins.domains.frames.finding import find
from rgan_kit_plugins.domains.frames.preparation import Preparation
from rgan_kit_plugins.domains.frames.reading import read
from rgan_kit_plugins.domains.frames.signatures import Kind
from rgan_kit_plugins.domains.frames.store import FrameStore
from rgan_kit_plugins.domains.frames.writing import MOST_ON_A_SHEET, contact_sheet, numbered, write_png
from rgan_kit_plugins.domains.images.rows import to_rows

VERSION: Final = 1
KINDS: Final[frozenset[Kind]] = frozenset({"picture"})

_CHARACTERS: Final = 4
_MOST_COLUMNS: Final = 8
_MOST_READ: Final = 2**31
_SECONDS_A_FILE: Final = 600.0
_CHECKS: Final = {
    "version": manifests.one_of(VERSION),
    "height": manifests.whole(1, 512),
    "width": manifests.whole(1, 512),
    "channels": manifests.one_of(1, 3),
    "crop": manifests.one_of(True, False),
}


class ImagesDecoder:
    """Decodes series; samples are pictures, uint8 ``[height, width, channels]``.

    Args:
        preparation: what was done to the files that the model was trained on.
    """

    def __init__(self, preparation: Preparation) -> None:
        self.preparation = preparation

    def decode(self, outputs: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        """Pictures of ``series`` ``[batch, time, width * channels]`` from 0 to 255, a row a step; what lies outside is
        cut off, and what is no number is black."""
        numbers = np.nan_to_num(outputs["series"], nan=0.0, posinf=255.0, neginf=0.0)
        pixels = np.rint(np.clip(numbers, 0, 255)).astype(np.uint8)
        count, height, features = pixels.shape
        channels = self.preparation.channels
        return list(pixels.reshape(count, height, features // channels, channels))

    def preview(self, sample: Any) -> str:
        """The picture in Braille, a line high, and its size."""
        height, width, _ = sample.shape
        return f"{braille(sample, _CHARACTERS)}  {height} × {width}, brightness {sample.mean() / 255:.0%}"

    def write(self, samples: Sequence[Any], folder: Path) -> list[Path]:
        """Writes a ``.png`` for each picture as it is, and ``contact-sheet.png``, up to 64 of them enlarged.

        Raises:
            DeviceError: Pillow is not installed.
            OSError: the folder cannot be written to; no file is left half-written.
        """
        if not samples:
            return []
        shown = list(samples[:MOST_ON_A_SHEET])
        rows = [shown[first : first + _MOST_COLUMNS] for first in range(0, len(shown), _MOST_COLUMNS)]
        files = [write_png(folder / "contact-sheet.png", contact_sheet(rows))]
        names = numbered(folder, "sample", len(samples), ".png")
        return files + [write_png(name, pixels) for name, pixels in zip(names, samples, strict=True)]

    def read(self, path: Path) -> Batch[np.ndarray]:
        """Pictures of a file or folder, in order: float32 ``[samples, height, width * channels]`` from 0 to 255.

        Raises:
            DataError: nothing can be read, or too much to hold in memory.
        """
        p = self.preparation
        found = find(path, KINDS, pictures_are_frames=False)
        if 5 * len(found.sources) * p.bytes_a_frame > _MOST_READ:
            raise DataError(f"{path}: {len(found.sources):,} pictures are too many to hold in memory.", "Read fewer.")
        store = FrameStore(p.height, p.width, p.channels, memory_budget=_MOST_READ)
        read(path, found, p, store, _SECONDS_A_FILE)
        pictures = np.empty((len(store), *store.shape), np.uint8)
        store.read(0, pictures)
        return to_rows(pictures)

    def manifest(self) -> dict[str, Any]:
        """Everything that ``from_manifest`` needs: a row of ``series`` is ``width`` pixels of ``channels`` numbers."""
        p = self.preparation
        return {
            "version": VERSION, "height": p.height, "width": p.width, "channels": p.channels, "crop": p.crop,
        }  # fmt: skip

    @classmethod
    def from_manifest(cls, manifest: Mapping[str, Any]) -> ImagesDecoder:
        """The decoder that wrote ``manifest``.

        Raises:
            DataError: names everything that is missing or wrong in it.
        """
        manifests.check(manifest, _CHECKS, "pictures")
        return cls(Preparation(manifest["height"], manifest["width"], manifest["channels"], manifest["crop"]))
