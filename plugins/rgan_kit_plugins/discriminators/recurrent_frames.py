"""A convolutional-recurrent discriminator of clips: every frame is read by strided convolutions (Radford et al. 2015),
what was read by a bidirectional recurrent network (Schuster & Paliwal 1997; LRCN: Donahue et al. 2015)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from rgan_kit.contracts import Batch, DataSpec, FrameSpec, Scores
from rgan_kit.nn import Cell, Recurrence, padding_mask, reverse_padded
from rgan_kit_plugins.convolutions import FrameReader
from rgan_kit_plugins.discriminators.frame_scores import SequenceScore, StepScores
from rgan_kit_plugins.discriminators.regularisers import spectrally_normalised

if TYPE_CHECKING:
    from rgan_kit_plugins.discriminators import RecurrentDiscriminatorOptions


class RecurrentFrameDiscriminator(nn.Module):
    """A score for the clip and one for every frame, given all others."""

    def __init__(self, cell: Cell, options: RecurrentDiscriminatorOptions, data: DataSpec) -> None:
        super().__init__()
        assert isinstance(data, FrameSpec)
        width, hidden = options.embedding_size, options.hidden_size
        self.reader = FrameReader(data.height, data.width, data.channels, options.channels, width)
        self.forwards = Recurrence(cell, width, hidden, options.layers, options.dropout)
        self.backwards = Recurrence(cell, width, hidden, options.layers, options.dropout)
        self.dropout = nn.Dropout(options.dropout)
        self.steps = StepScores(2 * hidden, len(data.labels))
        self.sequence = SequenceScore(2 * hidden, hidden, len(data.labels), options.minibatch_statistics)
        if options.spectral_norm:
            spectrally_normalised(self)

    def forward(self, batch: Batch[Tensor]) -> Scores:
        """Logits of being real; padding changes nothing."""
        mask = padding_mask(batch.lengths, batch.values.shape[1])  # [batch, time]
        inputs = self.dropout(self.reader(batch.values, mask)) * mask[:, :, None]
        there = self.forwards(inputs)
        back = reverse_padded(self.backwards(reverse_padded(inputs, batch.lengths)), batch.lengths)
        features = self.dropout(torch.cat([there, back], dim=2))
        return Scores(self.sequence(features, mask, batch.labels), self.steps(features, mask, batch.labels))
