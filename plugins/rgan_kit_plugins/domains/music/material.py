"""The scores that are used, cut into passages, with their classes and sides."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from rgan_kit.contracts import DataError
from rgan_kit.files import Split, by_group, by_name
from rgan_kit_plugins.domains.music.cutting import Cutting, cut
from rgan_kit_plugins.domains.music.notes import Passage
from rgan_kit_plugins.domains.music.options import MusicOptions
from rgan_kit_plugins.domains.music.reading import Collection, Score

FEWEST_SAMPLES: Final = 10
_LACKS: Final = {"folder": "it lies in no folder that could be its class", "key": "it has no key signature"}


@dataclass(eq=False)
class Material:
    """Scores that are used, and the passages that were cut from them.

    Attributes:
        passages: all of them.
        owners: the score of each.
        scores: in the order of their names.
        labels: the class of each score, where classes were asked for.
        refused: reason by name.
        notes, fates: notes of all scores, and what became of them.
    """

    passages: list[Passage] = field(default_factory=list)
    owners: list[int] = field(default_factory=list)
    scores: list[Score] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    notes: int = 0
    fates: Counter[str] = field(default_factory=Counter)

    def check_enough(self, path: Path) -> None:
        """Raises ``DataError`` where there are too few samples; says what was refused."""
        if len(self.passages) < FEWEST_SAMPLES:
            reasons = "; ".join(f"{name}: {reason}" for name, reason in list(self.refused.items())[:3])
            raise DataError(
                f"{path}: {len(self.passages)} samples can be cut from what lies there; at least {FEWEST_SAMPLES} are "
                f"needed{f' (refused: {reasons})' if reasons else ''}.",
                "Give more music, or make domain.window_bars smaller.",
            )

    def split(self, found: Collection, share: float, rng: np.random.Generator) -> Split:
        """All passages of some scores are held out; the last ones where there is one score alone."""
        named = by_name(found.found, [self.scores[owner].file for owner in self.owners])
        if named is not None:
            return named
        owners = np.array(self.owners)
        if len(self.scores) > 1:
            return by_group(owners, share, rng, "scores")
        held = max(1, round(share * len(owners)))
        return Split.of(np.arange(len(owners)) >= len(owners) - held, "the last samples are held out")

    def classes(self, passages: np.ndarray, path: Path) -> tuple[np.ndarray, tuple[str, ...]]:
        """The class of each sample, by the number of its passage (int64 ``[samples]``), and the names of classes.

        Raises:
            DataError: there is one alone.
        """
        names = tuple(sorted(set(self.labels)))
        if len(names) < 2:
            raise DataError(
                f"{path}: all scores are of the class {names[0]}, and there have to be at least two.",
                "Sort them into folders, or leave domain.labels at none.",
            )
        numbers = np.array([names.index(label) for label in self.labels], np.int64)
        return numbers[np.array(self.owners)[passages]], names


def gather(found: Collection, options: MusicOptions) -> Material:
    """Cuts all scores that can be used; the others are refused."""
    material = Material(refused=dict(found.refused))
    pitches = range(options.lowest_pitch, options.highest_pitch + 1)
    scores = []
    for score in found.scores:
        if options.labels == "none" or _class_of(score, options):
            scores.append(score)
        else:
            material.refused[score.name] = _LACKS[options.labels]
    done = cut([score.song for score in scores], Cutting.of(options), options.steps_per_beat, pitches)
    material.notes, material.fates = done.notes, done.fates
    for score, own in zip(scores, done.songs, strict=True):
        if isinstance(own, str):
            material.refused[score.name] = own
            continue
        material.passages += own
        material.owners += [len(material.scores)] * len(own)
        material.labels.append(_class_of(score, options))
        material.scores.append(score)
    return material


def _class_of(score: Score, options: MusicOptions) -> str:
    return score.song.key if options.labels == "key" else score.folder
