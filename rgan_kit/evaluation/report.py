"""The figures of a training as a table: one column a moment, and the control, what real data gives, in the last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rgan_kit.contracts import Figure
from rgan_kit.contracts.metrics import CONTROL


def table(
    rows: Sequence[tuple[str, Mapping[str, float | None]]],
    reference: Mapping[str, float],
    known: Mapping[str, Figure],
) -> list[str]:
    """Evaluations as lines of text: a line a figure, a column a moment; below, what each figure means.

    Args:
        rows: moment and figures, real data's under ``heldout_x``.
        reference: exact figures of the known source; empty where there is none.
        known: how figures are shown, in this order.
    """
    figures = {name: value for _, values in rows for name, value in values.items()} | dict(reference)
    names = [name for name in known if name in figures] + [name for name in figures if name not in known]
    names = [name for name in names if name in known or not _is_control(name, figures)]
    control = {name: figures[f"{CONTROL}{name}"] for name in names if f"{CONTROL}{name}" in figures} | dict(reference)
    columns = [*rows, ("real data", control)] if control else list(rows)
    shown = [known.get(name, Figure(name=name)) for name in names]
    cells = [["", *(moment for moment, _ in columns)]]
    for name, figure in zip(names, shown, strict=True):
        cells.append([figure.heading, *(figure.text(values.get(name)) for _, values in columns)])
    legend = [f"{figure.heading}: {figure.meaning}" for figure in shown if figure.meaning]
    return [*aligned(cells), "", *legend]


def one_line(moment: str, figures: Mapping[str, float], known: Mapping[str, Figure]) -> str:
    """An evaluation in one line."""
    names = [name for name in known if name in figures]
    names += [name for name in figures if name not in known and not _is_control(name, figures)]
    shown = [(known.get(name, Figure(name=name)), figures[name]) for name in names]
    return f"{moment}: {', '.join(f'{figure.heading} {figure.text(value)}' for figure, value in shown)}"


def aligned(cells: Sequence[Sequence[str]]) -> list[str]:
    """Rows of cells as lines: the first column to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [_line(row, widths).rstrip() for row in cells]


def _is_control(name: str, figures: Mapping[str, float | None]) -> bool:
    return name.startswith(CONTROL) and name.removeprefix(CONTROL) in figures


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    numbers = (cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))
    return "  ".join([row[0].ljust(widths[0]), *numbers])
