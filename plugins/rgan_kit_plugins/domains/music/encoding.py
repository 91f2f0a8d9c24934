"""From passages to the arrays of samples, whole bars each; and what representations cannot hold, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from rgan_kit.contracts import Sequences, Tally
from rgan_kit_plugins.domains.music.events import Events
from rgan_kit_plugins.domains.music.melody import Melody
from rgan_kit_plugins.domains.music.notes import Passage
from rgan_kit_plugins.domains.music.pianoroll import PianoRoll
from rgan_kit_plugins.domains.music.remi import Remi
from rgan_kit_plugins.domains.music.vocabulary import EOS, PAD

Form = Melody | Events | Remi | PianoRoll

_AT_ONCE: Final = 1024


@dataclass(frozen=True, eq=False)
class Encoded:
    """Samples as arrays.

    Attributes:
        rows: tokens without end tokens, or piano rolls.
        passages: what each is of.
        owners: int64 ``[samples]``, the passage given that each is of or a part of.
    """

    rows: list[np.ndarray]
    passages: list[Passage]
    owners: np.ndarray


def encode(form: Form, passages: Sequence[Passage], most: int, fates: Counter[str]) -> Encoded:
    """Passages as a model sees them. One of more than ``most`` symbols is cut in two at the bar line in its middle, and
    again, down to single bars: nothing is lost, and a bar that is longer stays whole.

    Args:
        form: the representation.
        passages: with one note or more each.
        most: symbols or steps, end tokens not counted.
        fates: counts what became of notes, and passages that were cut.
    """
    todo = list(enumerate(passages))
    done: list[list[tuple[np.ndarray, Passage]]] = [[] for _ in passages]
    while todo:
        too_long: list[tuple[int, Passage]] = []
        for first in range(0, len(todo), _AT_ONCE):
            own = todo[first : first + _AT_ONCE]
            counted: Counter[str] = Counter()
            rows = form.encode([passage for _, passage in own], counted)
            if all(len(row) <= most for row in rows):
                fates += counted
            else:
                keep = [len(row) <= most or len(passage.bars) == 1 for row, (_, passage) in zip(rows, own, strict=True)]
                too_long += [each for each, kept in zip(own, keep, strict=True) if not kept]
                own = [each for each, kept in zip(own, keep, strict=True) if kept]
                rows = form.encode([passage for _, passage in own], fates) if own else []
            for row, (owner, passage) in zip(rows, own, strict=True):
                done[owner].append((row, passage))
        fates["split"] += len(too_long)
        todo = [(owner, half) for owner, passage in too_long for half in passage.halves()]
    ordered = [(owner, row, passage) for owner, own in enumerate(done) for row, passage in own]
    return Encoded(
        [row for _, row, _ in ordered],
        [passage for *_, passage in ordered],
        np.array([owner for owner, *_ in ordered], np.int64),
    )


def joined_rows(form: Form, rows: list[np.ndarray], labels: np.ndarray | None = None) -> Sequences:
    """Samples as one source: tokens int32 with their end tokens, piano rolls as bytes."""
    is_roll = isinstance(form, PianoRoll)
    offsets = np.cumsum([0, *(len(row) + (not is_roll) for row in rows)], dtype=np.int64)
    if is_roll:
        return Sequences(np.concatenate(rows), offsets, 0, labels)
    values = np.full(int(offsets[-1]), EOS, np.int32)
    inside = np.ones(len(values), np.bool_)
    inside[offsets[1:] - 1] = False
    values[inside] = np.concatenate(rows)
    return Sequences(values, offsets, PAD, labels)


_FATES: Final = {
    "drums": ("left out, being drums", "domain.representation=remi, or domain.parts"),
    "other tracks": ("left out, being in other tracks than those chosen", "domain.track or domain.parts"),
    "outside": ("left out, outside the pitches asked for", "domain.lowest_pitch and domain.highest_pitch"),
    "between": ("left out, sounding between two steps of the grid alone", "a larger domain.steps_per_beat"),
    "moved": ("moved to the grid", "a larger domain.steps_per_beat"),
    "stretched": ("made longer or shorter by the grid, by more than a quarter", "a larger domain.steps_per_beat"),
    "merged": (
        "merged with another of the same key that begins together with it",
        "domain.representation=events with domain.tracks, or remi",
    ),
    "shortened": ("ended where their key is struck again", ""),
    "tied": ("cut at the edge of a sample, and begun again in the next one", "a larger domain.window_bars"),
    "under": ("left out, under a higher voice", "domain.representation=events or remi"),
    "covered": ("interrupted or shortened by a higher voice", "domain.representation=events or remi"),
    "clipped": ("shortened to the longest duration", "a larger domain.longest_beats"),
    "joined": ("joined with the one before on the same key", "domain.onsets=true"),
}
_REPAIRS: Final = {
    "clamped": "with values out of range, which were clamped or passed over",
    "broken off": "with tracks that break off, read as far as they go",
}


def tallies(
    form: Form, fates: Counter[str], notes: int, passages: Sequence[Passage], repairs: Sequence[Mapping[str, int]]
) -> list[Tally]:
    """What did not come through as it was, counted.

    Args:
        form: the representation.
        fates: of notes and of passages.
        notes: in all.
        passages: all samples.
        repairs: of every score, what could not be taken as it stands.
    """
    found = [
        Tally("notes", said, fates[fate], notes, f"try {hint}" if hint else "") for fate, (said, hint) in _FATES.items()
    ]
    samples = len(passages)
    found.append(
        Tally("samples", "parts of longer ones, cut at bar lines", min(2 * fates["split"], samples), samples,
              "try a larger domain.max_length")
    )  # fmt: skip
    if not isinstance(form, Remi):
        tempos = sum(len(passage.tempos) > 1 for passage in passages)
        found.append(Tally("samples", "with changes of tempo inside, which are not kept", tempos, samples, _REMI))
    if isinstance(form, Events | PianoRoll):
        metres = sum(int(passage.bars.changes[1:].any()) for passage in passages)
        found.append(Tally("samples", "with changes of metre inside, which are not kept", metres, samples, _REMI))
    endless = sum(own.get("endless", 0) for own in repairs)
    found.append(Tally("notes", "left out, as nothing ends them", endless, notes + endless))
    found += [
        Tally("scores", said, sum(fate in own for own in repairs), len(repairs)) for fate, said in _REPAIRS.items()
    ]
    return [each for each in found if each.count]


_REMI: Final = "try domain.representation=remi"
