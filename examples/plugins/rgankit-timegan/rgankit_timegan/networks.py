"""The five networks of TimeGAN, each a stack of recurrent layers and a linear one, and the generator of three of them.

In here series lie in 0..1, as in the paper's own code; networks of rgan-kit see -1..1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from rgan_kit.contracts import Batch, BuildContext, DataSpec, Relaxation, SeriesSpec
from rgan_kit.nn import OwnUnits, Recurrence, exportable

if TYPE_CHECKING:
    from rgankit_timegan import LayersOptions


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
        return Steps(options, features, size, size, layers=layers, labels=classes)
    if role == "supervisor":  # one layer less than the others
        return Steps(options, size, size, size, layers=max(1, layers - 1))
    return Steps(options, size, size, 1, layers=layers, labels=classes, bounded=False)


class ComposedGenerator(nn.Module):
    """Noise by way of the generator, the supervisor and the recovery: what is evaluated and exported.

    The paper's noise is uniform, as many numbers a step as the series has features; it is made of the standard normal
    noise of model files by their cumulative distribution.
    """

    latent_size = 0

    def __init__(self, generator: nn.Module, supervisor: nn.Module, recovery: nn.Module, data: DataSpec) -> None:
        super().__init__()
        assert isinstance(data, SeriesSpec)
        self.data, self.noise_size = data, data.features
        self.generator, self.supervisor, self.recovery = generator, supervisor, recovery

    def forward(self, noise: Tensor, labels: Tensor | None = None) -> Tensor:
        """Standard normal ``[batch, time, features]`` to values as networks see them."""
        early = self.generator(torch.special.ndtr(noise), labels)
        series: Tensor = self.recovery(self.supervisor(early)) * 2 - 1
        return series

    def generate(
        self,
        size: int,
        length: int,
        *,
        latent: Tensor | None = None,
        labels: Tensor | None = None,
        relaxation: Relaxation = Relaxation(),  # noqa: B008 - for symbols; frozen
    ) -> Batch[Tensor]:
        """Samples with gradients: ``values`` ``[size, length, features]``."""
        device = next(self.parameters()).device
        if self.data.labels and labels is None:
            labels = torch.randint(len(self.data.labels), (size,), device=device)
        values = self(torch.randn(size, length, self.noise_size, device=device), labels)
        return Batch(values, torch.full((size,), length, device=device), labels)

    def sampler(self) -> nn.Module:
        """The frozen sampler of the model file."""
        return ComposedSampler(self)


class ComposedSampler(nn.Module):
    """Series in the data's own units, as ``docs/model-file.md`` of rgan-kit says."""

    def __init__(self, generator: ComposedGenerator) -> None:
        super().__init__()
        self.network, self.own_units = exportable(generator), OwnUnits(generator.data)

    def forward(self, noise: Tensor, labels: Tensor | None = None) -> Tensor:
        """``noise`` ``[batch, time, features]`` to the same."""
        series: Tensor = self.own_units(self.network(noise, labels))
        return series
