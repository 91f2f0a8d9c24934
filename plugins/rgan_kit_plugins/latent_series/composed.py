"""What generators of series have in common that are made of several networks around a latent space."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from rgan_kit.contracts import Batch, DataSpec, Relaxation, SeriesSpec
from rgan_kit.nn import OwnUnits, exportable
from rgan_kit_plugins.generators.ends import ends_of


class ComposedGenerator(nn.Module, ABC):
    """A generator like any other of series: what is evaluated and exported.

    Attributes:
        latent_size, noise_size: see ``rgan_kit.contracts.Generator``; subclasses set them.
    """

    latent_size: int = 0
    noise_size: int

    def __init__(self, data: DataSpec) -> None:
        super().__init__()
        assert isinstance(data, SeriesSpec)
        self.data = data
        self.ends = ends_of(data)

    @property
    def variable(self) -> bool:
        """Whether samples have lengths of their own."""
        return self.data.variable

    @abstractmethod
    def forward(
        self,
        noise: Tensor,
        latent: Tensor | None = None,
        labels: Tensor | None = None,
        lengths: Tensor | None = None,
    ) -> Tensor:
        """Noise ``[batch, time, noise_size]`` to values as networks see them, ``[batch, time, features]``; lengths are
        those of the noise where None."""

    def generate(
        self,
        size: int,
        length: int,
        *,
        latent: Tensor | None = None,
        labels: Tensor | None = None,
        relaxation: Relaxation = Relaxation(),  # noqa: B008 - for symbols; frozen
        lengths: Tensor | None = None,
    ) -> Batch[Tensor]:
        """Samples with gradients: ``values`` ``[size, length, features]``, each of the whole length unless the model's
        samples differ in that; lengths are then drawn where None. Labels are drawn evenly where there are none."""
        device = next(self.parameters()).device
        if self.data.labels and labels is None:
            labels = torch.randint(len(self.data.labels), (size,), device=device)
        noise = torch.randn(size, length, self.noise_size, device=device)
        lengths = self.ends.lengths(noise, lengths)
        return Batch(self(noise, latent, labels, lengths), lengths.clamp(max=length), labels)

    def sampler(self) -> nn.Module:
        """The frozen sampler of the model file."""
        return ComposedSampler(self)


class ComposedSampler(nn.Module):
    """Series in the data's own units from standard normal noise, by the contract of ``docs/model-file.md``."""

    def __init__(self, generator: ComposedGenerator) -> None:
        super().__init__()
        self.network, self.own_units = exportable(generator), OwnUnits(generator.data)

    def forward(
        self, noise: Tensor, latent: Tensor | None = None, labels: Tensor | None = None
    ) -> Tensor | tuple[Tensor, Tensor]:
        """``noise`` ``[batch, time, noise_size]`` to the series ``[batch, time, features]``, and lengths where they
        differ."""
        return self.network.ends.finish(self.own_units(self.network(noise, latent, labels)), noise)
