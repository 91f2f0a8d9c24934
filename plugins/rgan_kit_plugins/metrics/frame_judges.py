"""Figures of clips and pictures that see what people see, by small classifiers: whether samples show the class that was
asked for, and how easily they are told from real ones. Each beside its control, held-out data in place of samples."""

from __future__ import annotations

from functools import cached_property
from typing import Final
from weakref import WeakKeyDictionary

import numpy as np

from rgan_kit.contracts import Dataset, FrameSpec, SampleSet, SequenceSource, evenly
from rgan_kit.evaluation import judge
from rgan_kit.evaluation.judge import FEWEST
from rgan_kit.evaluation.recogniser import Recogniser

PARTS: Final = 4
"""The judge is told the mean colours of so many parts a side of every frame, and of the whole frame."""

_MOST_CLIPS: Final = 500
_MOST_NUMBERS: Final = 2**26


class _Judges:
    """Of one data set."""

    def __init__(self, dataset: Dataset) -> None:
        assert isinstance(dataset.spec, FrameSpec)
        self.spec = dataset.spec
        self._train, self._validation = dataset.train, dataset.validation  # not the data set: it is a weak key

    def _some(self, source: SequenceSource) -> tuple[np.ndarray, np.ndarray | None]:
        """Clips of the data's full length, and their classes where it has any."""
        numbers = self.spec.length * self.spec.height * self.spec.width * self.spec.channels
        batch = source.take(evenly(len(source), max(FEWEST, min(_MOST_CLIPS, _MOST_NUMBERS // numbers))))
        return batch.values, batch.labels

    @cached_property
    def train(self) -> tuple[np.ndarray, np.ndarray | None]:
        return self._some(self._train)

    @cached_property
    def held_out(self) -> tuple[np.ndarray, np.ndarray | None]:
        return self._some(self._validation)

    @cached_property
    def recogniser(self) -> Recogniser | None:
        """None where the data has no classes, or too little of them."""
        clips, labels = self.train
        if labels is None or len(self.spec.labels) < 2 or len(clips) < FEWEST:
            return None
        return Recogniser(clips, labels, len(self.spec.labels))

    def told_apart(self, clips: np.ndarray) -> dict[str, float]:
        real = self.train[0]
        steps = min(clips.shape[1], real.shape[1])
        verdict = judge(_curves(real[:, :steps]), _curves(clips[:, :steps]))
        return {"frames_told_apart": verdict.told_apart, "frames_judge_distance": verdict.distance}

    def recognised(self, clips: np.ndarray, labels: np.ndarray) -> dict[str, float]:
        assert self.recogniser is not None
        shown, classes = self.recogniser.classes(clips), len(self.spec.labels)
        asked, found = (np.bincount(each, minlength=classes) / len(labels) for each in (labels, shown))
        accuracy = float((shown == labels).mean())
        coverage = float(np.minimum(asked, found).sum())
        return {"label_accuracy": accuracy, "label_error": 1 - accuracy, "class_coverage": coverage}

    @cached_property
    def control(self) -> dict[str, float]:
        clips, labels = self.held_out
        figures = self.told_apart(clips) if len(clips) >= FEWEST else {}
        if labels is not None and self.recogniser is not None and len(clips):
            figures |= self.recognised(clips, labels)
        return {f"heldout_{name}": value for name, value in figures.items()}

    def beside_control(self, figures: dict[str, float]) -> dict[str, float]:
        return figures | {name: self.control[name] for each in figures if (name := f"heldout_{each}") in self.control}


_judges: Final[WeakKeyDictionary[Dataset, _Judges]] = WeakKeyDictionary()


def _of(samples: SampleSet) -> tuple[_Judges, np.ndarray, np.ndarray]:
    """The judges, clips to be judged, and which of the samples they are."""
    judges = _judges.setdefault(samples.dataset, _Judges(samples.dataset))
    frames = samples.outputs["frames"]
    picked = evenly(len(frames), _MOST_CLIPS)
    return judges, frames[picked], picked


def judged(samples: SampleSet) -> dict[str, float]:
    """``frames_told_apart`` and ``frames_judge_distance`` (see ``rgan_kit.evaluation.judge``), of clips as series of
    the colours of parts of their frames, and of pictures as series of rows: a shape that turns into another, or changes
    its colour on its way, is one that real clips do not have. And their controls."""
    judges, clips, _ = _of(samples)
    if min(len(clips), len(judges.train[0])) < FEWEST:
        return {}
    return judges.beside_control(judges.told_apart(clips))


def recognised(samples: SampleSet) -> dict[str, float]:
    """``label_accuracy``: share of samples that show the class that was asked for, as a small classifier says, which
    has learnt from training data (``label_error`` is the rest). ``class_coverage``: how far the classes that samples
    show are as frequent as those that were asked for, 1 where all are. And their controls."""
    judges, clips, picked = _of(samples)
    if samples.labels is None or judges.recogniser is None or not len(clips):
        return {}
    number = {name: place for place, name in enumerate(judges.spec.labels)}
    labels = np.array([number[samples.labels[place]] for place in picked], np.int64)
    return judges.beside_control(judges.recognised(clips, labels))


def _curves(clips: np.ndarray) -> np.ndarray:
    """uint8 ``[n, time, height, width, channels]`` to series ``[n, time, numbers]``; a picture to its rows."""
    count, time, height, width, channels = clips.shape
    if time == 1:
        return clips.reshape(count, height, width * channels).astype(np.float32)
    rows, columns = (np.array_split(np.arange(side), min(PARTS, side)) for side in (height, width))
    parts = [clips[:, :, r[0] : r[-1] + 1, c[0] : c[-1] + 1].mean((2, 3)) for r in rows for c in columns]
    return np.concatenate([*parts, clips.mean((2, 3))], axis=2)
