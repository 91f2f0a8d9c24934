"""From what was read in every frame to scores."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from rgan_kit_plugins.discriminators.regularisers import MinibatchStatistics

_NEVER_LARGEST = -1e4

_LEAST_VARIANCE = 1e-6
"""The square root has no gradient at zero."""


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


class WholeClipScore(nn.Module):
    """One score for the clip from all of its frames at once: dilated convolutions over time see further with every
    layer, until the last sees from the first frame to the last one (Bai et al. 2018, arXiv:1803.01271). The score also
    sees how far what was read in single frames varies over time, which is where a clip that turns into another one on
    its way betrays itself.

    Args:
        features: of a frame.
        length: frames of the longest clip.
        labels: how many classes there are; 0 for none.
        minibatch_statistics: whether the score sees how much the batch varies.
    """

    def __init__(self, features: int, length: int, labels: int, minibatch_statistics: bool) -> None:
        super().__init__()
        dilations = [2**layer for layer in range(max(1, (length - 1).bit_length()))]
        self.over_time = nn.ModuleList(
            nn.Conv1d(features, features, 3, padding=dilation, dilation=dilation) for dilation in dilations
        )
        self.activation = nn.LeakyReLU(0.2)
        self.from_label = nn.Embedding(labels, features) if labels else None
        self.statistics = MinibatchStatistics() if minibatch_statistics else nn.Identity()
        pooled = 3 * features + (MinibatchStatistics.added if minibatch_statistics else 0)
        self.score = nn.Sequential(nn.Linear(pooled, features), nn.LeakyReLU(0.2), nn.Linear(features, 1))

    def forward(self, features: Tensor, mask: Tensor, labels: Tensor | None) -> Tensor:
        """``[batch, time, features]`` to ``[batch]``, from those that ``mask`` (boolean ``[batch, time]``) counts."""
        counts = mask[:, None].to(features.dtype)  # [batch, 1, time]
        values = features.transpose(1, 2) * counts
        for layer in self.over_time:
            # Zero behind the end after every layer: just what a shorter batch finds beyond its edge.
            values = (values + self.activation(layer(values))) * counts
        seen = values.transpose(1, 2)
        mean = mean_over_time(seen, mask)
        peak = seen.masked_fill(~mask[:, :, None], _NEVER_LARGEST).amax(dim=1)
        off = features - mean_over_time(features, mask)[:, None]
        varies = (mean_over_time(off.square(), mask) + _LEAST_VARIANCE).sqrt()
        pooled = self.statistics(torch.cat([mean, peak, varies], dim=1))
        sequence = cast("Tensor", self.score(pooled))[:, 0]
        if self.from_label is not None and labels is not None:
            sequence = sequence + (self.from_label(labels) * mean).sum(dim=1)
        return sequence


def mean_over_time(values: Tensor, mask: Tensor) -> Tensor:
    """``[batch, time, ...]`` to ``[batch, ...]``, over the steps that ``mask`` ``[batch, time]`` counts."""
    counts = mask.to(values.dtype).view(*mask.shape, *([1] * (values.ndim - 2)))
    return (values * counts).sum(dim=1) / counts.sum(dim=1).clamp(min=1)
