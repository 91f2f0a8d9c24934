"""Samples as a picture of piano rolls."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from io import BytesIO
from typing import Final

from rgan_kit_plugins.domains.music.notes import Piece

MOST_PIECES: Final = 12
_MOST_NOTES: Final = 5000
_COLOURS: Final = ("#1f5fa8", "#c4552d", "#3d8b4f", "#8a4fa3", "#b08a1e", "#2b9a9a", "#a83a63", "#6b6b6b")


def can_draw() -> bool:
    """Whether matplotlib is installed."""
    return find_spec("matplotlib") is not None


def to_png(pieces: Sequence[Piece]) -> bytes:
    """The first dozen of the samples, three in a row: time in beats to the right, pitch upwards, a colour a track."""
    from matplotlib.figure import Figure

    pieces = pieces[:MOST_PIECES]
    columns = min(3, max(1, len(pieces)))
    rows = -(-len(pieces) // columns)
    figure = Figure(figsize=(4.4 * columns, 2.1 * rows + 0.4))
    figure.subplots_adjust(left=0.06, right=0.99, bottom=0.7 / (2.1 * rows + 0.4), top=0.93, hspace=0.4, wspace=0.12)
    grid = figure.subplots(rows, columns, squeeze=False)
    pitches = [note.pitch for piece in pieces for note in piece.notes[:_MOST_NOTES]] or [60]
    for number, axes in enumerate(grid.flat, 1):
        if number > len(pieces):
            axes.set_axis_off()
            continue
        piece, notes = pieces[number - 1], pieces[number - 1].notes[:_MOST_NOTES]
        starts = [note.start / piece.steps_per_beat for note in notes]
        ends = [(note.start + 0.9 * note.duration) / piece.steps_per_beat for note in notes]
        colours = [_COLOURS[note.track % len(_COLOURS)] for note in notes]
        axes.hlines([note.pitch for note in notes], starts, ends, colors=colours, linewidth=3)
        axes.set_xlim(0, max(1.0, piece.length / piece.steps_per_beat))
        axes.set_ylim(min(pitches) - 2, max(pitches) + 2)
        axes.set_title(f"{number}: {piece.tempo:.0f} beats a minute", fontsize=8)
        axes.tick_params(labelsize=7)
        axes.grid(alpha=0.25)
    figure.supxlabel("beats", fontsize=8)
    figure.supylabel("MIDI pitch", fontsize=8)
    content = BytesIO()
    figure.savefig(content, format="png", dpi=72)
    return content.getvalue()
