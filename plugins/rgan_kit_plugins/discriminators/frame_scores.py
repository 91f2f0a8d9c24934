"""From what was read in every frame to scores."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from rgan_kit_plugins.discriminators.regularisers import MinibatchStatistics

_NEVER_LARGEST = -1e4


class StepScores(nn.Module):
    """A linear score for every frame; with labels, how well they go with what was read is added (projection: Miyato &
    Koyama 2018, arXiv:1802.05637).

    Args:
        features: of a frame.
        labels: how many classes there are; 0 for none.
    """

    def __init__(self, features: int, labels: int) -> None:
        super().__init__()
        self.from_label = nn.Embedding(labels, features) if labels else None
        self.score = nn.Linear(features, 1)

    def forward(self, features: Tensor, mask: Tensor, labels: Tensor | None) -> Tensor:
        """``[batch, time, features]`` to ``[batch, time]``, zero where ``mask``, boolean of that shape, is False."""
        steps = cast("Tensor", self.score(features))[:, :, 0]
        if self.from_label is not None and labels is not None:
            steps = steps + (self.from_label(labels)[:, None] * features).sum(dim=2)
        return steps * mask


class SequenceScore(nn.Module):
    """One score for the clip from the mean and the peak of its frames' features, with the same projection of labels.

    Args:
        features: of a frame.
        hidden_size: units between the clip's features and its score.
        labels: how many classes there are; 0 for none.
        minibatch_statistics: whether the score sees how much the batch varies.
    """

    def __init__(self, features: int, hidden_size: int, labels: int, minibatch_statistics: bool) -> None:
        super().__init__()
        self.from_label = nn.Embedding(labels, features) if labels else None
        self.statistics = MinibatchStatistics() if minibatch_statistics else nn.Identity()
        pooled = 2 * features + (MinibatchStatistics.added if minibatch_statistics else 0)
        self.score = nn.Sequential(nn.Linear(pooled, hidden_size), nn.LeakyReLU(0.2), nn.Linear(hidden_size, 1))

    def forward(self, features: Tensor, mask: Tensor, labels: Tensor | None) -> Tensor:
        """``[batch, time, features]`` to ``[batch]``, from those that ``mask`` (boolean ``[batch, time]``) counts."""
        mean = mean_over_time(features, mask)
        peak = features.masked_fill(~mask[:, :, None], _NEVER_LARGEST).amax(dim=1)
        sequence = cast("Tensor", self.score(self.statistics(torch.cat([mean, peak], dim=1))))[:, 0]
        if self.from_label is not None and labels is not None:
            sequence = sequence + (self.from_label(labels) * mean).sum(dim=1)
        return sequence


def mean_over_time(values: Tensor, mask: Tensor) -> Tensor:
    """``[batch, time, ...]`` to ``[batch, ...]``, over the steps that ``mask`` ``[batch, time]`` counts."""
    counts = mask.to(values.dtype).view(*mask.shape, *([1] * (values.ndim - 2)))
    return (values * counts).sum(dim=1) / counts.sum(dim=1).clamp(min=1)
