"""Tables as lines of text."""

from __future__ import annotations

from collections.abc import Sequence


def aligned(cells: Sequence[Sequence[str]], *, left: bool = False) -> list[str]:
    """Rows of cells as lines: the first column to the left, the others to the right unless ``left``."""
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return ["  ".join(_padded(row, widths, left)).rstrip() for row in cells]


def _padded(row: Sequence[str], widths: Sequence[int], left: bool) -> list[str]:
    return [
        cell.ljust(width) if left or not place else cell.rjust(width)
        for place, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]
