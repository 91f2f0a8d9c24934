"""The five networks of TimeGAN (Yoon et al. 2019), each a stack of recurrent layers and a linear one, and the generator
of three of them.

In here series lie in 0..1, as in the paper's own code; networks of rgan-kit see -1..1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from rgan_kit.contracts import BuildContext, DataSpec, SeriesSpec
from rgan_kit.nn import Recurrence
from rgan_kit_plugins.generators.ends import ends_of
from rgan_kit_plugins.latent_series.composed import ComposedGenerator

if TYPE_CHECKING:
    from rgan_kit_plugins.latent_series import LayersOptions


class Steps(nn.Module):
    """``[batch, time, inputs]`` to ``[batch, time, outputs]``, of which each step sees those before it.

    Args:
        options: of the part.
        inputs: features of a step.
        hidden_size: units of the recurrence.
        outputs: features of what it makes.
        layers: recurrent ones.
        labels: classes, of which each adds a vector to every input; 0 for none.
        bounded: whether outputs lie in 0..1.
    """

    def __init__(
        self,
        options: LayersOptions,
        inputs: int,
        hidden_size: int,
        outputs: int,
        *,
        layers: int,
        labels: int = 0,
        bounded: bool = True,
    ) -> None:
        super().__init__()
        self.hidden_size, self.bounded = hidden_size, bounded
        self.from_label = nn.Embedding(labels, inputs) if labels else None
        self.recurrence = Recurrence(options.cell, inputs, hidden_size, layers)
        self.output = nn.Linear(hidden_size, outputs)

    def forward(self, values: Tensor, labels: Tensor | None = None) -> Tensor:
        """``labels`` int64 ``[batch]``, where it takes any."""
        if self.from_label is not None and labels is not None:
            values = values + self.from_label(labels)[:, None]
        made: Tensor = self.output(self.recurrence(values))
        return torch.sigmoid(made) if self.bounded else made


class FromNoise(Steps):
    """The generator: noise within 0..1, as many numbers a step as the series has features. Where series differ in
    length, steps are told how many are left."""

    def __init__(self, options: LayersOptions, data: SeriesSpec, hidden_size: int) -> None:
        ends = ends_of(data)
        super().__init__(
            options,
            data.features + ends.size,
            hidden_size,
            hidden_size,
            layers=options.layers,
            labels=len(data.labels),
        )
        self.ends = ends

    def draw(self, noise: Tensor, labels: Tensor | None, lengths: Tensor) -> Tensor:
        """``noise`` ``[batch, time, features]`` and lengths int64 ``[batch]`` to latents ``[batch, time, hidden]``."""
        told = self.ends.told(lengths, noise.shape[1])
        made: Tensor = self(noise if told is None else torch.cat([noise, told], dim=2), labels)
        return made


def build(role: str, options: Any, data: DataSpec, context: BuildContext) -> Steps:
    """The network of a role; all but the embedder take the size of the latent space from it."""
    assert isinstance(data, SeriesSpec)
    embedder: Any = context.networks.get("embedder")
    size = options.hidden_size if role == "embedder" else embedder.hidden_size
    features, layers, classes = data.features, options.layers, len(data.labels)
    if role == "embedder":
        return Steps(options, features, size, size, layers=layers)
    if role == "recovery":
        return Steps(options, size, size, features, layers=layers)
    if role == "generator":
        return FromNoise(options, data, size)
    if role == "supervisor":  # one layer less than the others
        return Steps(options, size, size, size, layers=max(1, layers - 1))
    return Steps(options, size, size, 1, layers=layers, labels=classes, bounded=False)


class TimeGanGenerator(ComposedGenerator):
    """Noise by way of the generator, the supervisor and the recovery.

    The paper's noise is uniform; it is made of the standard normal noise of model files by their cumulative
    distribution.
    """

    def __init__(self, generator: nn.Module, supervisor: nn.Module, recovery: nn.Module, data: DataSpec) -> None:
        super().__init__(data)
        assert isinstance(generator, FromNoise)
        self.noise_size = self.data.features + self.ends.noise
        self.generator, self.supervisor, self.recovery = generator, supervisor, recovery

    def forward(
        self,
        noise: Tensor,
        latent: Tensor | None = None,
        labels: Tensor | None = None,
        lengths: Tensor | None = None,
    ) -> Tensor:
        """There is no latent of whole series."""
        uniform = torch.special.ndtr(self.ends.own(noise))
        early = self.generator.draw(uniform, labels, self.ends.lengths(noise, lengths))
        series: Tensor = self.recovery(self.supervisor(early)) * 2 - 1
        return series
