"""A recurrent discriminator of symbols (Schuster & Paliwal 1997), with a score for each step beside that for the
sequence, as in C-RNN-GAN (Mogren 2016, arXiv:1611.09904) and ScratchGAN (de Masson d'Autume et al. 2019)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rgan_kit.contracts import Batch, DataSpec, Scores, TokenSpec
from rgan_kit.nn import Cell, Recurrence, State, padding_mask, reverse_padded
from rgan_kit_plugins.discriminators.regularisers import MinibatchStatistics, spectrally_normalised

if TYPE_CHECKING:
    from rgan_kit_plugins.discriminators import RecurrentDiscriminatorOptions

BELOW_ALL = -2.0
"""Below every output of a recurrence, which lies within -1..1."""


class RecurrentTokenDiscriminator(nn.Module):
    """Scores tokens, or one-hot vectors that gradients flow through to the generator.

    Attributes:
        causal: whether the score of a step depends on nothing after it: without ``bidirectional``.
        incremental: whether a sequence can also be read symbol by symbol, by ``start``, ``read`` and ``judge``.
    """

    def __init__(self, cell: Cell, options: RecurrentDiscriminatorOptions, data: DataSpec) -> None:
        super().__init__()
        assert isinstance(data, TokenSpec)
        self.causal = not options.bidirectional
        self.incremental = self.causal and not options.minibatch_statistics
        width, hidden = options.embedding_size, options.hidden_size
        seen = 2 * hidden if options.bidirectional else hidden
        self.embedding = nn.Embedding(data.vocab_size, width)
        nn.init.normal_(self.embedding.weight, std=width**-0.5)
        self.from_label = nn.Embedding(len(data.labels), seen) if data.labels else None
        self.forwards = Recurrence(cell, width, hidden, options.layers, options.dropout)
        self.backwards = (
            Recurrence(cell, width, hidden, options.layers, options.dropout) if options.bidirectional else None
        )
        self.dropout = nn.Dropout(options.dropout)
        self.statistics = MinibatchStatistics() if options.minibatch_statistics else None
        self.step_score = nn.Linear(seen, 1)
        inputs = 2 * seen + (0 if self.statistics is None else self.statistics.added)
        self.sequence_score = nn.Sequential(nn.Linear(inputs, hidden), nn.LeakyReLU(0.2), nn.Linear(hidden, 1))
        if options.spectral_norm:
            spectrally_normalised(self)

    def embed(self, values: Tensor) -> Tensor:
        """``[batch, time]`` tokens or ``[batch, time, vocabulary]`` one-hot, to ``[batch, time, embedding_size]``."""
        if values.is_floating_point():
            return values @ self.embedding.weight
        return F.embedding(values, self.embedding.weight)

    def forward(self, batch: Batch[Tensor]) -> Scores:
        """Logits of being real; padding changes nothing."""
        mask = padding_mask(batch.lengths, batch.values.shape[1])[:, :, None]  # [batch, time, 1]
        # What is read up to each symbol, and from the end back to it: [batch, time, hidden] each.
        inputs = self.dropout(self.embed(batch.values)) * mask  # [batch, time, embedding]
        read = self.forwards(inputs)
        if self.backwards is not None:
            back = reverse_padded(self.backwards(reverse_padded(inputs, batch.lengths)), batch.lengths)
            read = torch.cat([read, back], dim=2)
        features = self.dropout(read) * mask  # [batch, time, seen]
        # A score for every symbol, [batch, time, 1], and one for all of them by their mean and maximum: [batch].
        steps = self.step_score(features)
        mean = features.sum(dim=1) / batch.lengths[:, None].clamp(min=1)
        peak = features.masked_fill(~mask, BELOW_ALL).max(dim=1).values
        if self.from_label is not None and batch.labels is not None:
            steps = steps + (self.from_label(batch.labels)[:, None] * features).sum(dim=2, keepdim=True)
        return Scores(self._sequence_score(mean, peak, batch.labels), (steps * mask)[:, :, 0])

    def _sequence_score(self, mean: Tensor, peak: Tensor, labels: Tensor | None) -> Tensor:
        features = torch.cat([mean, peak], dim=1)
        if self.statistics is not None:
            features = self.statistics(features)
        score: Tensor = self.sequence_score(features)[:, 0]
        if self.from_label is not None and labels is not None:
            # Projection (Miyato & Koyama 2018): how well the label goes with what was read.
            score = score + (self.from_label(labels) * mean).sum(dim=1)
        return score

    # --- symbol by symbol, for rollouts, which share what they have read; without dropout ---

    def start(self, like: Tensor) -> State:
        """Nothing read yet, for as many sequences as ``like`` (``[batch, ...]``) has. The batch is in the second
        dimension of a state's tensors: that of the recurrence, sum and maximum of its outputs, symbols read."""
        weight = self.embedding.weight
        state = self.forwards.initial_state(weight.new_empty(len(like), 0))
        total = weight.new_zeros(1, len(like), self.forwards.hidden_size)
        return (*state, total, torch.full_like(total, BELOW_ALL), total[:, :, :1])

    def read(self, state: State, tokens: Tensor) -> State:
        """The state after one more symbol, int64 ``[batch]``."""
        *recurrent, total, peak, count = state
        hidden, after = self.forwards.step(self.embed(tokens), tuple(recurrent))
        return (*after, total + hidden, torch.maximum(peak, hidden), count + 1)

    def judge(self, state: State, labels: Tensor | None = None) -> Tensor:
        """``Scores.sequence`` of what was read: ``[batch]``."""
        total, peak, count = state[-3:]
        return self._sequence_score((total / count.clamp(min=1))[0], peak[0], labels)
