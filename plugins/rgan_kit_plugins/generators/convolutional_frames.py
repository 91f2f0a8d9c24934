"""A convolutional generator of pictures (DCGAN: Radford, Metz & Chintala 2016, arXiv:1511.06434).

Random numbers become a small grid of many feature maps, and transposed convolutions double it until it is the picture.
Each picture is normalised for itself (group normalisation, Wu & He 2018) where the paper normalises over the batch, so
that what is drawn does not depend on what is drawn beside it, and the exported graph is the network that was trained.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor, nn

from rgan_kit.contracts import Batch, DataSpec, FrameSpec, Relaxation
from rgan_kit.nn import exportable, to_uint8
from rgan_kit_plugins.convolutions import FrameWriter

if TYPE_CHECKING:
    from rgan_kit_plugins.generators import ConvolutionalGeneratorOptions


class ConvolutionalFrameGenerator(nn.Module):
    """``x_t = D(z_t)``: every picture from noise of its own, and a label where there are classes. Data of one picture a
    sample is what it is meant for; the frames of a clip would have nothing to do with each other."""

    latent_size = 0

    def __init__(self, options: ConvolutionalGeneratorOptions, data: DataSpec) -> None:
        super().__init__()
        assert isinstance(data, FrameSpec)
        self.data = data
        self.noise_size = options.noise_size
        self.from_label = nn.Embedding(len(data.labels), options.noise_size) if data.labels else None
        entering = options.noise_size * (2 if data.labels else 1)
        self.writer = FrameWriter(entering, options.channels, data.height, data.width, data.channels)

    def frames(self, noise: Tensor, labels: Tensor | None = None) -> Tensor:
        """Pictures of given chance; labels that the model needs are drawn where None.

        Args:
            noise: ``[batch, time, noise_size]``.
            labels: int64 ``[batch]``.

        Returns:
            ``[batch, time, channels, height, width]`` in [-1, 1].
        """
        size, time = noise.shape[:2]
        vectors = noise
        if self.from_label is not None:
            if labels is None:
                labels = torch.randint(len(self.data.labels), (size,), device=noise.device)
            vectors = torch.cat([noise, self.from_label(labels)[:, None].expand(-1, time, -1)], dim=2)
        picture = self.data.channels, self.data.height, self.data.width
        return cast("Tensor", self.writer(vectors.flatten(0, 1))).view(size, time, *picture)

    def generate(
        self,
        size: int,
        length: int,
        *,
        latent: Tensor | None = None,
        labels: Tensor | None = None,
        relaxation: Relaxation = Relaxation(),  # noqa: B008 - frozen
    ) -> Batch[Tensor]:
        """Pictures with gradients: ``values`` ``[size, length, channels, height, width]`` in [-1, 1]."""
        if labels is None and self.data.labels:
            labels = torch.randint(len(self.data.labels), (size,), device=self.device)
        noise = torch.randn(size, length, self.noise_size, device=self.device)
        lengths = torch.full((size,), length, dtype=torch.int64, device=self.device)
        return Batch(self.frames(noise, labels), lengths, labels)

    @property
    def device(self) -> torch.device:
        """Where its weights are."""
        return self.writer.enter.weight.device

    def sampler(self) -> nn.Module:
        """The frozen sampler of the model file."""
        return ConvolutionalFrameSampler(self)


class ConvolutionalFrameSampler(nn.Module):
    """Pictures from standard normal numbers, by the contract of ``docs/model-file.md``."""

    def __init__(self, generator: ConvolutionalFrameGenerator) -> None:
        super().__init__()
        self.network = exportable(generator)

    def forward(self, noise: Tensor, labels: Tensor | None = None) -> Tensor:
        """``noise`` ``[batch, time, noise_size]`` to uint8 ``[batch, time, height, width, channels]``."""
        return to_uint8(self.network.frames(noise, labels))
