"""From what networks see, -1..1, to what model files hold, and back: series in their own units, pictures in 0..255."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rgan_kit.contracts import SeriesSpec


class OwnUnits(nn.Module):
    """From the range -1..1 that networks see to the data's own: ``minimum..maximum`` of each feature."""

    minimum: Tensor
    half_range: Tensor

    def __init__(self, data: SeriesSpec) -> None:
        super().__init__()
        minimum, maximum = torch.from_numpy(data.minimum).float(), torch.from_numpy(data.maximum).float()
        self.register_buffer("minimum", minimum.clone(), persistent=False)
        self.register_buffer("half_range", (maximum - minimum) / 2, persistent=False)

    def forward(self, values: Tensor) -> Tensor:
        """``[..., features]`` of the same shape."""
        return self.minimum + (values + 1) * self.half_range


class NetworkUnits(nn.Module):
    """The other way round, for the encoder of a model file; a feature that never changes becomes -1."""

    minimum: Tensor
    range: Tensor

    def __init__(self, data: SeriesSpec) -> None:
        super().__init__()
        minimum, maximum = torch.from_numpy(data.minimum).float(), torch.from_numpy(data.maximum).float()
        self.register_buffer("minimum", minimum.clone(), persistent=False)
        self.register_buffer("range", (maximum - minimum).clamp(min=1e-12), persistent=False)

    def forward(self, series: Tensor) -> Tensor:
        """``[..., features]`` of the same shape."""
        return (series - self.minimum) / self.range * 2 - 1


def to_uint8(frames: Tensor) -> Tensor:
    """Frames as networks see them, ``[batch, time, channels, height, width]``, as a model file gives them: uint8
    ``[batch, time, height, width, channels]``."""
    return ((frames.permute(0, 1, 3, 4, 2) + 1) * 127.5).clamp(0, 255).round().to(torch.uint8)


def from_uint8(frames: Tensor) -> Tensor:
    """The other way round."""
    return frames.permute(0, 1, 4, 2, 3).to(torch.float32) / 127.5 - 1
