"""An autoregressive recurrent generator of series: every step is drawn given those before (Graves 2013,
arXiv:1308.0850, section 4), in the way that its emission says (``rgan_kit_plugins.emissions``).

Where noise of a standard normal becomes a step by ``mean + deviation * noise``, samples carry gradients (Kingma &
Welling 2014, arXiv:1312.6114, section 2.4), and the same generator can be trained by likelihood, as the decoder of a
variational autoencoder, or by a discriminator. Which component a step is drawn from is not differentiable: a
discriminator moves the components, and only the likelihood moves their weights.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rgan_kit.contracts import Batch, DataSpec, Relaxation, SeriesSpec
from rgan_kit.nn import Cell, OwnUnits, Recurrence, State, dropout_of, exportable, padding_mask, scan
from rgan_kit_plugins.emissions import build as build_emission
from rgan_kit_plugins.generators.ends import ends_of
from rgan_kit_plugins.generators.recurrent_series import Condition

if TYPE_CHECKING:
    from rgan_kit_plugins.generators import RecurrentGeneratorOptions


class AutoregressiveSeriesGenerator(nn.Module):
    """``p(x) = Π_t p(x_t | h_t)``, with ``h_t`` a recurrence over the steps before, latent and label, and ``p`` the
    emission: ``output``, an ``rgan_kit.nn.Emission``.

    The recurrence reads at every step what the emission lets it see of the step before, or ``tanh`` of a linear map of
    it; it is 0 at the first step and where word dropout hides it (Bowman et al. 2016). With a word dropout of 1 it is
    hidden from sampling too: steps are independent given latent and label. Noise on it in training teaches the
    recurrence to trust its memory of all steps more than the last one, from which a curve without noise drifts away.
    """

    def __init__(self, cell: Cell, options: RecurrentGeneratorOptions, data: DataSpec) -> None:
        super().__init__()
        assert isinstance(data, SeriesSpec)
        self.data = data
        self.latent_size = options.latent_size
        self.word_dropout, self.input_noise = options.word_dropout, options.input_noise
        self.ends = ends_of(data)
        self.condition = Condition(options.latent_size, len(data.labels))
        output = build_emission(options, data, options.hidden_size)
        width = options.reading_size or output.seen_size
        self.reading = None
        if options.reading_size:
            dropout = dropout_of(options.dropout, locked=options.locked_dropout)
            self.reading = nn.Sequential(nn.Linear(output.seen_size, width), nn.Tanh(), dropout)
        self.recurrence = Recurrence(
            cell, width + self.condition.size + self.ends.size, options.hidden_size, options.layers, options.dropout,
            weight_dropout=options.weight_dropout, locked=options.locked_dropout,
        )  # fmt: skip
        self.dropout = dropout_of(options.dropout, locked=options.locked_dropout)
        self.output = output
        self.noise_size = output.noise_size + self.ends.noise

    @property
    def blind(self) -> bool:
        """Whether no step sees another one."""
        return self.word_dropout == 1

    @property
    def variable(self) -> bool:
        """Whether samples have lengths of their own."""
        return self.data.variable

    def log_probs(self, batch: Batch[Tensor], latent: Tensor | None = None) -> Tensor:
        """Nats of each step given those before it, by teacher forcing: ``[batch, time]``, zero on padding; of a density
        of values as networks see them, or of a probability where the emission is discrete. Where samples differ in
        length, those of the length stand at the first step."""
        values = batch.values  # [batch, time, features]
        previous = self._previous(values)
        inputs = self._told(self._read(previous), batch.lengths)
        inputs = self.condition.join(inputs, self.condition(values, latent, batch.labels))
        hidden, mask = self.dropout(self.recurrence(inputs)), padding_mask(batch.lengths, values.shape[1])
        if mask.all():
            nats = self.output.log_prob(values, hidden, previous)
        else:  # nothing is computed of padding
            of_steps = self.output.log_prob(values[mask], hidden[mask], previous[mask])
            nats = of_steps.new_zeros(mask.shape).masked_scatter(mask, of_steps)
        if self.ends.drawn is None:
            return nats
        return torch.cat([nats[:, :1] + self.ends.drawn.log_prob(batch.lengths)[:, None], nats[:, 1:]], dim=1)

    def _told(self, inputs: Tensor, lengths: Tensor) -> Tensor:
        """``[batch, time, n]`` and what steps are told of how many are left."""
        told = self.ends.told(lengths, inputs.shape[1])
        return inputs if told is None else torch.cat([inputs, told], dim=2)

    def _read(self, previous: Tensor) -> Tensor:
        """What goes into the recurrence of what a step sees."""
        return previous if self.reading is None else cast("Tensor", self.reading(previous))

    def _previous(self, values: Tensor) -> Tensor:
        """What each step sees of the one before: ``[batch, time, seen_size]``."""
        if self.training and self.input_noise:
            values = values + self.input_noise * torch.randn_like(values)
        before = F.pad(F.pad(values, (0, 1), value=1.0)[:, :-1], (0, 0, 1, 0))
        before = F.pad(before, (0, self.output.seen_size - before.shape[2]))
        seen = self.output.see(values, before)
        if self.blind:
            seen = torch.zeros_like(seen)
        elif self.training and self.word_dropout:
            seen = seen * (torch.rand_like(seen[:, :, :1]) >= self.word_dropout)
        return F.pad(seen[:, :-1], (0, 0, 1, 0))

    def step(
        self, previous: Tensor, condition: Tensor | None, noise: Tensor, state: State
    ) -> tuple[Tensor, Tensor, State]:
        """One step.

        Args:
            previous: ``[batch, seen_size]``, what is seen of the step before; zeros at the first step.
            condition: ``[batch, size]`` or None; what is told of how many steps are left stands first in it.
            noise: ``[batch, noise_size]`` of the emission.
            state: of the recurrence.

        Returns:
            The step's values ``[batch, features]``, what the next step sees of it, and the next state.
        """
        inputs = self._read(previous)
        inputs = inputs if condition is None else torch.cat([inputs, condition], dim=1)
        hidden, state = self.recurrence.step(inputs, state)
        values = self.output.draw(self.dropout(hidden), previous, noise)
        seen = self.output.see(values, previous)
        return values, seen * 0.0 if self.blind else seen, state

    def forward(
        self,
        noise: Tensor,
        latent: Tensor | None = None,
        labels: Tensor | None = None,
        lengths: Tensor | None = None,
    ) -> Tensor:
        """Noise ``[batch, time, noise_size]`` to values as networks see them, ``[batch, time, features]``; lengths are
        those of the noise where None."""
        condition = self.condition(noise, latent, labels)
        # How many steps are left at each: [batch, time, 2], or None where all samples are equally long.
        told = self.ends.told(self.ends.lengths(noise, lengths), noise.shape[1])
        noise = self.ends.own(noise)
        size, length = noise.shape[0], noise.shape[1]
        # No step sees another one: all of them at once, [batch * time, ...] at the emission.
        if self.blind:
            unseen = noise.new_zeros(size, length, self.output.seen_size)
            inputs = self._read(unseen) if told is None else torch.cat([self._read(unseen), told], dim=2)
            hidden = self.dropout(self.recurrence(self.condition.join(inputs, condition)))
            drawn = self.output.draw(hidden.flatten(0, 1), unseen.flatten(0, 1), noise.flatten(0, 1))
            return drawn.reshape(size, length, self.data.features)
        # One after the other: what is carried on is what a step sees of the one before, and the recurrence's state.
        start = (noise.new_zeros(size, self.output.seen_size), *self.recurrence.initial_state(noise))

        def step(carry: tuple[Tensor, ...], drawn: Any) -> tuple[tuple[Tensor, ...], Tensor]:
            previous, *state = carry
            own, given = (drawn, condition) if told is None else (drawn[0], _beside(drawn[1], condition))
            values, seen, next_state = self.step(previous, given, own, tuple(state))
            return (seen, *next_state), values

        steps = noise.transpose(0, 1)
        return scan(step, start, steps if told is None else (steps, told.transpose(0, 1))).transpose(0, 1)

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
        noise = torch.randn(size, length, self.noise_size, device=next(self.output.parameters()).device)
        labels, lengths = self.condition.labels_for(noise, labels), self.ends.lengths(noise, lengths)
        return Batch(self(noise, latent, labels, lengths), lengths.clamp(max=length), labels)

    def sampler(self) -> nn.Module:
        """The frozen sampler of the model file."""
        return AutoregressiveSeriesSampler(self)

    def stepper(self) -> nn.Module:
        """The frozen module of the step file."""
        from rgan_kit_plugins.generators.steppers import AutoregressiveSeriesStepper

        return AutoregressiveSeriesStepper(AutoregressiveSeriesSampler(self))


class AutoregressiveSeriesSampler(nn.Module):
    """Series in the data's own units from standard normal noise, by the contract of ``docs/model-file.md``."""

    def __init__(self, generator: AutoregressiveSeriesGenerator) -> None:
        super().__init__()
        self.network = exportable(generator)
        self.own_units = OwnUnits(generator.data)

    def finish(self, values: Tensor) -> Tensor:
        """Values as networks see them in the data's own units."""
        settled: Tensor = self.network.output.settle(self.own_units(values))
        return settled

    def forward(
        self, noise: Tensor, latent: Tensor | None = None, labels: Tensor | None = None
    ) -> Tensor | tuple[Tensor, Tensor]:
        """``noise`` ``[batch, time, noise_size]`` to the series ``[batch, time, features]``, and lengths where they
        differ."""
        return self.network.ends.finish(self.finish(self.network(noise, latent, labels)), noise)


def _beside(told: Tensor, condition: Tensor | None) -> Tensor:
    return told if condition is None else torch.cat([told, condition], dim=1)
