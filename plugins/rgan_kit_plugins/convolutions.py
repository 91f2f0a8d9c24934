"""Convolutions between pictures of any size and vectors."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

SMALLEST_SIDE = 4
"""Sides are halved for as long as they do not become shorter than this, as in DCGAN (Radford et al. 2015)."""

WIDEST = 8
"""The deepest layers have at most so many times the feature maps of the widest-spread one."""


def halvings(side: int) -> int:
    """How often a side of a picture is halved: 0 below 8 pixels, 1 from 8, 2 from 16, …"""
    return max(0, (side // SMALLEST_SIDE).bit_length() - 1)


def feature_maps(channels: int, stages: int) -> list[int]:
    """Of each stage, from the whole picture inwards: doubled with every halving, up to ``WIDEST`` times."""
    return [channels * min(2**stage, WIDEST) for stage in range(stages)]


def _geometry(height: int, width: int) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """Kernel and stride of each stage; a side that is short already keeps its length while the other is halved."""
    sides = halvings(height), halvings(width)
    stages = max(1, *sides)
    halved = [tuple(stage < times for times in sides) for stage in range(stages)]
    return [((4 if high else 3, 4 if wide else 3), (2 if high else 1, 2 if wide else 1)) for high, wide in halved]


class FrameReader(nn.Module):
    """Strided convolutions from pictures to vectors.

    Args:
        height, width, picture_channels: of the pictures; any size from 1 pixel up.
        channels: feature maps of the first convolution.
        features: size of the vectors.
        time_kernel: 1 to read each picture for itself; 3 to see the one before and the one after in every layer too, by
            3-D convolutions.
    """

    def __init__(
        self, height: int, width: int, picture_channels: int, channels: int, features: int, *, time_kernel: int = 1
    ) -> None:
        super().__init__()
        self.time_kernel = time_kernel
        layers: list[nn.Module] = []
        geometry = _geometry(height, width)
        entering = picture_channels
        for leaving, (kernel, stride) in zip(feature_maps(channels, len(geometry)), geometry, strict=True):
            if time_kernel > 1:
                padding = (time_kernel // 2, 1, 1)
                layers.append(nn.Conv3d(entering, leaving, (time_kernel, *kernel), (1, *stride), padding))
            else:
                layers.append(nn.Conv2d(entering, leaving, kernel, stride, padding=1))
            height, width = ((s + 2 - k) // t + 1 for s, k, t in zip((height, width), kernel, stride, strict=True))
            entering = leaving
        self.layers = nn.ModuleList(layers)
        self.activation = nn.LeakyReLU(0.2)
        self.leave = nn.Linear(entering * height * width, features)

    def forward(self, frames: Tensor, mask: Tensor) -> Tensor:
        """Vectors of frames; what is padding has no effect on the others.

        Args:
            frames: ``[batch, time, channels, height, width]``.
            mask: boolean ``[batch, time]``, True where a frame counts.

        Returns:
            ``[batch, time, features]``; on padding, without a meaning.
        """
        batch, time = frames.shape[:2]
        # Frame by frame: 2-D convolutions over [batch * time, channels, height, width].
        if self.time_kernel == 1:
            values = frames.flatten(0, 1)
            for layer in self.layers:
                values = self.activation(layer(values))
            return cast("Tensor", self.activation(self.leave(values.flatten(1)))).view(batch, time, -1)
        # Across time: 3-D convolutions, which keep the number of frames.
        counts = mask[:, None, :, None, None].to(frames.dtype)  # [batch, 1, time, 1, 1]
        values = frames.transpose(1, 2) * counts  # [batch, channels, time, height, width]
        for layer in self.layers:
            # Zero again after every layer: just what a shorter batch finds beyond its edge.
            values = self.activation(layer(values)) * counts
        return cast("Tensor", self.activation(self.leave(values.transpose(1, 2).flatten(2))))


class FrameWriter(nn.Module):
    """Transposed convolutions from vectors to pictures (Radford et al. 2015, arXiv:1511.06434), each normalised for
    itself (group normalisation, Wu & He 2018) so that a picture depends on no other of its batch.

    A side that is no power of two times the smallest grid is decoded to the next such multiple and cropped evenly.

    Args:
        features: size of the vectors.
        channels: feature maps of the last hidden layer.
        height, width, picture_channels: of the pictures; any size from 1 pixel up.
        style: size of a second vector, which scales and shifts the maps of every layer (Huang & Belongie 2017,
            arXiv:1703.06868; Karras et al. 2019, arXiv:1812.04948): what is drawn then is a matter of the style, and
            where of the first one. 0 for none.
    """

    def __init__(
        self, features: int, channels: int, height: int, width: int, picture_channels: int, style: int = 0
    ) -> None:
        super().__init__()
        self.height, self.width = height, width
        geometry = _geometry(height, width)
        maps = feature_maps(channels, len(geometry))
        self.grid = [-(-side // 2 ** halvings(side)) for side in (height, width)]
        self.enter = nn.Linear(features, maps[-1] * self.grid[0] * self.grid[1])
        layers: list[nn.Module] = [nn.GroupNorm(1, maps[-1]), nn.LeakyReLU(0.2)]
        for stage in range(len(geometry) - 1, -1, -1):
            kernel, stride = geometry[stage]
            leaving = maps[stage - 1] if stage else picture_channels
            layers.append(nn.ConvTranspose2d(maps[stage], leaving, kernel, stride, padding=1))
            if stage:
                layers += [nn.GroupNorm(1, leaving), nn.LeakyReLU(0.2)]
        self.layers = nn.Sequential(*layers)
        self.styled = [layer.num_channels for layer in layers if isinstance(layer, nn.GroupNorm)]
        self.style = nn.Linear(style, 2 * sum(self.styled)) if style else None

    def forward(self, vectors: Tensor, style: Tensor | None = None) -> Tensor:
        """``[n, features]``, and ``[n, style]`` where there is one, to pictures ``[n, channels, height, width]`` in
        [-1, 1]."""
        values = self.enter(vectors).unflatten(1, (-1, *self.grid))
        if self.style is None or style is None:
            values = self.layers(values)
        else:
            parts = iter(self.style(style)[:, :, None, None].split([n for n in self.styled for _ in range(2)], dim=1))
            for layer in self.layers:
                values = layer(values)
                if isinstance(layer, nn.GroupNorm):
                    values = values * (1 + next(parts)) + next(parts)
        top, left = (values.shape[2] - self.height) // 2, (values.shape[3] - self.width) // 2
        return torch.tanh(values[:, :, top : top + self.height, left : left + self.width])
