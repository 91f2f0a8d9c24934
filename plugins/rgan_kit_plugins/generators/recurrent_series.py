"""A recurrent generator of real-valued series: noise goes in at every step, a value comes out at every step, and what
holds the steps together is the recurrence (recurrent GAN: Esteban et al. 2017, arXiv:1706.02633).

A latent and a label, where there are any, go into every step: what all steps share need not be remembered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from rgan_kit.contracts import Batch, DataSpec, Relaxation, SeriesSpec
from rgan_kit.nn import Cell, OwnUnits, Recurrence, exportable
from rgan_kit_plugins.generators.ends import ends_of

if TYPE_CHECKING:
    from rgan_kit_plugins.generators import RecurrentGeneratorOptions


class RecurrentSeriesGenerator(nn.Module):
    """``x_t = tanh(W h_t + b)``, ``h_t`` a recurrence over noise, latent and label; it has no likelihood."""

    def __init__(self, cell: Cell, options: RecurrentGeneratorOptions, data: DataSpec) -> None:
        super().__init__()
        assert isinstance(data, SeriesSpec)
        self.data = data
        self.latent_size = options.latent_size
        self.ends = ends_of(data)
        self.noise_size = options.noise_size + self.ends.noise
        self.condition = Condition(options.latent_size, len(data.labels))
        width = options.noise_size + self.ends.size + self.condition.size
        self.recurrence = Recurrence(cell, width, options.hidden_size, options.layers, options.dropout)
        self.dropout = nn.Dropout(options.dropout)
        self.output = nn.Linear(options.hidden_size, data.features)

    @property
    def variable(self) -> bool:
        """Whether samples have lengths of their own."""
        return self.data.variable

    def forward(
        self,
        noise: Tensor,
        latent: Tensor | None = None,
        labels: Tensor | None = None,
        lengths: Tensor | None = None,
    ) -> Tensor:
        """Noise ``[batch, time, noise_size]`` to values in [-1, 1], ``[batch, time, features]``; lengths are those of
        the noise where None."""
        inputs, condition = self.ends.join(noise, lengths), self.condition(noise, latent, labels)
        hidden = self.recurrence(self.condition.join(inputs, condition))
        return torch.tanh(self.output(self.dropout(hidden)))

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
        samples differ in that; lengths are then drawn where None.

        The labels of a conditional model are drawn evenly where there are none, and are those of the batch.
        """
        noise = torch.randn(size, length, self.noise_size, device=self.output.weight.device)
        labels, lengths = self.condition.labels_for(noise, labels), self.ends.lengths(noise, lengths)
        return Batch(self(noise, latent, labels, lengths), lengths.clamp(max=length), labels)

    def sampler(self) -> nn.Module:
        """The frozen sampler of the model file."""
        return RecurrentSeriesSampler(self)

    def stepper(self) -> nn.Module:
        """The frozen module of the step file."""
        from rgan_kit_plugins.generators.steppers import SeriesStepper

        return SeriesStepper(RecurrentSeriesSampler(self))


class RecurrentSeriesSampler(nn.Module):
    """Series in the data's own units from standard normal noise, by the contract of ``docs/model-file.md``."""

    def __init__(self, generator: RecurrentSeriesGenerator) -> None:
        super().__init__()
        self.network = exportable(generator)
        self.own_units = OwnUnits(generator.data)

    def forward(
        self, noise: Tensor, latent: Tensor | None = None, labels: Tensor | None = None
    ) -> Tensor | tuple[Tensor, Tensor]:
        """``noise`` ``[batch, time, noise_size]`` to the series ``[batch, time, features]``, and lengths where they
        differ."""
        return self.network.ends.finish(self.own_units(self.network(noise, latent, labels)), noise)


class Condition(nn.Module):
    """What every step of a series is told: the latent, and the label as a one-hot vector.

    Args:
        latent_size: 0 for none.
        classes: how many labels there are; 0 for none.
    """

    def __init__(self, latent_size: int, classes: int) -> None:
        super().__init__()
        self.latent_size = latent_size
        self.classes = classes
        self.size = latent_size + classes

    def forward(self, like: Tensor, latent: Tensor | None, labels: Tensor | None) -> Tensor | None:
        """``[batch, size]`` for as many sequences as ``like`` has, or None where there is nothing to tell.

        A latent is drawn from a standard normal, and a label evenly, where it is None.
        """
        parts = []
        if self.latent_size:
            drawn = torch.randn(like.shape[0], self.latent_size, device=like.device) if latent is None else latent
            parts.append(drawn)
        chosen = self.labels_for(like, labels)
        if chosen is not None:
            parts.append((chosen[:, None] == torch.arange(self.classes, device=like.device)).to(like.dtype))
        return torch.cat(parts, dim=1) if parts else None

    def labels_for(self, like: Tensor, labels: Tensor | None) -> Tensor | None:
        """The labels, drawn evenly where a conditional model is given none; None for any other model."""
        if not self.classes:
            return None
        return torch.randint(self.classes, (like.shape[0],), device=like.device) if labels is None else labels

    @staticmethod
    def join(inputs: Tensor, condition: Tensor | None) -> Tensor:
        """``[batch, time, n]`` and ``[batch, size]`` to ``[batch, time, n + size]``."""
        if condition is None:
            return inputs
        # Not `expand`: exported, it would lose the free dimension.
        return torch.cat([inputs, condition[:, None].repeat(1, inputs.shape[1], 1)], dim=2)
