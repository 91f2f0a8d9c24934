"""Frames in memory up to a budget, and beyond it in a temporary file; either way read back by number."""

from __future__ import annotations

import io
import shutil
import tempfile
from threading import Lock
from typing import Final

import numpy as np

from rgan_kit.contracts import DataError

_BLOCK: Final = 2**22
_SPARE_DISK: Final = 2**30


class FrameStore:
    """Frames one after the other, uint8 ``[height, width, channels]`` each.

    Memory holds at most ``memory_budget`` bytes of them. Once there are more, all go to a temporary file (in the
    system's folder for those; ``TMPDIR`` names another), which nobody else can open and which goes with the process.

    Args:
        height, width, channels: of every frame.
        memory_budget, disk_budget: bytes.
    """

    def __init__(self, height: int, width: int, channels: int, *, memory_budget: int, disk_budget: int = 0) -> None:
        self.shape = (height, width, channels)
        self.frame_bytes = height * width * channels
        self.memory_budget = memory_budget
        self.disk_budget = disk_budget
        self._per_block = max(1, _BLOCK // self.frame_bytes)
        self._blocks: list[np.ndarray] = []
        self._file: io.BufferedRandom | None = None
        self._lock = Lock()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    @property
    def on_disk(self) -> bool:
        """Whether the frames went to a file."""
        return self._file is not None

    @property
    def size(self) -> int:
        """Of all frames."""
        return self._count * self.frame_bytes

    def append(self, frames: np.ndarray) -> None:
        """Adds frames ``[frames, height, width, channels]``.

        Raises:
            DataError: there is no room for them.
        """
        after = (self._count + len(frames)) * self.frame_bytes
        if self._file is None and after > self.memory_budget:
            self._file = self._spill()
        if self._file is None:
            self._place(frames)
        else:
            self._check_disk(after)
            try:
                self._file.seek(self._count * self.frame_bytes)
                self._file.write(np.ascontiguousarray(frames).data)
            except OSError as error:
                raise self._no_room(error.strerror or str(error)) from error
        self._count += len(frames)

    def cut(self, count: int) -> None:
        """Forgets all frames but the first ``count``."""
        self._count = count

    def read(self, start: int, out: np.ndarray) -> None:
        """Fills ``out`` ``[frames, height, width, channels]`` (contiguous) with the frames from number ``start`` on."""
        if self._file is not None:
            with self._lock:  # a file has one position
                self._file.seek(start * self.frame_bytes)
                self._file.readinto(out.data)
            return
        done = 0
        while done < len(out):
            block, place = divmod(start + done, self._per_block)
            piece = self._blocks[block][place : place + len(out) - done]
            out[done : done + len(piece)] = piece
            done += len(piece)

    def _place(self, frames: np.ndarray) -> None:
        done = 0
        while done < len(frames):
            block, place = divmod(self._count + done, self._per_block)
            if block == len(self._blocks):
                self._blocks.append(np.empty((self._per_block, *self.shape), np.uint8))
            piece = frames[done : done + self._per_block - place]
            self._blocks[block][place : place + len(piece)] = piece
            done += len(piece)

    def _spill(self) -> io.BufferedRandom:
        file = tempfile.TemporaryFile(prefix="rgankit-")  # noqa: SIM115  # lives as long as this
        left = self._count
        for block in self._blocks:
            file.write(block[:left].data)
            left -= min(left, len(block))
        self._blocks.clear()
        return file

    def _check_disk(self, size: int) -> None:
        if size > self.disk_budget:
            raise DataError(
                f"There are more than {self.disk_budget / 2**30:.1f} GiB of frames.",
                "Raise domain.disk_budget, make the frames smaller or fewer (domain.fps), or use fewer files.",
            )
        if shutil.disk_usage(tempfile.gettempdir()).free < _SPARE_DISK:
            raise self._no_room("it is nearly full")

    def _no_room(self, reason: str) -> DataError:
        return DataError(
            f"The frames do not fit into {self.memory_budget / 2**20:.0f} MiB of memory, and cannot be put into "
            f"{tempfile.gettempdir()} ({reason}).",
            "Free some space, set TMPDIR to a folder on another disk, or raise domain.memory_budget.",
        )
