"""From series of rows back to pictures and their files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final

import numpy as np
from pydantic import Field

from rgan_kit.contracts import Batch, DataError
from rgan_kit.files import DecoderManifest, numbered, one_of
from rgan_kit_plugins.domains.frames.braille import braille
from rgan_kit_plugins.domains.frames.preparation import Preparation
from rgan_kit_plugins.domains.frames.recordings import read
from rgan_kit_plugins.domains.frames.signatures import Kind
from rgan_kit_plugins.domains.frames.sources import find_sources
from rgan_kit_plugins.domains.frames.store import FrameStore
from rgan_kit_plugins.domains.frames.writing import MOST_ON_A_SHEET, contact_sheet, write_png
from rgan_kit_plugins.domains.images.encoding import Form, to_rows

VERSION: Final = 1
KINDS: Final[frozenset[Kind]] = frozenset({"picture"})

_CHARACTERS: Final = 4
_MOST_COLUMNS: Final = 8
_MOST_READ: Final = 2**31
_SECONDS_A_FILE: Final = 600.0


class ImagesManifest(DecoderManifest):
    """What a model file says of pictures: a row of ``series`` is ``width`` pixels of ``channels`` numbers; ``frames``
    are pictures already."""

    noun: ClassVar[str] = "pictures"

    version: Annotated[int, one_of(VERSION)]
    height: int = Field(ge=1, le=512)
    width: int = Field(ge=1, le=512)
    channels: Annotated[int, one_of(1, 3)]
    crop: bool
    form: Annotated[Form, one_of("rows", "whole")] = "rows"


class ImagesDecoder:
    """Decodes series or frames; samples are pictures, uint8 ``[height, width, channels]``.

    Args:
        preparation: what was done to the files that the model was trained on.
        form: whether a picture is a series of rows, or whole.
    """

    def __init__(self, preparation: Preparation, form: Form = "rows") -> None:
        self.preparation = preparation
        self.form: Form = form

    def decode(self, outputs: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        """Pictures of ``series`` ``[batch, time, width * channels]`` from 0 to 255, a row a step, or of ``frames``
        ``[batch, 1, height, width, channels]``; what lies outside is cut off, and what is no number is black."""
        numbers = np.nan_to_num(
            outputs["series" if self.form == "rows" else "frames"], nan=0.0, posinf=255.0, neginf=0.0
        )
        pixels = np.rint(np.clip(numbers, 0, 255)).astype(np.uint8)
        if self.form == "whole":
            return list(pixels[:, 0])
        count, height, features = pixels.shape
        channels = self.preparation.channels
        return list(pixels.reshape(count, height, features // channels, channels))

    def preview(self, sample: Any) -> str:
        """The picture in Braille, a line high, and its size."""
        height, width, _ = sample.shape
        return f"{braille(sample, _CHARACTERS)}  {height} × {width}, brightness {sample.mean() / 255:.0%}"

    def write(self, samples: Sequence[Any], folder: Path, labels: Sequence[str] | None = None) -> list[Path]:
        """Writes a ``.png`` for each picture as it is, with its class in the name, and ``contact-sheet.png``, up to 64
        of them enlarged.

        Raises:
            DeviceError: Pillow is not installed.
            OSError: the folder cannot be written to; no file is left half-written.
        """
        if not samples:
            return []
        shown = list(samples[:MOST_ON_A_SHEET])
        rows = [shown[first : first + _MOST_COLUMNS] for first in range(0, len(shown), _MOST_COLUMNS)]
        files = [write_png(folder / "contact-sheet.png", contact_sheet(rows))]
        names = numbered(folder, "sample", len(samples), ".png", labels)
        return files + [write_png(name, pixels) for name, pixels in zip(names, samples, strict=True)]

    def read(self, path: Path) -> Batch[np.ndarray]:
        """Pictures of a file or folder, in order: float32 ``[samples, height, width * channels]`` from 0 to 255, or
        uint8 ``[samples, 1, height, width, channels]``.

        Raises:
            DataError: nothing can be read, or too much to hold in memory.
        """
        p = self.preparation
        sources = find_sources(path, KINDS, pictures_are_frames=False)
        if 5 * len(sources.sources) * p.bytes_a_frame > _MOST_READ:
            count = len(sources.sources)
            raise DataError(f"{path}: {count:,} pictures are too many to hold in memory.", "Read fewer.")
        store = FrameStore(p.height, p.width, p.channels, memory_budget=_MOST_READ)
        read(sources, p, store, _SECONDS_A_FILE)
        pictures = np.empty((len(store), *store.shape), np.uint8)
        store.read(0, pictures)
        if self.form == "whole":
            return Batch(pictures[:, None], np.ones(len(pictures), np.int64))
        return to_rows(pictures)

    def manifest(self) -> dict[str, Any]:
        """Everything that ``from_manifest`` needs."""
        p = self.preparation
        return ImagesManifest(
            version=VERSION, height=p.height, width=p.width, channels=p.channels, crop=p.crop, form=self.form
        ).as_dict()

    @classmethod
    def from_manifest(cls, manifest: Mapping[str, Any]) -> ImagesDecoder:
        """The decoder that wrote ``manifest``.

        Raises:
            DataError: names everything that is missing or wrong in it.
        """
        checked = ImagesManifest.checked(manifest)
        return cls(Preparation(checked.height, checked.width, checked.channels, checked.crop), checked.form)
