"""A bidirectional recurrent encoder of real-valued series: the posterior of the latent in a recurrent variational
autoencoder (Fabius & van Amersfoort 2015, arXiv:1412.6581; bidirectional: Schuster & Paliwal 1997)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from rgan_kit.contracts import Batch, DataSpec, SeriesSpec
from rgan_kit.nn import Cell, NetworkUnits, Recurrence, exportable, padding_mask, reverse_padded

if TYPE_CHECKING:
    from rgan_kit_plugins.encoders import RecurrentEncoderOptions


class RecurrentSeriesEncoder(nn.Module):
    """From the last states of both directions and the mean over all steps to a diagonal normal; labels are ignored."""

    def __init__(self, cell: Cell, options: RecurrentEncoderOptions, data: DataSpec, latent_size: int) -> None:
        super().__init__()
        assert isinstance(data, SeriesSpec)
        self.data = data
        width, hidden = options.embedding_size, options.hidden_size
        self.embedding = nn.Sequential(nn.Linear(data.features, width), nn.LeakyReLU(0.2), nn.Dropout(options.dropout))
        self.forwards = Recurrence(cell, width, hidden, options.layers, options.dropout)
        self.backwards = Recurrence(cell, width, hidden, options.layers, options.dropout)
        self.dropout = nn.Dropout(options.dropout)
        self.posterior = nn.Linear(4 * hidden, 2 * latent_size)

    def forward(self, batch: Batch[Tensor]) -> tuple[Tensor, Tensor]:
        """Mean and log-variance, each ``[batch, latent_size]``, of ``values`` ``[batch, time, features]``; padding
        changes nothing."""
        return self.encode(batch.values, batch.lengths)

    def encode(self, values: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """The same of values as networks see them and their int64 ``[batch]`` lengths."""
        mask = padding_mask(lengths, values.shape[1])[:, :, None]  # [batch, time, 1]
        inputs = self.embedding(values) * mask
        both = [self.forwards(inputs), self.backwards(reverse_padded(inputs, lengths))]  # each read to its own end
        last = (lengths - 1).clamp(min=0)[:, None, None]
        ends = [each.gather(1, last.expand(-1, 1, each.shape[2]))[:, 0] for each in both]
        means = [(each * mask).sum(dim=1) / lengths[:, None].clamp(min=1) for each in both]
        mean, log_variance = self.posterior(self.dropout(torch.cat([*ends, *means], dim=1))).chunk(2, dim=1)
        return mean, log_variance

    def exportable(self) -> nn.Module:
        """The frozen encoder of the model file."""
        return ExportableSeriesEncoder(self)


class ExportableSeriesEncoder(nn.Module):
    """The encoder by the contract of ``docs/model-file.md``: series in the data's own units go in."""

    def __init__(self, encoder: RecurrentSeriesEncoder) -> None:
        super().__init__()
        self.network = exportable(encoder)
        self.network_units = NetworkUnits(encoder.data)

    def forward(self, series: Tensor, lengths: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log-variance, each ``[batch, latent_size]``, of ``series`` ``[batch, time, features]`` and
        ``lengths`` int64 ``[batch]``."""
        return self.network.encode(self.network_units(series), lengths)
