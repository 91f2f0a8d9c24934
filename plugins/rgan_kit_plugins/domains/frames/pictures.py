"""Pictures through Pillow. Runs in the decoding process alone, whose settings it changes."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from rgan_kit_plugins.domains.frames.messages import End
from rgan_kit_plugins.domains.frames.preparation import Preparation, UnreadableError
from rgan_kit_plugins.domains.frames.signatures import HEAD, printable, sniff

if TYPE_CHECKING:
    from PIL import Image

MOST_PIXELS: Final = 2**26
"""Of one picture."""


def decode(files: Sequence[Path], preparation: Preparation) -> Iterator[np.ndarray | End]:
    """Each file as a frame of one recording, in this order; transparent is white, and photographs stand upright.

    Raises:
        UnreadableError: one is no picture, or too large; names it where there are several.
    """
    guard()
    yield from preparation.batches(_picture(file, preparation, len(files) > 1) for file in files)
    yield End(fps=preparation.fps or None)


def _picture(file: Path, preparation: Preparation, several: bool) -> np.ndarray:
    from PIL import Image, ImageOps

    try:
        with file.open("rb") as opened:
            head = opened.read(HEAD)
            known = sniff(head)
            if known is None or known[0] != "picture":
                raise UnreadableError(f"this is no picture, it begins with {printable(head)}")
            opened.seek(0)
            with Image.open(opened, formats=(known[1],)) as picture:
                check_size(picture.size)
                picture.draft("RGB", (4 * preparation.width, 4 * preparation.height))
                upright = ImageOps.exif_transpose(picture)
                return fit(upright, preparation)
    except Exception as error:
        raise UnreadableError(f"{file.name}: {describe(error)}" if several else describe(error)) from error


def describe(error: BaseException) -> str:
    """An exception in words; what the libraries say is kept."""
    if isinstance(error, UnreadableError):
        return str(error)
    if isinstance(error, MemoryError):
        return "decoding it takes too much memory"
    if "DecompressionBomb" in type(error).__name__:
        return f"it is too large ({str(error)[:200]})"
    reason = getattr(error, "strerror", None) or str(error)
    if isinstance(error, OSError) and error.errno and not type(error).__module__.startswith("av"):
        return f"it cannot be read ({reason})"
    return f"it is damaged ({type(error).__name__}: {reason[:200]})" if reason else "it is damaged"


def fit(picture: Image.Image, preparation: Preparation) -> np.ndarray:
    """A picture as a frame ``[height, width, channels]``; what is transparent becomes white."""
    from PIL import Image

    if picture.mode not in ("RGB", "L"):
        rgba = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")
    size = (preparation.width, preparation.height)
    if picture.size != size:
        box = preparation.box(picture.height, picture.width)
        picture = picture.resize(size, Image.Resampling.BOX, box=box, reducing_gap=4.0)
    pixels = np.asarray(picture)
    return preparation.colour(pixels[..., None] if pixels.ndim == 2 else pixels)


def check_size(size: tuple[int, int]) -> None:
    """Raises ``UnreadableError`` for a width and height that are too large to decode."""
    if size[0] * size[1] > MOST_PIXELS:
        raise UnreadableError(f"it is {size[0]:,} × {size[1]:,}; at most {MOST_PIXELS / 1e6:.0f} million pixels do")


def guard() -> None:
    """Makes Pillow raise where it would warn of a decompression bomb."""
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    warnings.simplefilter("error", Image.DecompressionBombWarning)
