"""Samples as a picture of piano rolls."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from io import BytesIO
from typing import TYPE_CHECKING, Final

from rgan_kit_plugins.domains.music.notes import DRUMS, Piece
from rgan_kit_plugins.domains.music.tracks import FAMILIES

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_PIECES: Final = 12
_MOST_NOTES: Final = 5000
_MOST_LINES: Final = 400
_MOST_VOICES: Final = 8
_COLOURS: Final = ("#1f5fa8", "#c4552d", "#3d8b4f", "#8a4fa3", "#b08a1e", "#2b9a9a", "#a83a63", "#6b6b6b")

Voice = tuple[int, int]
"""Program and, where several tracks of a sample have it, its number among them."""


def can_draw() -> bool:
    """Whether matplotlib is installed."""
    return find_spec("matplotlib") is not None


def to_png(pieces: Sequence[Piece], labels: Sequence[str] | None = None) -> bytes:
    """The first dozen of the samples, three in a row, all on one axis of time in beats, with a line at every bar; pitch
    upwards, a colour for each instrument, which the legend names;
    the class of each in its title, where there are classes."""
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

    pieces = pieces[:MOST_PIECES]
    columns = min(3, max(1, len(pieces)))
    rows = -(-len(pieces) // columns)
    height = 2.1 * rows + 0.9
    figure = Figure(figsize=(4.4 * columns, height))
    figure.subplots_adjust(left=0.06, right=0.99, bottom=1.0 / height, top=1 - 0.3 / height, hspace=0.4, wspace=0.12)
    grid = figure.subplots(rows, columns, squeeze=False)
    beats = max([1.0, *(piece.length / piece.steps_per_beat for piece in pieces)])
    pitches = [note.pitch for piece in pieces for note in piece.notes[:_MOST_NOTES]] or [60]
    voices = sorted({voice for piece in pieces for voice in _voices(piece).values()})
    colours = {voice: _COLOURS[place % _MOST_VOICES] for place, voice in enumerate(voices)}
    for number, axes in enumerate(grid.flat):
        if number >= len(pieces):
            axes.set_axis_off()
            continue
        own = f"{labels[number]}, " if labels else ""
        _draw(axes, pieces[number], colours, f"{number + 1}: {own}{pieces[number].tempo:.0f} beats a minute")
        axes.set_xlim(0, beats)
        axes.set_ylim(min(pitches) - 2, max(pitches) + 2)
    handles = [Line2D([], [], color=colours[voice], linewidth=3) for voice in voices[:_MOST_VOICES]]
    figure.legend(handles, [_called(voice) for voice in voices[:_MOST_VOICES]], loc="lower center", ncols=4, fontsize=7,
                  frameon=False)  # fmt: skip
    figure.text(0.5, 0.55 / height, "beats; a line at every bar", ha="center", fontsize=8)
    figure.supylabel("MIDI pitch", fontsize=8)
    content = BytesIO()
    figure.savefig(content, format="png", dpi=72)
    return content.getvalue()


def _draw(axes: Axes, piece: Piece, colours: dict[Voice, str], title: str) -> None:
    notes, voices = piece.notes[:_MOST_NOTES], _voices(piece)
    lines = [line / piece.steps_per_beat for line, _ in zip(piece.bar_lines(), range(_MOST_LINES), strict=False)]
    end = piece.length / piece.steps_per_beat
    for line in [*lines, end]:
        axes.axvline(line, color="#b8b8b8", linewidth=0.7, zorder=0)
    starts = [note.start / piece.steps_per_beat for note in notes]
    ends = [(note.start + 0.9 * note.duration) / piece.steps_per_beat for note in notes]
    own = [colours[voices[note.track]] for note in notes]
    axes.hlines([note.pitch for note in notes], starts, ends, colors=own, linewidth=3)
    axes.axvspan(end, max(end, axes.get_xlim()[1], 10_000), color="#eeeeee", zorder=0)  # behind its end
    axes.set_title(title, fontsize=8)
    axes.tick_params(labelsize=7)
    axes.grid(axis="y", alpha=0.25)


def _voices(piece: Piece) -> dict[int, Voice]:
    """Of every track of a sample."""
    found: dict[int, Voice] = {}
    counts: dict[int, int] = {}
    for track in sorted({note.track for note in piece.notes}):
        program = piece.program(track)
        counts[program] = counts.get(program, 0) + 1
        found[track] = (program, counts[program])
    return found


def _called(voice: Voice) -> str:
    program, number = voice
    word = "drums" if program == DRUMS else f"{FAMILIES[program // 8].replace('-', ' ')} (program {program})"
    return word if number == 1 else f"{word}, track {number}"
