"""One step of a generator at a time, by the contract of step files in ``docs/model-file.md``.

Each module takes what is fresh in a step and the states, ``[batch, ...]`` each and zero at the start, and gives what
the step makes and the next states. ``state_shapes`` are the shapes of the states without their batch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from rgan_kit_plugins.convolutions import to_uint8

if TYPE_CHECKING:
    from rgan_kit_plugins.generators.autoregressive_series import AutoregressiveSeriesSampler
    from rgan_kit_plugins.generators.recurrent_frames import RecurrentFrameSampler
    from rgan_kit_plugins.generators.recurrent_series import RecurrentSeriesSampler
    from rgan_kit_plugins.generators.recurrent_tokens import RecurrentTokenSampler
    from rgan_kit_plugins.recurrence import Recurrence, State

Shapes = tuple[tuple[int, ...], ...]


class TokenStepper(nn.Module):
    """The symbol before to the logits of the next one."""

    def __init__(self, sampler: RecurrentTokenSampler) -> None:
        super().__init__()
        self.sampler = sampler
        self.state_shapes = _shapes(sampler.network.recurrence)

    def forward(
        self,
        previous: Tensor,
        state_0: Tensor,
        state_1: Tensor | None = None,
        latent: Tensor | None = None,
        labels: Tensor | None = None,
    ) -> tuple[Tensor, ...]:
        """``previous`` int64 ``[batch]`` to logits ``[batch, vocabulary]`` and the next states."""
        network = self.sampler.network
        condition = network.condition(state_0, latent, labels)
        if self.sampler.table is not None:
            condition = network.recurrence.project(condition, bias=False)
        logits, state = self.sampler.step(previous, condition, _inside(state_0, state_1))
        return logits, *_outside(state)


class SeriesStepper(nn.Module):
    """Noise to the values of a step, of a generator whose steps see no other one but through the recurrence."""

    def __init__(self, sampler: RecurrentSeriesSampler) -> None:
        super().__init__()
        self.sampler = sampler
        self.state_shapes = _shapes(sampler.network.recurrence)

    def forward(
        self,
        noise: Tensor,
        state_0: Tensor,
        state_1: Tensor | None = None,
        latent: Tensor | None = None,
        labels: Tensor | None = None,
    ) -> tuple[Tensor, ...]:
        """``noise`` ``[batch, noise_size]`` to values ``[batch, features]`` and the next states."""
        network = self.sampler.network
        condition = network.condition(noise, latent, labels)
        inputs = noise if condition is None else torch.cat([noise, condition], dim=1)
        hidden, state = network.recurrence.step(inputs, _inside(state_0, state_1))
        return self.sampler.own_units(torch.tanh(network.output(hidden))), *_outside(state)


class AutoregressiveSeriesStepper(nn.Module):
    """Noise to the values of a step. The first state is what the step sees of the one before: its values as networks
    see them and a 1, all of them 0 at the start."""

    def __init__(self, sampler: AutoregressiveSeriesSampler) -> None:
        super().__init__()
        self.sampler = sampler
        self.state_shapes = ((sampler.network.data.features + 1,), *_shapes(sampler.network.recurrence))

    def forward(
        self,
        noise: Tensor,
        state_0: Tensor,
        state_1: Tensor,
        state_2: Tensor | None = None,
        latent: Tensor | None = None,
        labels: Tensor | None = None,
    ) -> tuple[Tensor, ...]:
        """``noise`` ``[batch, noise_size]`` to values ``[batch, features]`` and the next states."""
        network = self.sampler.network
        condition = network.condition(noise, latent, labels)
        values, state = network.step(state_0, condition, noise, _inside(state_1, state_2))
        seen = torch.cat([values, torch.ones_like(values[:, :1])], dim=1)
        if network.blind:
            seen = seen * 0.0
        return self.sampler.own_units(values), seen, *_outside(state)


class FrameStepper(nn.Module):
    """Noise to a frame. The first state is the noise of the clip's first frame and a 1, all of them 0 at the start."""

    def __init__(self, sampler: RecurrentFrameSampler) -> None:
        super().__init__()
        self.sampler = sampler
        self.state_shapes = ((sampler.network.noise_size + 1,), *_shapes(sampler.network.recurrence))

    def forward(
        self,
        noise: Tensor,
        state_0: Tensor,
        state_1: Tensor,
        state_2: Tensor | None = None,
        latent: Tensor | None = None,
        labels: Tensor | None = None,
    ) -> tuple[Tensor, ...]:
        """``noise`` ``[batch, noise_size]`` to a frame uint8 ``[batch, height, width, channels]`` and the next
        states."""
        network = self.sampler.network
        begun = state_0[:, -1:]
        first = noise * (1 - begun) + state_0[:, :-1]  # the state is zero until there is a first noise
        moving = [noise, first]
        if network.latent_moves and latent is not None:
            moving.append(latent)
        if network.from_label is not None:
            moving.append(network.from_label(labels))
        motion, state = network.recurrence.step(torch.cat(moving, dim=1), _inside(state_1, state_2))
        vectors = motion if latent is None else torch.cat([latent, motion], dim=1)
        picture = to_uint8(network.writer(vectors)[:, None])[:, 0]
        return picture, torch.cat([first, torch.ones_like(begun)], dim=1), *_outside(state)


def _shapes(recurrence: Recurrence) -> Shapes:
    parts = 2 if recurrence.cell == "lstm" else 1
    return ((recurrence.layers, recurrence.hidden_size),) * parts


def _inside(*states: Tensor | None) -> State:
    """``[batch, layers, hidden_size]`` to the recurrence's own order."""
    return tuple(state.transpose(0, 1) for state in states if state is not None)


def _outside(state: State) -> State:
    return tuple(part.transpose(0, 1) for part in state)
