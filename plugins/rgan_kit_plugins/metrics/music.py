"""Figures of music: which pitches, durations and onsets there are, and how bars are filled.

Histograms and their overlap after Yang & Lerch 2020, "On the evaluation of generative models in music"; empty bars,
used pitch classes, qualified notes and polyphony after Dong et al. 2018, "MuseGAN" (arXiv:1709.06298).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from weakref import WeakKeyDictionary

import numpy as np

from rgan_kit.contracts import (
    Better,
    Dataset,
    Figure,
    Measured,
    MetricSpec,
    SampleSet,
    SequenceSource,
    TokenSpec,
    evenly,
)
from rgan_kit_plugins.domains.music.notes import DRUMS, Piece

MOST: Final = 500
"""Pieces of each kind that are looked at."""

_MAJOR: Final = (0, 2, 4, 5, 7, 9, 11)
_SCALES: Final = np.array([[(pitch - tonic) % 12 in _MAJOR for pitch in range(12)] for tonic in range(12)])
"""bool ``[tonics, pitch classes]``; a natural minor scale has the notes of a major one."""

_GRID: Final = 16
"""Onsets are counted in sixteenths of a bar, durations in powers of two of a beat, in quarters of a power."""

_SHORT: Final = 1 / 8
"""Beats of a thirty-second note: what is shorter is no qualified note."""


@dataclass(frozen=True, eq=False)
class Content:
    """What pieces hold.

    Attributes:
        pitch_classes, durations, onsets: float64, shares of notes.
        figures: means over pieces, by name.
    """

    pitch_classes: np.ndarray
    durations: np.ndarray
    onsets: np.ndarray
    figures: dict[str, float]


def tally(pieces: Sequence[Piece]) -> Content | None:
    """What pieces hold; None where they have no note."""
    histograms = [np.zeros(12), np.zeros(41), np.zeros(_GRID)]
    rows: list[dict[str, float]] = []
    for piece in pieces:
        notes = np.array(
            [(n.start, n.duration, n.pitch) for n in piece.notes if piece.program(n.track) != DRUMS], np.int64
        ).reshape(-1, 3)
        bars = np.array(list(piece.bar_lines()) or [0], np.int64)
        rows.append(_of_piece(notes, bars, piece))
        if len(notes):
            ends = np.append(bars[1:], max(piece.length, int(bars[-1]) + 1))
            bar = np.maximum(np.searchsorted(bars, notes[:, 0], side="right") - 1, 0)
            place = (notes[:, 0] - bars[bar]) / (ends - bars)[bar]
            octave = np.log2(np.maximum(notes[:, 1], 1) / piece.steps_per_beat)
            histograms[0] += np.bincount(notes[:, 2] % 12, minlength=12)
            histograms[1] += np.bincount(np.clip((octave * 4).round() + 20, 0, 40).astype(np.int64), minlength=41)
            histograms[2] += np.bincount(np.clip(place * _GRID, 0, _GRID - 1).astype(np.int64), minlength=_GRID)
    if not histograms[0].sum():
        return None
    pitch_classes, durations, onsets = (each / each.sum() for each in histograms)
    names = dict.fromkeys(name for row in rows for name in row)
    means = {name: float(np.mean([row[name] for row in rows if name in row])) for name in names}
    return Content(pitch_classes, durations, onsets, means)


def _of_piece(notes: np.ndarray, bars: np.ndarray, piece: Piece) -> dict[str, float]:
    """Shares and means of one piece; what needs notes is left out where it has none."""
    starts, ends = notes[:, 0], notes[:, 0] + notes[:, 1]
    first = np.searchsorted(bars, starts, side="right") - 1
    used = [np.unique(notes[first == bar, 2] % 12) for bar in range(len(bars))]
    found = {"empty_bars": float(np.mean([not len(each) for each in used]))}
    if not len(notes):
        return found
    last = np.searchsorted(bars, ends - 1, side="right") - 1
    counts = np.bincount(notes[:, 2] % 12, minlength=12)
    sounding = np.zeros(int(ends.max()) + 1, np.int64)
    np.add.at(sounding, starts, 1)
    np.add.at(sounding, ends, -1)
    voices = sounding.cumsum()[:-1]
    patterns = [frozenset((int(s - bars[bar]), int(p)) for s, _, p in notes[first == bar]) for bar in range(len(bars))]
    filled = [pattern for pattern in patterns if pattern]
    return {
        **found,
        "pitch_classes_a_bar": float(np.mean([len(each) for each in used if len(each)])),
        "notes_in_scale": float((_SCALES @ counts).max() / counts.sum()),
        "notes_within_bars": float((first == last).mean()),
        "qualified_notes": float((notes[:, 1] / piece.steps_per_beat >= _SHORT).mean()),
        "polyphony": float((voices > 1).sum() / max(1, int((voices > 0).sum()))),
        "repeated_bars": 1 - len(set(filled)) / len(filled),
    }


def compute(samples: SampleSet) -> dict[str, Measured]:
    """Overlaps of histograms with the training data, and means over pieces, each beside held-out data. Nothing for what
    is no music."""
    own = [piece for piece in samples.samples if isinstance(piece, Piece)]
    if not own or len(own) < len(samples.samples):
        return {}
    real, held_out = _real(samples.dataset)
    made = tally([own[number] for number in evenly(len(own), MOST)])
    if made is None or real is None or held_out is None:
        return {}
    own_shares, usual = _overlaps(made, real), _overlaps(held_out, real)
    found = {name: Measured(value, usual[name]) for name, value in own_shares.items()}
    both = [name for name in made.figures if name in held_out.figures]
    return {**found, **{name: Measured(made.figures[name], held_out.figures[name]) for name in both}}


def _overlaps(left: Content, right: Content) -> dict[str, float]:
    """Area that two histograms share: 1 for equal ones."""
    return {
        "pitch_class_overlap": float(np.minimum(left.pitch_classes, right.pitch_classes).sum()),
        "duration_overlap": float(np.minimum(left.durations, right.durations).sum()),
        "onset_overlap": float(np.minimum(left.onsets, right.onsets).sum()),
    }


_known: Final[WeakKeyDictionary[Dataset, tuple[Content | None, Content | None]]] = WeakKeyDictionary()


def _real(dataset: Dataset) -> tuple[Content | None, Content | None]:
    """Of training and of held-out pieces."""
    if dataset not in _known:
        _known[dataset] = tally(_pieces(dataset, dataset.train)), tally(_pieces(dataset, dataset.validation))
    return _known[dataset]


def _pieces(dataset: Dataset, source: SequenceSource) -> list[Any]:
    batch = source.take(evenly(len(source), MOST))
    if isinstance(dataset.spec, TokenSpec):
        return dataset.decoder.decode({"tokens": batch.values, "lengths": batch.lengths - dataset.spec.ends})
    return dataset.decoder.decode({dataset.spec.kind: batch.values, "lengths": batch.lengths})


def _figure(name: str, title: str, meaning: str, unit: str = "share") -> Figure:
    better: Better = "higher" if name.endswith("_overlap") else "real"
    return Figure(name=name, title=title, meaning=meaning, unit=unit, better=better)


METRICS: Final = (
    MetricSpec(
        name="music",
        summary="histograms of pitches, durations and onsets, scales, bars and voices of music, beside held-out pieces",
        kinds=frozenset({"tokens", "series"}),
        compute=compute,
        thorough=True,
        paper="Yang & Lerch 2020, On the evaluation of generative models in music; Dong et al. 2018, arXiv:1709.06298",
        figures=(
            _figure("pitch_class_overlap", "pitch classes", "overlap of their histogram with training data's"),
            _figure("duration_overlap", "durations", "overlap of their histogram with training data's"),
            _figure("onset_overlap", "onsets", "overlap of the histogram of places in the bar with training data's"),
            _figure("notes_in_scale", "notes in scale", "notes of a piece that lie in the scale which fits it best"),
            _figure("notes_within_bars", "notes within bars", "notes that cross no bar line"),
            _figure("empty_bars", "empty bars", "bars in which no note begins"),
            _figure("pitch_classes_a_bar", "pitch classes a bar", "different ones that begin in it", "pitch classes"),
            _figure("qualified_notes", "qualified notes", "notes of a thirty-second or longer"),
            _figure("polyphony", "polyphony", "sounding steps with more than one note"),
            _figure("repeated_bars", "repeated bars", "bars that have another bar's notes (self-similarity)"),
        ),
    ),
)
