"""The networks of RTSGAN (Pei et al. 2021, arXiv:2111.08386): a recurrent autoencoder whose latent is one vector a
series, and a generator and a critic of such vectors, without recurrence.

A latent is ``[batch, (1 + layers) * hidden_size]``: what the decoder sees at every step, then the state that each of
its layers begins with. In here series lie in 0..1, as in the paper's own code; networks of rgan-kit see -1..1.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rgan_kit.contracts import BuildContext, DataSpec, SeriesSpec
from rgan_kit.nn import Carry, Recurrence, padding_mask, scan
from rgan_kit_plugins.generators.ends import ends_of
from rgan_kit_plugins.latent_series.composed import ComposedGenerator

SLOPE = 0.2
"""Of all leaky rectifiers."""

_FAR = 1e9


class SeriesEncoder(nn.Module):
    """Series ``[batch, time, features]`` in 0..1 to latents: the largest and the mean output of the upper layer and its
    last one become what the decoder sees at every step; the last states of all layers are those that it begins with."""

    def __init__(self, hidden_size: int, layers: int, data: SeriesSpec) -> None:
        super().__init__()
        self.hidden_size, self.layers = hidden_size, layers
        self.size = hidden_size * (1 + layers)
        sizes = (data.features, *[hidden_size] * (layers - 1))
        self.recurrences = nn.ModuleList(Recurrence("gru", each, hidden_size) for each in sizes)
        self.whole = nn.Linear(3 * hidden_size, hidden_size)

    def forward(self, series: Tensor, lengths: Tensor) -> Tensor:
        """``[batch, size]``; what lies behind the end of a series counts for nothing."""
        last, steps = [], series
        ends = (lengths - 1)[:, None, None]
        for recurrence in self.recurrences:
            steps = recurrence(steps)  # [batch, time, hidden]
            last.append(steps.gather(1, ends.expand(-1, 1, self.hidden_size))[:, 0])
        mask = padding_mask(lengths, series.shape[1])[..., None]
        largest = steps.masked_fill(~mask, -_FAR).amax(dim=1)
        mean = (steps * mask).sum(dim=1) / lengths[:, None]
        whole = F.leaky_relu(self.whole(torch.cat([largest, mean, last[-1]], dim=1)), SLOPE)
        return torch.cat([whole, *last], dim=1)


class SeriesDecoder(nn.Module):
    """Latents back to series, one step after the other, each from the step before."""

    def __init__(self, forcing: float, encoder: SeriesEncoder, data: SeriesSpec) -> None:
        super().__init__()
        self.forcing, self.features = forcing, data.features
        self.hidden_size, self.layers = encoder.hidden_size, encoder.layers
        self.recurrence = Recurrence("gru", self.hidden_size + data.features, self.hidden_size, self.layers)
        self.output = nn.Linear(self.hidden_size, data.features)

    def forward(self, latent: Tensor, steps: Tensor) -> Tensor:
        """``[batch, size]`` and anything of as many steps, ``[batch, time, ...]``, to ``[batch, time, features]``."""

        def step(carry: Carry, _: Tensor) -> tuple[Carry, Tensor]:
            before, state = carry
            made, state = self._step(before, whole, state)
            return (made, state), made.clone()

        whole, state = self._begin(latent)
        return scan(step, (latent.new_zeros(latent.shape[0], self.features), state), steps.transpose(0, 1)).transpose(
            0, 1
        )

    def reconstruct(self, latent: Tensor, real: Tensor) -> Tensor:
        """The same in training: at some of the steps, drawn for the whole batch, the step before is the real one of
        ``[batch, time, features]``. No gradient passes from a step to the one before by what it has made."""
        whole, state = self._begin(latent)
        forced = torch.rand(real.shape[1], device=real.device) < self.forcing
        made, steps = torch.zeros_like(real[:, 0]), []
        for number in range(real.shape[1]):
            before = torch.where(forced[number], real[:, number - 1], made) if number else made
            made, state = self._step(before.detach(), whole, state)
            steps.append(made)
        return torch.stack(steps, dim=1)

    def _begin(self, latent: Tensor) -> tuple[Tensor, Tensor]:
        """What every step sees, and the state ``[layers, batch, hidden]``."""
        parts = latent.reshape(latent.shape[0], 1 + self.layers, self.hidden_size).transpose(0, 1)
        return parts[0].contiguous(), parts[1:].contiguous()

    def _step(self, before: Tensor, whole: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        hidden, (state,) = self.recurrence.step(torch.cat([whole, before], dim=1), (state,))
        return torch.sigmoid(self.output(hidden)), state


class Known(nn.Module):
    """What generator and critic are told of a series: its class, and how long it is, where series differ in that."""

    def __init__(self, data: SeriesSpec) -> None:
        super().__init__()
        self.ends, self.classes = ends_of(data), len(data.labels)
        self.size = self.ends.size + self.classes

    def join(self, values: Tensor, labels: Tensor | None, lengths: Tensor) -> Tensor:
        """``[batch, n]`` and what is known, ``[batch, n + size]``."""
        parts = [values]
        if self.ends.drawn is not None:
            parts.append(self.ends.drawn.told((lengths - 1).to(values.dtype)))
        if self.classes:
            assert labels is not None
            parts.append((labels[:, None] == torch.arange(self.classes, device=values.device)).to(values.dtype))
        return torch.cat(parts, dim=1) if len(parts) > 1 else values


class LatentGenerator(nn.Module):
    """Standard normal noise ``[batch, noise_size]`` to latents: two residual layers, then one road to what all steps
    see and one to the states that the decoder begins with."""

    def __init__(self, noise_size: int, encoder: SeriesEncoder, data: SeriesSpec) -> None:
        super().__init__()
        self.noise_size, self.known = noise_size, Known(data)
        width, hidden, states = noise_size + self.known.size, encoder.hidden_size, encoder.size - encoder.hidden_size
        self.first, self.second = _layer(width, width), _layer(width, width)
        self.whole = nn.Sequential(_layer(width, hidden), _layer(hidden, hidden))
        self.states = nn.Sequential(_layer(width, states), nn.Linear(states, states))

    def forward(self, noise: Tensor, labels: Tensor | None, lengths: Tensor) -> Tensor:
        """``[batch, size]``."""
        values = self.known.join(noise, labels, lengths)
        values = values + self.first(values)
        values = values + self.second(values)
        return torch.cat([self.whole(values), self.states(values)], dim=1)


class LatentCritic(nn.Module):
    """Latents to one number each, without a bound."""

    def __init__(self, encoder: SeriesEncoder, data: SeriesSpec) -> None:
        super().__init__()
        self.known = Known(data)
        size = encoder.size + self.known.size
        widths = (size, max(1, 2 * size // 3), max(1, size // 3))
        self.layers = nn.Sequential(
            nn.Linear(widths[0], widths[1]), nn.LeakyReLU(SLOPE),
            nn.Linear(widths[1], widths[2]), nn.LeakyReLU(SLOPE),
            nn.Linear(widths[2], 1),
        )  # fmt: skip

    def forward(self, latent: Tensor, labels: Tensor | None, lengths: Tensor) -> Tensor:
        """``[batch]``."""
        scores: Tensor = self.layers(self.known.join(latent, labels, lengths))[:, 0]
        return scores


def _layer(inputs: int, outputs: int) -> nn.Module:
    return nn.Sequential(nn.Linear(inputs, outputs), nn.LayerNorm(outputs), nn.LeakyReLU(SLOPE))


def build(role: str, options: Any, data: DataSpec, context: BuildContext) -> nn.Module:
    """The network of a role; all but the encoder take sizes from it."""
    assert isinstance(data, SeriesSpec)
    if role == "encoder":
        return SeriesEncoder(options.hidden_size, options.layers, data)
    encoder: Any = context.networks.get("encoder")
    if role == "decoder":
        return SeriesDecoder(options.forcing, encoder, data)
    return LatentGenerator(options.noise_size, encoder, data) if role == "generator" else LatentCritic(encoder, data)


class RtsGanGenerator(ComposedGenerator):
    """A latent of the model file by way of the generator and the decoder. The noise of steps says how many there are
    and, where series differ in that, how long each is."""

    noise_size = 1

    def __init__(self, generator: nn.Module, decoder: nn.Module, data: DataSpec) -> None:
        super().__init__(data)
        assert isinstance(generator, LatentGenerator)
        self.latent_size = generator.noise_size
        self.generator, self.decoder = generator, decoder

    def forward(
        self,
        noise: Tensor,
        latent: Tensor | None = None,
        labels: Tensor | None = None,
        lengths: Tensor | None = None,
    ) -> Tensor:
        """The latent is drawn from a standard normal where None."""
        if latent is None:
            latent = torch.randn(noise.shape[0], self.latent_size, device=noise.device)
        made = self.generator(latent, labels, self.ends.lengths(noise, lengths))
        series: Tensor = self.decoder(made, noise) * 2 - 1
        return series
