"""``.npy`` and ``.npz`` files, read with their headers checked first and never unpickled. Runs in the decoding process.

An array is never loaded whole: it is mapped and copied out piece by piece. What lies in an ``.npz`` is first unpacked
into a temporary file, no further than its own header says.
"""

from __future__ import annotations

import math
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

import numpy as np
from numpy.lib import format as npy

from rgan_kit.files import UnreadableError
from rgan_kit_plugins.domains.frames.ends import End
from rgan_kit_plugins.domains.frames.preparation import Preparation

CLIP_KEYS: Final = ("clips", "frames", "video", "videos", "data", "x")
LABEL_KEYS: Final = ("labels", "label", "y")
MOST_UNPACKED: Final = 2**30
"""Bytes of an array that may come out of a hundredth of them; no honest array that is larger shrinks so much."""

_MOST_SHRUNK: Final = 100
_MOST_MEMBERS: Final = 1000
_LONGEST_HEADER: Final = 10_000
_MOST_LABELS: Final = 10_000_000
_LONGEST_ROW: Final = 4
_COLOURS: Final = ("red", "yellow", "green", "cyan", "blue", "magenta")
_GREYS: Final = ("black", "grey", "white")
_LEAST_COLOURED: Final = 0.15
_AT_ONCE: Final = 2**22
_GREATEST_AXIS: Final = 16_384


@dataclass(frozen=True)
class Header:
    """Of an array: its shape, its type, and whether the first axis runs fastest."""

    shape: tuple[int, ...]
    dtype: np.dtype
    fortran: bool

    @property
    def bytes(self) -> int:
        """Of its data."""
        return math.prod(self.shape) * self.dtype.itemsize


def decode_array(file: Path, preparation: Preparation) -> Iterator[np.ndarray | End]:
    """The clips of an ``.npy`` file, one recording each.

    Raises:
        UnreadableError: it holds something other than clips; says what.
    """
    with file.open("rb") as opened:
        header = read_header(opened)
        begin = opened.tell()
        size = file.stat().st_size - begin
    if size != header.bytes:
        raise UnreadableError(f"its header says {header.bytes:,} bytes of data, but there are {size:,}")
    yield from _clips(file, begin, header, preparation, None, ())


def decode_archive(file: Path, preparation: Preparation) -> Iterator[np.ndarray | End]:
    """The clips of an ``.npz`` file, with their classes where an array of it says them.

    Raises:
        UnreadableError: it holds no clips, or unpacks to far more than it could honestly hold.
    """
    with zipfile.ZipFile(file) as archive, tempfile.TemporaryFile(prefix="rgankit-") as unpacked:
        members = [member for member in archive.infolist() if member.filename.endswith(".npy")]
        if len(members) > _MOST_MEMBERS:
            raise UnreadableError(f"there are {len(members):,} arrays in it; at most {_MOST_MEMBERS:,} are looked at")
        headers = {}
        for member in members:
            with archive.open(member) as opened:
                headers[member.filename.removesuffix(".npy")] = (member, read_header(opened))
        key = _choose_clips({name: header for name, (_, header) in headers.items()})
        labels = _labels(archive, headers, preparation.labels)
        _unpack(archive, *headers[key], unpacked)
        offers = () if labels else _offers(archive, headers, key)
        yield from _clips(unpacked, 0, headers[key][1], preparation, labels, offers)


Headers = dict[str, tuple[zipfile.ZipInfo, Header]]
"""Of the arrays of an archive, by name."""


def read_header(opened: IO[bytes]) -> Header:
    """The header of an ``.npy`` file, by numpy's own reader, which evaluates literals alone.

    Raises:
        UnreadableError: there is none, or it announces Python objects.
    """
    try:
        version = npy.read_magic(opened)
        if version != (1, 0):  # later ones are for headers over 64 kB, which numpy reads before it looks at their size
            raise UnreadableError(f"its .npy format is {version[0]}.{version[1]}; 1.0 is read")
        shape, fortran, dtype = npy.read_array_header_1_0(opened, max_header_size=_LONGEST_HEADER)
    except ValueError as error:
        raise UnreadableError(f"it is damaged ({str(error).splitlines()[0][:200]})") from error
    if dtype.hasobject or dtype.itemsize == 0:
        raise UnreadableError("it holds Python objects, which could run any program; they are never loaded")
    if any(not isinstance(size, int) or size < 0 for size in shape):
        raise UnreadableError(f"its shape is {str(shape)[:100]}")
    return Header(shape, dtype, fortran)


def _choose_clips(headers: dict[str, Header]) -> str:
    fitting = [name for name, header in headers.items() if _is_pictures(header)]
    named = [name for name in CLIP_KEYS if name in fitting]
    if named or len(fitting) == 1:
        return (named or fitting)[0]
    there = ", ".join(f"{name[:40]} {header.dtype}{list(header.shape)}" for name, header in list(headers.items())[:8])
    raise UnreadableError(
        f"there {'are several arrays' if fitting else 'is no array'} of clips in it ({there or 'it is empty'}); "
        "name one of them 'clips'"
    )


def _is_pictures(header: Header) -> bool:
    return 3 <= len(header.shape) <= 5 and (header.dtype in (np.uint8, np.uint16) or header.dtype.kind in "bf")


def _labels(archive: zipfile.ZipFile, headers: Headers, wanted: str) -> list[str] | None:
    key = wanted or next((name for name in LABEL_KEYS if name in headers), "")
    if not key:
        return None
    if key not in headers:
        raise UnreadableError(f"there is no array '{key}' in it, only {', '.join(sorted(headers))[:200]}")
    header = headers[key][1]
    if not _is_list_of_classes(header):
        raise UnreadableError(f"its array '{key}' is {header.dtype}{list(header.shape)} and no list of classes")
    return _classes_in(archive, headers, key)


def _is_list_of_classes(header: Header) -> bool:
    """One whole number or text a clip; or a row of whole numbers, such as a colour."""
    is_row = len(header.shape) == 2 and header.dtype.kind in "iu" and header.shape[1] <= _LONGEST_ROW
    return (len(header.shape) == 1 or is_row) and header.dtype.kind in "iuUS" and header.bytes <= _MOST_LABELS


def _classes_in(archive: zipfile.ZipFile, headers: Headers, key: str) -> list[str]:
    member, header = headers[key]
    with archive.open(member) as opened:
        read_header(opened)
        content = opened.read(header.bytes + 1)
    if len(content) != header.bytes:
        raise UnreadableError(f"its array '{key}' is damaged")
    values = np.frombuffer(content, header.dtype).reshape(header.shape, order="F" if header.fortran else "C")
    if values.ndim == 2:
        rows = [" ".join(map(str, row)) for row in values.tolist()]
        is_colour = values.dtype == np.uint8 and values.shape[1] == len(_COLOURS) // 2
        return _names_of(values) if is_colour and len(set(rows)) > len(rows) / 2 else rows
    return [value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value) for value in values.tolist()]


def _names_of(colours: np.ndarray) -> list[str]:
    """The nearest of six hues, or white, grey or black, of uint8 ``[n, 3]`` (red, green, blue): where nearly every one
    is another, their names are the classes."""
    pixels = colours.astype(np.float64)
    high, low = pixels.max(1), pixels.min(1)
    red, green, blue = pixels.T
    hue = np.degrees(np.arctan2(np.sqrt(3) * (green - blue), 2 * red - green - blue))  # Preucil's circle
    names = np.array(_COLOURS)[np.rint(hue / 60).astype(int) % len(_COLOURS)]
    greys = np.array(_GREYS)[np.digitize(high, (64, 192))]
    nearest: list[str] = np.where(high - low < _LEAST_COLOURED * 255, greys, names).tolist()
    return nearest


def _offers(archive: zipfile.ZipFile, headers: Headers, clips: str) -> tuple[str, ...]:
    """Arrays beside the clips that have few enough values to be classes, one for each clip: ``motion (6)``."""
    shape = headers[clips][1].shape
    offers = []
    for name, (_, header) in headers.items():
        if (
            name == clips
            or not name.isprintable()
            or not _is_list_of_classes(header)
            or header.shape[0] not in shape[:2]
        ):
            continue
        different = len(set(_classes_in(archive, headers, name)))
        if 1 < different <= header.shape[0] / 2:
            offers.append(f"{name[:40]} ({different:,})")
    return tuple(offers)


def _unpack(archive: zipfile.ZipFile, member: zipfile.ZipInfo, header: Header, target: IO[bytes]) -> None:
    if header.bytes > max(MOST_UNPACKED, _MOST_SHRUNK * member.compress_size):
        raise UnreadableError(
            f"{member.compress_size:,} bytes of it unpack to {header.bytes:,}; save such an array with numpy.save"
        )
    with archive.open(member) as opened:
        read_header(opened)
        left = header.bytes
        while left:
            piece = opened.read(min(left, _AT_ONCE))
            if not piece:
                raise UnreadableError(f"its header says {header.bytes:,} bytes of data, but {left:,} are missing")
            target.write(piece)
            left -= len(piece)
    target.flush()


def _clips(
    file: Path | IO[bytes],
    begin: int,
    header: Header,
    preparation: Preparation,
    labels: list[str] | None,
    offers: tuple[str, ...],
) -> Iterator[np.ndarray | End]:
    axes = _axes(header, preparation.axes)
    sizes = dict(zip(axes, header.shape, strict=True))
    clips, time = sizes.get("n", 1), sizes["t"]
    if labels is not None and len(labels) != clips:
        raise UnreadableError(f"there are {clips:,} clips in it, but {len(labels):,} classes")
    skip = preparation.frame_step
    step = skip * max(1, _AT_ONCE // (sizes["h"] * sizes["w"] * sizes.get("c", 1)))
    for clip in range(clips):
        view = _mapped(file, begin, header, axes)[clip]  # mapped anew each time: pages that were read are let go
        for start in range(0, time, step):
            yield preparation.scale(_as_bytes(np.ascontiguousarray(view[start : start + step : skip])))
        label = None if labels is None else labels[clip]
        yield End(preparation.rate(None), label, (sizes["h"], sizes["w"]), offers=() if clip else offers)


def _axes(header: Header, wanted: str) -> str:
    """The order of the axes in letters; guessed, where it is ``auto``: channels last, if they are 1 or 3."""
    shape = header.shape
    if not _is_pictures(header):
        raise UnreadableError(
            f"it holds {header.dtype}{list(shape)[:8]}, and no pictures (uint8, uint16, or real from 0 to 1)"
        )
    axes = wanted
    if wanted == "auto":
        coloured = shape[-1] in (1, 3)
        axes = {3: "thw", 4: "thwc" if coloured else "nthw", 5: "nthwc" if coloured else "ntchw"}[len(shape)]
    if len(axes) != len(shape):
        raise UnreadableError(f"it has {len(shape)} axes {list(shape)}, and domain.axes says {axes}")
    sizes = dict(zip(axes, shape, strict=True))
    if sizes.get("c", 1) not in (1, 3):
        raise UnreadableError(f"its shape is {list(shape)}, which as '{axes}' has {sizes['c']:,} channels; 1 or 3 do")
    if not all(shape) or max(sizes["h"], sizes["w"]) > _GREATEST_AXIS:
        raise UnreadableError(f"its shape is {list(shape)}, which as '{axes}' makes no clips")
    return axes


def _mapped(file: Path | IO[bytes], begin: int, header: Header, axes: str) -> np.ndarray:
    """The file as ``[clip, time, height, width, channels]``."""
    order = "F" if header.fortran else "C"
    array: np.ndarray = np.memmap(file, header.dtype, "r", begin, header.shape, order)  # type: ignore[call-overload]
    for missing in set("nc") - set(axes):
        array, axes = array[None], missing + axes
    return array.transpose([axes.index(axis) for axis in "nthwc"])


def _as_bytes(pixels: np.ndarray) -> np.ndarray:
    if pixels.dtype == np.uint8:
        return pixels
    if pixels.dtype == np.uint16:
        return np.rint(pixels / 257).astype(np.uint8)
    if pixels.dtype.kind == "b":
        return pixels.astype(np.uint8) * np.uint8(255)
    if not (pixels.min() >= 0 and pixels.max() <= 1):  # not a number is neither
        raise UnreadableError("its real numbers do not all lie from 0 to 1; save pictures as uint8 from 0 to 255")
    return np.rint(pixels.astype(np.float32) * 255).astype(np.uint8)
