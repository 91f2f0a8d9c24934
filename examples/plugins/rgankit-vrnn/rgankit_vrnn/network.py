"""The networks of the variational recurrent neural network (Chung et al. 2015, arXiv:1506.02216, section 3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rgan_kit.contracts import Batch, DataSpec, Relaxation, SeriesSpec
from rgan_kit.nn import OwnUnits, Recurrence, State, Stepper, batch_first, exportable, layers_first, scan, shapes_of

if TYPE_CHECKING:
    from rgankit_vrnn import PosteriorOptions, VrnnOptions

Normal = tuple[Tensor, Tensor]
"""Mean and deviation, each ``[batch, size]``."""


class Gaussian(nn.Module):
    """A normal distribution by one hidden layer."""

    def __init__(self, inputs: int, hidden: int, size: int, least_deviation: float) -> None:
        super().__init__()
        self.least_deviation = least_deviation
        self.layers = nn.Sequential(nn.Linear(inputs, hidden), nn.ReLU(), nn.Linear(hidden, 2 * size))

    def forward(self, inputs: Tensor) -> Normal:
        """Of ``[..., inputs]``."""
        mean, spread = self.layers(inputs).chunk(2, dim=-1)
        return mean, F.softplus(spread) + self.least_deviation


class VrnnGenerator(nn.Module):
    """``p(z_t | x_<t, z_<t)``, ``p(x_t | x_<t, z_<=t)`` and the recurrence that carries both (eq. 5 to 7).

    The noise of a step is that of its latent, followed by that of its values.
    """

    latent_size = 0

    def __init__(self, options: VrnnOptions, data: DataSpec) -> None:
        super().__init__()
        assert isinstance(data, SeriesSpec)
        hidden, latent = options.hidden_size, options.step_latent_size
        self.data, self.hidden_size, self.step_latent_size = data, hidden, latent
        self.noise_size = latent + data.features
        self.read_values = nn.Sequential(nn.Linear(data.features, hidden), nn.ReLU())
        self.read_latent = nn.Sequential(nn.Linear(latent, hidden), nn.ReLU())
        self.prior = Gaussian(hidden, hidden, latent, options.least_deviation)
        self.emission = Gaussian(2 * hidden, hidden, data.features, options.least_deviation)
        self.recurrence = Recurrence("gru", 2 * hidden, hidden)
        self.from_label = nn.Embedding(len(data.labels), hidden) if data.labels else None

    def past(self, state: State, labels: Tensor | None) -> Tensor:
        """What a step knows of those before it and of the label: ``[batch, hidden_size]``."""
        hidden = state[0][-1]
        return hidden if self.from_label is None or labels is None else hidden + self.from_label(labels)

    def advance(self, values: Tensor, latent: Tensor, state: State) -> State:
        """The state after a step whose values and latent have been read, ``[batch, hidden_size]`` each."""
        return self.recurrence.step(torch.cat([values, latent], dim=1), state)[1]

    def step(self, noise: Tensor, labels: Tensor | None, state: State) -> tuple[Tensor, State]:
        """``noise`` ``[batch, noise_size]`` to values ``[batch, features]`` and the next state. What a normal
        distribution draws beyond -1..1, where no training data lies, becomes the end of that range."""
        past = self.past(state, labels)
        mean, deviation = self.prior(past)
        latent = self.read_latent(mean + deviation * noise[:, : self.step_latent_size])
        mean, deviation = self.emission(torch.cat([past, latent], dim=1))
        values = (mean + deviation * noise[:, self.step_latent_size :]).clamp(-1.0, 1.0)
        return values, self.advance(self.read_values(values), latent, state)

    def forward(self, noise: Tensor, labels: Tensor | None = None) -> Tensor:
        """``noise`` ``[batch, time, noise_size]`` to values as networks see them, ``[batch, time, features]``."""

        def step(carry: tuple[Tensor, ...], drawn: Tensor) -> tuple[tuple[Tensor, ...], Tensor]:
            values, state = self.step(drawn, labels, carry)
            return state, values

        return scan(step, self.recurrence.initial_state(noise), noise.transpose(0, 1)).transpose(0, 1)

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
        if self.from_label is not None and labels is None:
            labels = torch.randint(len(self.data.labels), (size,), device=device)
        values = self(torch.randn(size, length, self.noise_size, device=device), labels)
        return Batch(values, torch.full((size,), length, device=device), labels)

    def sampler(self) -> nn.Module:
        """The frozen sampler of the model file."""
        return VrnnSampler(self)

    def stepper(self) -> nn.Module:
        """The frozen module of the step file."""
        return VrnnStepper(VrnnSampler(self), shapes_of(self.recurrence))


class Posterior(nn.Module):
    """``q(z_t | x_<=t, z_<t)`` (eq. 9), from what the generator makes of the step and knows of those before."""

    def __init__(self, options: PosteriorOptions, generator: Any) -> None:
        super().__init__()
        least = generator.prior.least_deviation
        self.layers = Gaussian(2 * generator.hidden_size, options.hidden_size, generator.step_latent_size, least)

    def forward(self, values: Tensor, past: Tensor) -> Normal:
        """``[batch, hidden_size]`` each."""
        normal: Normal = self.layers(torch.cat([values, past], dim=1))
        return normal


class VrnnSampler(nn.Module):
    """Series in the data's own units, as ``docs/model-file.md`` of rgan-kit says."""

    def __init__(self, generator: VrnnGenerator) -> None:
        super().__init__()
        self.network, self.own_units = exportable(generator), OwnUnits(generator.data)

    def forward(self, noise: Tensor, labels: Tensor | None = None) -> Tensor:
        """``noise`` ``[batch, time, noise_size]`` to ``[batch, time, features]``."""
        series: Tensor = self.own_units(self.network(noise, labels))
        return series


class VrnnStepper(Stepper):
    """One step of the same."""

    def forward(self, noise: Tensor, state_0: Tensor, labels: Tensor | None = None) -> tuple[Tensor, ...]:
        """``noise`` ``[batch, noise_size]`` to values ``[batch, features]`` and the next state."""
        sampler: Any = self.sampler
        values, state = sampler.network.step(noise, labels, layers_first(state_0))
        return sampler.own_units(values), *batch_first(state)
