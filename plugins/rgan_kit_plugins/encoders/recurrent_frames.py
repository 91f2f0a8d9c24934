"""A convolutional-recurrent encoder of clips for variational autoencoders (Kingma & Welling 2014, arXiv:1312.6114):
what convolutions read in each frame goes through a recurrence (LRCN: Donahue et al. 2015, arXiv:1411.4389)."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor, nn

from rgan_kit.contracts import Batch, DataSpec, FrameSpec
from rgan_kit.nn import Cell, Recurrence, exportable, from_uint8, padding_mask, reverse_padded
from rgan_kit_plugins.convolutions import FrameReader

if TYPE_CHECKING:
    from rgan_kit_plugins.encoders import RecurrentEncoderOptions


class RecurrentFrameEncoder(nn.Module):
    """``q(z | x)`` from the last states of a recurrence that reads the frames forwards and of one that reads them
    backwards."""

    def __init__(self, cell: Cell, options: RecurrentEncoderOptions, data: DataSpec, latent_size: int) -> None:
        super().__init__()
        assert isinstance(data, FrameSpec)
        width, hidden = options.embedding_size, options.hidden_size
        self.reader = FrameReader(data.height, data.width, data.channels, options.channels, width)
        self.forwards = Recurrence(cell, width, hidden, options.layers, options.dropout)
        self.backwards = Recurrence(cell, width, hidden, options.layers, options.dropout)
        self.dropout = nn.Dropout(options.dropout)
        self.posterior = nn.Linear(2 * hidden, 2 * latent_size)

    def forward(self, batch: Batch[Tensor]) -> tuple[Tensor, Tensor]:
        """Mean and log-variance, each ``[batch, latent_size]``; padding changes nothing."""
        mask = padding_mask(batch.lengths, batch.values.shape[1])  # [batch, time]
        inputs = self.dropout(self.reader(batch.values, mask)) * mask[:, :, None]
        last = (batch.lengths - 1).clamp(min=0)
        rows = torch.arange(last.shape[0], device=last.device)
        ways = [self.forwards(inputs), self.backwards(reverse_padded(inputs, batch.lengths))]
        read = self.dropout(torch.cat([way[rows, last] for way in ways], dim=1))  # [batch, 2 hidden]
        mean, log_variance = cast("Tensor", self.posterior(read)).chunk(2, dim=1)
        return mean, log_variance

    def exportable(self) -> nn.Module:
        """The frozen encoder of the model file: a copy."""
        return ExportableFrameEncoder(self)


class ExportableFrameEncoder(nn.Module):
    """The encoder on frames as files hold them."""

    def __init__(self, encoder: RecurrentFrameEncoder) -> None:
        super().__init__()
        self.network = exportable(encoder)

    def forward(self, frames: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """uint8 ``[batch, time, height, width, channels]`` and int64 ``[batch]`` to mean and log-variance, each
        ``[batch, latent_size]``."""
        mean, log_variance = self.network(Batch(from_uint8(frames), lengths))
        return mean, log_variance
