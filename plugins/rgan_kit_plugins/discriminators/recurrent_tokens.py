"""A bidirectional recurrent discriminator of symbols (Schuster & Paliwal 1997), with a score for each step beside that
for the sequence, as in C-RNN-GAN (Mogren 2016, arXiv:1611.09904) and ScratchGAN (de Masson d'Autume et al. 2019)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rgan_kit.contracts import Batch, DataSpec, Scores, TokenSpec
from rgan_kit_plugins.recurrence import Cell, Recurrence, padding_mask, reverse_padded

if TYPE_CHECKING:
    from rgan_kit_plugins.discriminators import RecurrentDiscriminatorOptions


class RecurrentTokenDiscriminator(nn.Module):
    """Scores tokens, or one-hot vectors that gradients flow through to the generator."""

    def __init__(self, cell: Cell, options: RecurrentDiscriminatorOptions, data: DataSpec) -> None:
        super().__init__()
        assert isinstance(data, TokenSpec)
        width, hidden = options.embedding_size, options.hidden_size
        self.embedding = nn.Embedding(data.vocab_size, width)
        nn.init.normal_(self.embedding.weight, std=width**-0.5)
        self.from_label = nn.Embedding(len(data.labels), 2 * hidden) if data.labels else None
        self.forwards = Recurrence(cell, width, hidden, options.layers, options.dropout)
        self.backwards = Recurrence(cell, width, hidden, options.layers, options.dropout)
        self.dropout = nn.Dropout(options.dropout)
        self.step_score = nn.Linear(2 * hidden, 1)
        self.sequence_score = nn.Sequential(nn.Linear(4 * hidden, hidden), nn.LeakyReLU(0.2), nn.Linear(hidden, 1))

    def embed(self, values: Tensor) -> Tensor:
        """``[batch, time]`` tokens or ``[batch, time, vocabulary]`` one-hot, to ``[batch, time, embedding_size]``."""
        if values.is_floating_point():
            return values @ self.embedding.weight
        return F.embedding(values, self.embedding.weight)

    def forward(self, batch: Batch[Tensor]) -> Scores:
        """Logits of being real; padding changes nothing."""
        mask = padding_mask(batch.lengths, batch.values.shape[1])[:, :, None]  # [batch, time, 1]
        inputs = self.dropout(self.embed(batch.values)) * mask
        there = self.forwards(inputs)
        back = reverse_padded(self.backwards(reverse_padded(inputs, batch.lengths)), batch.lengths)
        features = self.dropout(torch.cat([there, back], dim=2)) * mask  # [batch, time, 2 hidden]
        steps = self.step_score(features)
        mean = features.sum(dim=1) / batch.lengths[:, None].clamp(min=1)
        peak = features.masked_fill(~mask, -2.0).max(dim=1).values  # recurrent outputs lie within -1..1
        sequence = self.sequence_score(torch.cat([mean, peak], dim=1))[:, 0]
        if self.from_label is not None and batch.labels is not None:
            # Projection (Miyato & Koyama 2018): how well the label goes with what was read.
            sequence = sequence + (self.from_label(batch.labels) * mean).sum(dim=1)
            steps = steps + (self.from_label(batch.labels)[:, None] * features).sum(dim=2, keepdim=True)
        return Scores(sequence, (steps * mask)[:, :, 0])
