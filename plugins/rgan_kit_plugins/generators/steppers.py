"""The built-in generators one step at a time, by the contract of step files in ``docs/model-file.md``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

from rgan_kit.nn import Stepper, batch_first, layers_first, shapes_of, to_uint8

if TYPE_CHECKING:
    from rgan_kit_plugins.generators.autoregressive_series import AutoregressiveSeriesSampler
    from rgan_kit_plugins.generators.recurrent_frames import RecurrentFrameSampler
    from rgan_kit_plugins.generators.recurrent_series import RecurrentSeriesSampler
    from rgan_kit_plugins.generators.recurrent_tokens import RecurrentTokenSampler


class TokenStepper(Stepper):
    """The symbol before to the logits of the next one."""

    sampler: RecurrentTokenSampler

    def __init__(self, sampler: RecurrentTokenSampler) -> None:
        super().__init__(sampler, shapes_of(sampler.network.recurrence))

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
        logits, state = self.sampler.step(previous, condition, layers_first(state_0, state_1))
        return logits, *batch_first(state)


class SeriesStepper(Stepper):
    """Noise to the values of a step, of a generator whose steps see no other one but through the recurrence."""

    sampler: RecurrentSeriesSampler

    def __init__(self, sampler: RecurrentSeriesSampler) -> None:
        super().__init__(sampler, shapes_of(sampler.network.recurrence))

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
        hidden, state = network.recurrence.step(inputs, layers_first(state_0, state_1))
        return self.sampler.own_units(torch.tanh(network.output(hidden))), *batch_first(state)


class AutoregressiveSeriesStepper(Stepper):
    """Noise to the values of a step. The first state is what the step sees of the one before: its values as networks
    see them, a 1, and whatever else the emission lets it see, all of them 0 at the start."""

    sampler: AutoregressiveSeriesSampler

    def __init__(self, sampler: AutoregressiveSeriesSampler) -> None:
        super().__init__(sampler, ((sampler.network.output.seen_size,), *shapes_of(sampler.network.recurrence)))

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
        values, seen, state = network.step(state_0, condition, noise, layers_first(state_1, state_2))
        return self.sampler.finish(values), seen, *batch_first(state)


class FrameStepper(Stepper):
    """Noise to a frame. The first state is the noise of the clip's first frame and a 1, all of them 0 at the start."""

    sampler: RecurrentFrameSampler

    def __init__(self, sampler: RecurrentFrameSampler) -> None:
        super().__init__(sampler, ((sampler.network.noise_size + 1,), *shapes_of(sampler.network.recurrence)))

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
        motion, state = network.recurrence.step(torch.cat(moving, dim=1), layers_first(state_1, state_2))
        vectors = motion if latent is None else torch.cat([latent, motion], dim=1)
        picture = to_uint8(network.writer(vectors)[:, None])[:, 0]
        return picture, torch.cat([first, torch.ones_like(begun)], dim=1), *batch_first(state)
