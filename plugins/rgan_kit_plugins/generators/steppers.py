"""The built-in generators one step at a time, by the contract of step files in ``docs/model-file.md``."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from rgan_kit.nn import Shapes, Stepper, batch_first, layers_first, shapes_of, to_uint8
from rgan_kit_plugins.generators.ends import STATE

if TYPE_CHECKING:
    from rgan_kit_plugins.codecs.coded_frames import CodedFrameSampler
    from rgan_kit_plugins.generators.autoregressive_series import (
        AutoregressiveSeriesGenerator,
        AutoregressiveSeriesSampler,
    )
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
        # States come and go with the batch first; a recurrence has its layers there.
        logits, state = self.sampler.step(previous, condition, layers_first(state_0, state_1))
        return logits, *batch_first(state)


class _EndingStepper(Stepper, ABC):
    """Of series and frames: where samples differ in length, the last state says where they end, and a step gives their
    lengths too.

    Args:
        sampler: the frozen module of the model file.
        state_shapes: of the states but that one.
    """

    sampler: Any

    def __init__(self, sampler: Any, state_shapes: Shapes) -> None:
        ends: Any = sampler.network.ends
        super().__init__(sampler, state_shapes if ends.drawn is None else (*state_shapes, STATE))

    def forward(
        self,
        noise: Tensor,
        state_0: Tensor,
        state_1: Tensor | None = None,
        state_2: Tensor | None = None,
        state_3: Tensor | None = None,
        latent: Tensor | None = None,
        labels: Tensor | None = None,
    ) -> tuple[Tensor, ...]:
        """``noise`` ``[batch, noise_size]`` to what a step makes, its samples' lengths where they differ, and the next
        states."""
        sampler: Any = self.sampler
        ends = sampler.network.ends
        states = [state for state in (state_0, state_1, state_2, state_3) if state is not None]
        if ends.drawn is None:
            made, following = self.make(noise, None, states, latent, labels)
            return made, *following
        # The last state says where samples end; after that a step makes zeros.
        told, goes_on, lengths, ended = ends.step(noise, states[-1])
        made, following = self.make(ends.own(noise), told, states[:-1], latent, labels)
        mask = goes_on.to(made.dtype).reshape(-1, *[1] * (made.ndim - 1))
        return made * mask, lengths, *following, ended

    @abstractmethod
    def make(
        self, noise: Tensor, told: Tensor | None, states: list[Tensor], latent: Tensor | None, labels: Tensor | None
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """What a step makes and its next states; ``told`` ``[batch, 2]`` says how many steps are left, where samples
        differ in that."""


class SeriesStepper(_EndingStepper):
    """Noise to the values of a step, of a generator whose steps see no other one but through the recurrence."""

    sampler: RecurrentSeriesSampler

    def __init__(self, sampler: RecurrentSeriesSampler) -> None:
        super().__init__(sampler, shapes_of(sampler.network.recurrence))

    def make(
        self, noise: Tensor, told: Tensor | None, states: list[Tensor], latent: Tensor | None, labels: Tensor | None
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Values ``[batch, features]``."""
        network = self.sampler.network
        entering = [noise, told, network.condition(noise, latent, labels)]
        inputs = torch.cat([each for each in entering if each is not None], dim=1)
        hidden, state = network.recurrence.step(inputs, layers_first(*states))
        return self.sampler.own_units(torch.tanh(network.output(hidden))), batch_first(state)


class AutoregressiveSeriesStepper(_EndingStepper):
    """Noise to the values of a step. The first state is what the step sees of the one before: its values as networks
    see them, a 1, and whatever else the emission lets it see, all of them 0 at the start."""

    sampler: AutoregressiveSeriesSampler

    def __init__(self, sampler: AutoregressiveSeriesSampler) -> None:
        super().__init__(sampler, ((sampler.network.output.seen_size,), *shapes_of(sampler.network.recurrence)))

    def make(
        self, noise: Tensor, told: Tensor | None, states: list[Tensor], latent: Tensor | None, labels: Tensor | None
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """Values ``[batch, features]``."""
        values, following = step_of_density(self.sampler.network, noise, told, states, latent, labels)
        return self.sampler.finish(values), following


def step_of_density(
    network: AutoregressiveSeriesGenerator,
    noise: Tensor,
    told: Tensor | None,
    states: list[Tensor],
    latent: Tensor | None,
    labels: Tensor | None,
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Values of a step as networks see them, ``[batch, features]``, and the next states."""
    parts = [each for each in (told, network.condition(noise, latent, labels)) if each is not None]
    condition = torch.cat(parts, dim=1) if parts else None
    values, seen, state = network.step(states[0], condition, noise, layers_first(*states[1:]))
    return values, (seen, *batch_first(state))


class CodedFrameStepper(_EndingStepper):
    """Noise to a frame by way of its code. States are those of the density of codes."""

    sampler: CodedFrameSampler

    def __init__(self, sampler: CodedFrameSampler) -> None:
        density = sampler.network.density
        super().__init__(sampler, ((density.output.seen_size,), *shapes_of(density.recurrence)))

    def make(
        self, noise: Tensor, told: Tensor | None, states: list[Tensor], latent: Tensor | None, labels: Tensor | None
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """A frame uint8 ``[batch, height, width, channels]``."""
        network = self.sampler.network
        code, following = step_of_density(network.density, noise, told, states, latent, labels)
        return to_uint8(network.writer.decode(code[:, None]))[:, 0], following


class FrameStepper(_EndingStepper):
    """Noise to a frame. The first state is the noise of the clip's first frame and a 1, all of them 0 at the start."""

    sampler: RecurrentFrameSampler

    def __init__(self, sampler: RecurrentFrameSampler) -> None:
        super().__init__(sampler, ((sampler.network.motion_noise + 1,), *shapes_of(sampler.network.recurrence)))

    def make(
        self, noise: Tensor, told: Tensor | None, states: list[Tensor], latent: Tensor | None, labels: Tensor | None
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """A frame uint8 ``[batch, height, width, channels]``."""
        network = self.sampler.network
        begun = states[0][:, -1:]
        first = noise * (1 - begun) + states[0][:, :-1]  # the state is zero until there is a first noise
        moving = [noise, first]
        if network.latent_moves and latent is not None:
            moving.append(latent)
        if network.from_label is not None:
            moving.append(network.from_label(labels))
        if told is not None:
            moving.append(told)
        hidden, state = network.recurrence.step(torch.cat(moving, dim=1), layers_first(*states[1:]))
        motion = network.motion(hidden)
        vectors = motion if latent is None else torch.cat([latent, motion], dim=1)
        picture = to_uint8(network.written(vectors)[:, None])[:, 0]
        return picture, (torch.cat([first, torch.ones_like(begun)], dim=1), *batch_first(state))
