"""A convolutional discriminator of real-valued series: dilated convolutions over the values and over their changes from
step to step (temporal convolutional networks: Bai et al. 2018, arXiv:1803.01271; as a critic of series: QuantGAN, Wiese
et al. 2020, arXiv:1907.06673).

A recurrence has to remember a curve to judge its form; a convolution compares steps that lie a few apart, whatever came
before, so its gradient reaches a generator undiminished from every place of the series.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rgan_kit.contracts import Batch, DataSpec, Scores, SeriesSpec
from rgan_kit.nn import padding_mask
from rgan_kit_plugins.discriminators.regularisers import MinibatchStatistics, spectrally_normalised

if TYPE_CHECKING:
    from rgan_kit_plugins.discriminators import ConvolutionalSeriesOptions

_BELOW_ALL = -1e4
"""Below every feature of a step."""


class ConvolutionalSeriesDiscriminator(nn.Module):
    """Scores series by what stands near each other in them, at distances that double from layer to layer."""

    def __init__(self, options: ConvolutionalSeriesOptions, data: DataSpec) -> None:
        super().__init__()
        assert isinstance(data, SeriesSpec)
        channels = options.channels
        self.differences = options.differences
        seen = data.features * (1 + options.differences) + 1  # and whether there is a step at all
        self.convolutions = nn.ModuleList(
            nn.Conv1d(
                seen if layer == 0 else channels, channels, options.width, dilation=2**layer,
                padding=2**layer * (options.width // 2),
            )
            for layer in range(options.layers)
        )  # fmt: skip
        self.dropout = nn.Dropout(options.dropout)
        self.from_label = nn.Embedding(len(data.labels), channels) if data.labels else None
        self.statistics = MinibatchStatistics() if options.minibatch_statistics else None
        pooled = 2 * channels + (MinibatchStatistics.added if options.minibatch_statistics else 0)
        self.step_score = nn.Linear(channels, 1)
        self.sequence_score = nn.Sequential(nn.Linear(pooled, channels), nn.LeakyReLU(0.2), nn.Linear(channels, 1))
        if options.spectral_norm:
            spectrally_normalised(self)

    def forward(self, batch: Batch[Tensor]) -> Scores:
        """Logits of being real, of ``values`` ``[batch, time, features]``; padding changes nothing."""
        mask = padding_mask(batch.lengths, batch.values.shape[1])[:, None].to(batch.values.dtype)  # [batch, 1, time]
        features = self._seen(batch.values.transpose(1, 2), mask)  # [batch, seen, time]
        # Each layer sees twice as far and adds to what the one before it found.
        for layer, convolution in enumerate(self.convolutions):
            answer = F.leaky_relu(convolution(features), 0.2) * mask  # [batch, channels, time]
            features = answer if layer == 0 else answer + features
        # A score for every step, [batch, time], and one for all of them by their mean and maximum: [batch].
        features = self.dropout(features) * mask
        steps = self.step_score(features.transpose(1, 2))[..., 0]  # [batch, time]
        mean = features.sum(dim=2) / batch.lengths[:, None].clamp(min=1)  # [batch, channels]
        peak = features.masked_fill(mask == 0, _BELOW_ALL).max(dim=2).values
        pooled = torch.cat([mean, peak], dim=1)
        sequence = self.sequence_score(pooled if self.statistics is None else self.statistics(pooled))[:, 0]
        if self.from_label is not None and batch.labels is not None:
            # Projection (Miyato & Koyama 2018): how well the label goes with what was read.
            label = self.from_label(batch.labels)
            sequence = sequence + (label * mean).sum(dim=1)
            steps = steps + (label[:, :, None] * features).sum(dim=1)
        return Scores(sequence, steps * mask[:, 0])

    def _seen(self, values: Tensor, mask: Tensor) -> Tensor:
        """What the first convolution reads: values, their changes since the step before, and where there are steps."""
        parts = [values * mask, mask]
        if self.differences:
            changes = F.pad(values[:, :, 1:] - values[:, :, :-1], (1, 0))
            parts.append(changes * mask)
        return torch.cat(parts, dim=1)
