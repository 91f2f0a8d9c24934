"""Figures between two lines of metrics, as their means."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

MOST_KEPT = 64
"""So many figures of a name are kept before they become one, so that memory does not grow with ``train.log_every``."""


class Means:
    """Collects the figures of phases, which stay on the device until they are read.

    A phase that runs in some steps only has the mean over those. Whole numbers are counts: of them the newest stands.
    """

    def __init__(self) -> None:
        self._newest: dict[str, list[Tensor | float]] = {}
        self._folded: dict[str, tuple[Tensor | float, int]] = {}
        self._counts: dict[str, int] = {}

    def add(self, figures: Mapping[str, Tensor | float]) -> None:
        """Figures of a phase."""
        for name, value in figures.items():
            if type(value) is int:
                self._counts[name] = value
                continue
            newest = self._newest.setdefault(name, [])
            newest.append(value)
            if len(newest) >= MOST_KEPT:
                self._fold(name)

    def take(self) -> dict[str, float]:
        """The means since the last time, by name."""
        for name in self._newest:
            self._fold(name)
        means = {name: float(total) / count for name, (total, count) in self._folded.items()}
        means.update({name: float(count) for name, count in self._counts.items()})
        self._newest, self._folded, self._counts = {}, {}, {}
        return means

    def _fold(self, name: str) -> None:
        newest = self._newest[name]
        if not newest:
            return
        total, count = self._folded.get(name, (0.0, 0))
        tensors = [value for value in newest if isinstance(value, Tensor)]
        numbers = sum(value for value in newest if not isinstance(value, Tensor))
        added = torch.stack(tensors).sum(dtype=torch.float32) + numbers if tensors else numbers
        self._folded[name] = (total + added, count + len(newest))
        newest.clear()
