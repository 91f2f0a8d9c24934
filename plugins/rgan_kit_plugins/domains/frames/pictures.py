"""Pictures through Pillow. Runs in the decoding process alone, whose settings it changes."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from rgan_kit.files import UnreadableError
from rgan_kit_plugins.domains.frames.ends import End
from rgan_kit_plugins.domains.frames.preparation import Preparation
from rgan_kit_plugins.domains.frames.signatures import HEAD, printable, sniff

if TYPE_CHECKING:
    from PIL import Image

MOST_PIXELS: Final = 2**26
"""Of one picture."""

WHITE_16: Final = 65_535


def decode(files: Sequence[Path], preparation: Preparation) -> Iterator[np.ndarray | End]:
    """Each file as a frame of one recording, in this order, or a film strip as a recording; transparent is white, and
    photographs stand upright.

    Raises:
        UnreadableError: one is no picture, or too large; names it where there are several.
    """
    guard()
    sizes: list[tuple[int, int]] = []
    lost: list[int] = []

    def frames() -> Iterator[np.ndarray]:
        for file in files:
            yield from _frames(file, preparation, len(files) > 1, sizes, lost)

    yield from preparation.batches(frames())
    why = "an animated picture's first frame alone is taken" if sum(lost) else ""
    yield End(fps=preparation.rate(None), size=sizes[0], lost=sum(lost), why_lost=why)


def _frames(
    file: Path, preparation: Preparation, several: bool, sizes: list[tuple[int, int]], lost: list[int]
) -> Iterator[np.ndarray]:
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
                lost.append(getattr(picture, "n_frames", 1) - 1)
                stripes = max(1, preparation.strip)
                picture.draft("RGB", (4 * preparation.width * stripes, 4 * preparation.height * stripes))
                upright = ImageOps.exif_transpose(picture)
                parts = _parts(upright, preparation.strip)
                sizes.append(parts[0].size[::-1])
                yield from [fit(part, preparation) for part in parts]
    except Exception as error:
        raise UnreadableError(f"{file.name}: {describe(error)}" if several else describe(error)) from error


def _parts(picture: Image.Image, count: int) -> list[Image.Image]:
    """The frames of a film strip along its longer side, or the picture."""
    if not count:
        return [picture]
    width, height = picture.size
    lying = width >= height
    if max(width, height) % count:
        raise UnreadableError(f"it is {width:,} × {height:,}, which cannot be cut into {count} equal frames")
    size = max(width, height) // count
    boxes = [(n * size, 0, (n + 1) * size, height) if lying else (0, n * size, width, (n + 1) * size)
             for n in range(count)]  # fmt: skip
    return [picture.crop(box) for box in boxes]


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
    """A picture as a frame ``[height, width, channels]``; what is transparent becomes white, and 16 bits become 8."""
    from PIL import Image

    picture = opaque(picture)
    size = (preparation.width, preparation.height)
    if picture.size != size:
        box = preparation.box(picture.height, picture.width)
        picture = picture.resize(size, Image.Resampling.BOX, box=box, reducing_gap=4.0)
    pixels = np.asarray(picture)
    return preparation.colour(pixels[..., None] if pixels.ndim == 2 else pixels)


def opaque(picture: Image.Image) -> Image.Image:
    """Of mode ``L`` or ``RGB``, on white where it is transparent (also by a single colour: PNG's ``tRNS``)."""
    from PIL import Image

    if picture.mode == "I" or picture.mode.startswith("I;16"):
        return _from_16_bits(picture)
    if picture.mode in ("RGB", "L") and "transparency" not in picture.info:
        return picture
    if picture.mode == "1" and "transparency" in picture.info:  # its colour is counted in 0 and 1
        clear = 255 * bool(picture.info["transparency"])
        picture = picture.convert("L")
        picture.info["transparency"] = clear
    rgba = picture.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")


def _from_16_bits(picture: Image.Image) -> Image.Image:
    """Grey of 65,536 steps in 256, which Pillow's own conversion would clip."""
    from PIL import Image

    pixels = np.asarray(picture).astype(np.int64)
    clear = picture.info.get("transparency")
    if isinstance(clear, int):
        pixels = np.where(pixels == clear, WHITE_16, pixels)
    return Image.fromarray(np.rint(pixels.clip(0, WHITE_16) / 257).astype(np.uint8))


def check_size(size: tuple[int, int]) -> None:
    """Raises ``UnreadableError`` for a width and height that are too large to decode."""
    if size[0] * size[1] > MOST_PIXELS:
        raise UnreadableError(f"it is {size[0]:,} × {size[1]:,}; at most {MOST_PIXELS / 1e6:.0f} million pixels do")


def guard() -> None:
    """Makes Pillow raise where it would warn of a decompression bomb."""
    from PIL import Image

    Image.MAX_IMAGE_PIXELS = MOST_PIXELS
    warnings.simplefilter("error", Image.DecompressionBombWarning)
