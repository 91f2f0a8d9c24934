"""A bidirectional recurrent discriminator of real-valued series (Schuster & Paliwal 1997), with a score for each step
beside that for the sequence: Esteban et al. 2017 (arXiv:1706.02633), C-RNN-GAN (Mogren 2016, arXiv:1611.09904)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from rgan_kit.contracts import Batch, DataSpec, Scores, SeriesSpec
from rgan_kit.nn import Cell, Recurrence, padding_mask, reverse_padded
from rgan_kit_plugins.discriminators.regularisers import MinibatchStatistics, spectrally_normalised

if TYPE_CHECKING:
    from rgan_kit_plugins.discriminators import RecurrentDiscriminatorOptions

_BELOW_ALL = -1e3
"""Below every feature: outputs of a recurrence lie within -1..1, and dropout makes them a little larger."""


class RecurrentSeriesDiscriminator(nn.Module):
    """Scores series by what a recurrence reads in them forwards and backwards."""

    def __init__(self, cell: Cell, options: RecurrentDiscriminatorOptions, data: DataSpec) -> None:
        super().__init__()
        assert isinstance(data, SeriesSpec)
        width, hidden = options.embedding_size, options.hidden_size
        self.embedding = nn.Sequential(nn.Linear(data.features, width), nn.LeakyReLU(0.2), nn.Dropout(options.dropout))
        self.from_label = nn.Embedding(len(data.labels), 2 * hidden) if data.labels else None
        self.forwards = Recurrence(cell, width, hidden, options.layers, options.dropout)
        self.backwards = Recurrence(cell, width, hidden, options.layers, options.dropout)
        self.dropout = nn.Dropout(options.dropout)
        self.statistics = MinibatchStatistics() if options.minibatch_statistics else None
        pooled = 4 * hidden + (MinibatchStatistics.added if options.minibatch_statistics else 0)
        self.step_score = nn.Linear(2 * hidden, 1)
        self.sequence_score = nn.Sequential(nn.Linear(pooled, hidden), nn.LeakyReLU(0.2), nn.Linear(hidden, 1))
        if options.spectral_norm:
            spectrally_normalised(self)

    def forward(self, batch: Batch[Tensor]) -> Scores:
        """Logits of being real, of ``values`` ``[batch, time, features]``; padding changes nothing."""
        mask = padding_mask(batch.lengths, batch.values.shape[1])[:, :, None]  # [batch, time, 1]
        # What is read up to each step, and from the end back to it: [batch, time, hidden] each.
        inputs = self.embedding(batch.values) * mask  # [batch, time, embedding]
        there = self.forwards(inputs)
        back = reverse_padded(self.backwards(reverse_padded(inputs, batch.lengths)), batch.lengths)
        features = self.dropout(torch.cat([there, back], dim=2)) * mask  # [batch, time, 2 hidden]
        # A score for every step, [batch, time, 1], and one for all of them by their mean and maximum: [batch].
        steps = self.step_score(features)
        mean = features.sum(dim=1) / batch.lengths[:, None].clamp(min=1)
        peak = features.masked_fill(~mask, _BELOW_ALL).max(dim=1).values
        pooled = torch.cat([mean, peak], dim=1)
        sequence = self.sequence_score(pooled if self.statistics is None else self.statistics(pooled))[:, 0]
        if self.from_label is not None and batch.labels is not None:
            # Projection (Miyato & Koyama 2018): how well the label goes with what was read.
            sequence = sequence + (self.from_label(batch.labels) * mean).sum(dim=1)
            steps = steps + (self.from_label(batch.labels)[:, None] * features).sum(dim=2, keepdim=True)
        return Scores(sequence, (steps * mask)[:, :, 0])
