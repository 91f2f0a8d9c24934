"""A bidirectional recurrent encoder of symbols: the inference network of Bowman et al. 2016 (arXiv:1511.06349), read
both ways (Schuster & Paliwal 1997)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rgan_kit.contracts import Batch, DataSpec, TokenSpec
from rgan_kit.nn import Cell, Recurrence, exportable, padding_mask, reverse_padded

if TYPE_CHECKING:
    from rgan_kit_plugins.encoders import RecurrentEncoderOptions


class RecurrentTokenEncoder(nn.Module):
    """``q(z | x) = N(mean(x), diag(exp(log_variance(x))))`` from where each direction has read the whole sequence."""

    def __init__(self, cell: Cell, options: RecurrentEncoderOptions, data: DataSpec, latent_size: int) -> None:
        super().__init__()
        assert isinstance(data, TokenSpec)
        width, hidden = options.embedding_size, options.hidden_size
        self.embedding = nn.Embedding(data.vocab_size, width)
        nn.init.normal_(self.embedding.weight, std=width**-0.5)
        self.forwards = Recurrence(cell, width, hidden, options.layers, options.dropout)
        self.backwards = Recurrence(cell, width, hidden, options.layers, options.dropout)
        self.dropout = nn.Dropout(options.dropout)
        self.posterior = nn.Linear(2 * hidden, 2 * latent_size)

    def embed(self, values: Tensor) -> Tensor:
        """``[batch, time]`` tokens or ``[batch, time, vocabulary]`` one-hot, to ``[batch, time, embedding_size]``."""
        if values.is_floating_point():
            return values @ self.embedding.weight
        return F.embedding(values, self.embedding.weight)

    def forward(self, batch: Batch[Tensor]) -> tuple[Tensor, Tensor]:
        """Mean and log-variance, each ``[batch, latent_size]``; padding changes nothing."""
        lengths = batch.lengths
        mask = padding_mask(lengths, batch.values.shape[1])[:, :, None]  # [batch, time, 1]
        inputs = self.dropout(self.embed(batch.values)) * mask
        last = (lengths - 1).clamp(min=0)[:, None, None].expand(-1, 1, self.forwards.hidden_size)
        there = self.forwards(inputs).gather(1, last)[:, 0]  # [batch, hidden]
        back = self.backwards(reverse_padded(inputs, lengths)).gather(1, last)[:, 0]
        mean, log_variance = self.posterior(self.dropout(torch.cat([there, back], dim=1))).chunk(2, dim=1)
        return mean, log_variance

    def exportable(self) -> nn.Module:
        """The frozen encoder of the model file."""
        return FrozenTokenEncoder(self)


class FrozenTokenEncoder(nn.Module):
    """A copy of an encoder that takes plain tensors, for the exporter."""

    def __init__(self, encoder: RecurrentTokenEncoder) -> None:
        super().__init__()
        self.network = exportable(encoder)
        self.eval()

    def forward(self, tokens: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance, each float32 ``[batch, latent_size]``.

        Args:
            tokens: int64 ``[batch, time]``, each sequence with its end token, then padding.
            lengths: int64 ``[batch]``, **the end token counted**, as in ``Batch.lengths``.
        """
        mean, log_variance = self.network(Batch(tokens, lengths))
        return mean, log_variance
