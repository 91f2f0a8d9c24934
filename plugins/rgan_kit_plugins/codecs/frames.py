"""A codec of frames: convolutions make a code of each, transposed convolutions a frame of each code.

What a clip shows throughout is said once, by its content, and what changes from frame to frame by a code of each frame
(disentangled sequential autoencoder: Li & Mandt 2018, arXiv:1803.02991): so no frame can show another thing than the
one before, however well codes are foretold. Without content every frame is a picture of its own, as in "World Models"
(Ha & Schmidhuber 2018, arXiv:1803.10122).

Codes are draws from a normal distribution, as in a variational autoencoder (Kingma & Welling 2014, arXiv:1312.6114).
The content may lie on a grid instead (finite scalar quantisation: Mentzer et al. 2023, arXiv:2309.15505), so that a
draw of it is one of those that there are, and nothing between two of them.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from rgan_kit.contracts import Batch, Column, DataSpec, FrameSpec, SeriesSpec
from rgan_kit.nn import padding_mask
from rgan_kit_plugins.convolutions import FrameReader, FrameWriter

if TYPE_CHECKING:
    from rgan_kit_plugins.codecs import FrameCodecOptions

_HALF_LOG_2PI = math.log(2 * math.pi) / 2


class Codes(NamedTuple):
    """Codes of clips, drawn as the codec says.

    Attributes:
        values: ``[batch, time, content_size + code_size]``, the content the same in all frames of a clip; gradients
            flow through the draw.
        nats: ``[batch, time]``, log-density of the draw given the clip, that of the content in its first frame; a
            content on a grid counts nothing, for it could be nothing else.
        divergence: ``[batch, time]``, Kullback-Leibler divergence of what it was drawn from to a standard normal,
            likewise.
    """

    values: Tensor
    nats: Tensor
    divergence: Tensor


class CodeWriter(FrameWriter):
    """Frames of codes. The content styles all layers: it says what is drawn wherever the frame's own code has it drawn.

    Args:
        options: of the codec.
        data: what clips are.
    """

    def __init__(self, options: FrameCodecOptions, data: FrameSpec) -> None:
        size, picture = options.content_size + options.code_size, (data.height, data.width, data.channels)
        super().__init__(size, options.channels, *picture, style=options.content_size)
        self.content_size = options.content_size

    def decode(self, codes: Tensor) -> Tensor:
        """``[batch, time, content_size + code_size]`` to frames ``[batch, time, channels, height, width]`` in [-1,
        1]."""
        vectors = codes.flatten(0, 1)
        frames: Tensor = self(vectors, vectors[:, : self.content_size])
        return frames.view(*codes.shape[:2], *frames.shape[1:])


class FrameCodec(nn.Module):
    """``q(z | x)`` of a clip and ``p(x_t | z_t)``, whose pixels are independent normal variables of one deviation."""

    def __init__(self, options: FrameCodecOptions, data: DataSpec) -> None:
        super().__init__()
        assert isinstance(data, FrameSpec)
        self.data, self.levels, self.deviation = data, options.content_levels, options.deviation
        self.content_size, self.code_size = options.content_size, options.code_size
        picture = data.height, data.width, data.channels
        self.reader = FrameReader(*picture, options.channels, options.hidden_size)
        self.posterior = nn.Linear(options.hidden_size, 2 * (options.content_size + options.code_size))
        self.writer = CodeWriter(options, data)

    @property
    def series(self) -> SeriesSpec:
        """What sequences of codes are: series, as long as the clips and of the same classes."""
        size, data = self.content_size + self.code_size, self.data
        names = tuple(f"code_{number}" for number in range(size))
        one, grid = np.ones(size, np.float32), 2 / (self.levels - 1) if self.levels else 0.0
        content = [Column(name, grid=grid, constant=True) for name in names[: self.content_size]]
        columns = [*content, *(Column(name) for name in names[self.content_size :])]
        shares = data.length_shares
        return SeriesSpec(size, data.length, names, -one, one, data.labels, tuple(columns), length_shares=shares)

    def encode(self, clips: Batch[Tensor]) -> Codes:
        """Codes of clips; what lies behind the end of one has no effect on the others, and no meaning."""
        mask = padding_mask(clips.lengths, clips.values.shape[1])
        read = self.posterior(self.reader(clips.values, mask)).float()  # [batch, time, twice the size of a code]
        mean, log_variance = (self._throughout(part, mask) for part in read.chunk(2, dim=2))
        noise = self._throughout(torch.randn_like(mean), mask[:, :1])
        values = mean + noise * (log_variance / 2).exp()
        counts = torch.ones_like(mean)
        counts[:, 1:, : self.content_size] = 0  # what is said once counts once
        if self.levels:
            counts[:, :, : self.content_size] = 0
            content = _on_grid(torch.tanh(mean[:, :, : self.content_size]), self.levels)
            values = torch.cat([content, values[:, :, self.content_size :]], dim=2)
        nats = -(counts * ((noise.square() + log_variance) / 2 + _HALF_LOG_2PI)).sum(dim=2)
        divergence = (counts * (mean.square() + log_variance.exp() - 1 - log_variance)).sum(dim=2) / 2
        return Codes(values, nats, divergence)

    def _throughout(self, values: Tensor, mask: Tensor) -> Tensor:
        """``[batch, time, size]`` with the content's numbers those of the whole clip, the mean over the frames that
        ``mask`` ``[batch, time or less]`` counts."""
        counts = mask[:, :, None].to(values.dtype)
        content = values[:, : mask.shape[1], : self.content_size]
        mean = (content * counts).sum(dim=1, keepdim=True) / counts.sum(dim=1, keepdim=True)
        return torch.cat([mean.expand(-1, values.shape[1], -1), values[:, :, self.content_size :]], dim=2)

    def log_prob(self, frames: Tensor, codes: Tensor) -> Tensor:
        """Nats ``[batch, time]`` of a density of frames ``[batch, time, channels, height, width]``, given codes."""
        off = (self.writer.decode(codes).float() - frames.float()).flatten(2) / self.deviation
        return -off.square().sum(dim=2) / 2 - off.shape[2] * (math.log(self.deviation) + _HALF_LOG_2PI)


def _on_grid(values: Tensor, levels: int) -> Tensor:
    """The nearest of so many values from -1 to 1, with the gradient of ``values``."""
    half = (levels - 1) / 2
    return values + (torch.round((values + 1) * half) / half - 1 - values).detach()
