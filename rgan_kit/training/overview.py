"""Samples of a moment in few numbers, for reports: lines, places in a plane, scores of a discriminator."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import torch
from torch import nn

from rgan_kit.contracts import Batch, Dataset, SampleSet, SeriesSpec, TokenSpec, as_lines, evenly
from rgan_kit.nn import as_they_are
from rgan_kit.plugins.contain import contained, describe
from rgan_kit.training.engine import Engine
from rgan_kit.training.projection import REAL, Plane, counted

logger = logging.getLogger(__name__)

LINES: Final = 8
"""Samples that are kept as lines, of a moment and of real data."""

LONGEST_LINE: Final = 500

_CURVES: Final = 6
_MOST_STEPS: Final = 64
_FEATURES_SHOWN: Final = 4
_MOST_FEATURES: Final = 16
"""Of series with more, such as piano rolls, curves show nothing."""


class Overview:
    """Says of samples what a report shows.

    Args:
        dataset: what is trained on.
        engine: where it computes.
        discriminator: whose scores are told; None where there is none.
        density: whether the nats of the generator are of a density.
    """

    def __init__(self, dataset: Dataset, engine: Engine, discriminator: nn.Module | None, density: bool) -> None:
        self._dataset, self._engine, self._discriminator = dataset, engine, discriminator
        self._density = density
        self._plane: Plane | None = None
        self._failed = False

    def of(self, drawn: SampleSet, lines: Sequence[str]) -> dict[str, Any]:
        """``samples``: ``lines``; ``points``, pairs of numbers; of series ``curves``, ``[sample][feature][step]``; and,
        with a discriminator, ``scores`` of them and ``real_scores`` of held-out ones, logits. The first time also
        ``real``: the same of held-out data, the share of its variance that the plane has (``explained``),
        ``names`` of the features, and whether nats are of a ``density``. Lines alone where something of it fails."""
        told: dict[str, Any] = {"samples": {"lines": _shortened(lines)}}
        if self._failed:
            return told
        try:
            with contained():
                if self._plane is None:
                    self._plane = Plane(self._dataset)
                    told["real"] = self._real(self._plane)
                told["samples"]["points"] = _rounded(self._plane.places(drawn.outputs))
                told["samples"] |= self._curves(_as_batch(self._dataset, drawn))
                if self._discriminator is not None:
                    told["samples"]["scores"] = self._scores(self._discriminator, _as_batch(self._dataset, drawn))
                    told["samples"]["real_scores"] = self._scores(self._discriminator, self._held_out(REAL))
        except Exception as error:  # a picture less is better than a training lost
            self._failed = True
            logger.warning("reports of this run show no plane of samples: %s", describe(error))
        return told

    def _real(self, plane: Plane) -> dict[str, Any]:
        spec = self._dataset.spec
        return {
            "lines": self._real_lines(),
            "points": _rounded(plane.real),
            "explained": round(plane.explained, 4),
            "density": self._density,
            **self._curves(self._held_out(_CURVES)),
            **({"names": list(spec.names[:_FEATURES_SHOWN])} if isinstance(spec, SeriesSpec) else {}),
        }

    def _curves(self, batch: Batch[np.ndarray]) -> dict[str, Any]:
        spec = self._dataset.spec
        if not isinstance(spec, SeriesSpec) or spec.features > _MOST_FEATURES:
            return {}
        steps = evenly(batch.values.shape[1], _MOST_STEPS)
        values = batch.values[:_CURVES, :, :_FEATURES_SHOWN].astype(np.float64)
        values[np.arange(values.shape[1]) >= batch.lengths[:_CURVES, None]] = np.nan  # behind its end
        return {"curves": [[_numbers(feature) for feature in sample.T] for sample in values[:, steps]]}

    def _held_out(self, most: int) -> Batch[np.ndarray]:
        return self._dataset.validation.take(evenly(len(self._dataset.validation), most))

    def _real_lines(self) -> list[str]:
        spec, batch = self._dataset.spec, self._held_out(LINES)
        ends = int(isinstance(spec, TokenSpec) and spec.ends)
        samples = self._dataset.decoder.decode({spec.kind: batch.values, "lengths": batch.lengths - ends})
        labels = None if batch.labels is None or not spec.labels else [spec.labels[each] for each in batch.labels]
        return _shortened(as_lines(self._dataset.decoder, samples, labels))

    @torch.no_grad()
    def _scores(self, discriminator: nn.Module, batch: Batch[np.ndarray]) -> list[float | None]:
        with as_they_are(discriminator):
            scores = discriminator(self._engine.place(batch, self._dataset.spec)).sequence.float().cpu().numpy()
        return _numbers(scores)


def _as_batch(dataset: Dataset, drawn: SampleSet) -> Batch[np.ndarray]:
    """What a generator gave, as if a domain had read it."""
    spec = dataset.spec
    values = drawn.outputs[spec.kind]
    given = drawn.outputs.get("lengths", np.full(len(values), values.shape[1]))
    lengths = counted(spec, given, values.shape[1]).astype(np.int64)
    numbers = {name: number for number, name in enumerate(spec.labels)}
    labels = None if drawn.labels is None else np.array([numbers[label] for label in drawn.labels], np.int64)
    return Batch(values, lengths, labels)


def _shortened(lines: Sequence[str]) -> list[str]:
    return [line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]}…" for line in lines[:LINES]]


def _rounded(points: np.ndarray) -> list[list[float | None]]:
    return [_numbers(point) for point in np.nan_to_num(points)]


def _numbers(values: np.ndarray) -> list[float | None]:
    """To four digits; None where there is none."""
    return [float(f"{value:.4g}") if np.isfinite(value) else None for value in values.tolist()]
