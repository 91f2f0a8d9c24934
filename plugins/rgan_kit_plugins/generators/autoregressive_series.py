"""An autoregressive recurrent generator of real-valued series: every step is normally distributed given those before
(Graves 2013, arXiv:1308.0850, section 4, with one component in place of a mixture).

Because noise of a standard normal becomes a step by ``mean + deviation * noise``, samples carry gradients (Kingma &
Welling 2014, arXiv:1312.6114, section 2.4), and the same generator can be trained by likelihood, as the decoder of a
variational autoencoder, or by a discriminator.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rgan_kit.contracts import Batch, DataSpec, Relaxation, SeriesSpec
from rgan_kit_plugins.generators.recurrent_series import Condition, OwnUnits
from rgan_kit_plugins.recurrence import Cell, Recurrence, State, frozen, padding_mask, scan

if TYPE_CHECKING:
    from rgan_kit_plugins.generators import RecurrentGeneratorOptions


class AutoregressiveSeriesGenerator(nn.Module):
    """``p(x) = Π N(x_t | mean_t, deviation_t²)``, both functions of ``x_<t``, latent and label.

    The recurrence reads at every step the values of the step before and, beside them, a 1; both are 0 at the first
    step and where word dropout hides them (Bowman et al. 2016). With a word dropout of 1 they are hidden from sampling
    too: steps are independent given latent and label.
    """

    def __init__(self, cell: Cell, options: RecurrentGeneratorOptions, data: DataSpec) -> None:
        super().__init__()
        assert isinstance(data, SeriesSpec)
        self.data = data
        self.latent_size = options.latent_size
        self.noise_size = data.features
        self.word_dropout = options.word_dropout
        # Without it the likelihood of a feature that never changes has no bound.
        self.least_deviation = options.least_deviation
        self.condition = Condition(options.latent_size, len(data.labels))
        width = data.features + 1 + self.condition.size
        self.recurrence = Recurrence(cell, width, options.hidden_size, options.layers, options.dropout)
        self.dropout = nn.Dropout(options.dropout)
        self.output = nn.Linear(options.hidden_size, 2 * data.features)

    @property
    def blind(self) -> bool:
        """Whether no step sees another one."""
        return self.word_dropout == 1

    def distribution(self, hidden: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation, each ``[..., features]``, from the recurrence's ``[..., hidden_size]``."""
        mean, raw = self.output(self.dropout(hidden)).float().chunk(2, dim=-1)
        return mean, F.softplus(raw) + self.least_deviation

    def log_probs(self, batch: Batch[Tensor], latent: Tensor | None = None) -> Tensor:
        """Log-density in nats of each step given those before it, by teacher forcing: ``[batch, time]``, zero on
        padding. The density is that of values as networks see them."""
        values = batch.values  # [batch, time, features]
        inputs = self.condition.join(self._previous(values), self.condition(values, latent, batch.labels))
        mean, deviation = self.distribution(self.recurrence(inputs))
        nats = -((values - mean) / deviation).square() / 2 - deviation.log() - math.log(2 * math.pi) / 2
        return nats.sum(dim=2) * padding_mask(batch.lengths, values.shape[1])

    def _previous(self, values: Tensor) -> Tensor:
        """What each step sees of the one before: ``[batch, time, features + 1]``."""
        seen = F.pad(values, (0, 1), value=1.0)
        if self.blind:
            seen = torch.zeros_like(seen)
        elif self.training and self.word_dropout:
            seen = seen * (torch.rand_like(seen[:, :, :1]) >= self.word_dropout)
        return F.pad(seen[:, :-1], (0, 0, 1, 0))

    def step(self, previous: Tensor, condition: Tensor | None, noise: Tensor, state: State) -> tuple[Tensor, State]:
        """One step.

        Args:
            previous: ``[batch, features + 1]``, the values before with a 1 beside them; zeros at the first step.
            condition: ``[batch, size]`` or None.
            noise: ``[batch, features]``.
            state: of the recurrence.

        Returns:
            The step's values ``[batch, features]`` and the next state.
        """
        inputs = previous if condition is None else torch.cat([previous, condition], dim=1)
        hidden, state = self.recurrence.step(inputs, state)
        mean, deviation = self.distribution(hidden)
        return mean + deviation * noise, state

    def forward(self, noise: Tensor, latent: Tensor | None = None, labels: Tensor | None = None) -> Tensor:
        """Noise ``[batch, time, features]`` to values as networks see them, of the same shape."""
        condition = self.condition(noise, latent, labels)
        if self.blind:
            inputs = self.condition.join(torch.zeros_like(F.pad(noise, (0, 1))), condition)
            mean, deviation = self.distribution(self.recurrence(inputs))
            return mean + deviation * noise
        start = (torch.zeros_like(F.pad(noise[:, 0], (0, 1))), *self.recurrence.initial_state(noise))

        def step(carry: tuple[Tensor, ...], drawn: Tensor) -> tuple[tuple[Tensor, ...], Tensor]:
            previous, *state = carry
            values, next_state = self.step(previous, condition, drawn, tuple(state))
            return (torch.cat([values, torch.ones_like(values[:, :1])], dim=1), *next_state), values

        return scan(step, start, noise.transpose(0, 1)).transpose(0, 1)

    def generate(
        self,
        size: int,
        length: int,
        *,
        latent: Tensor | None = None,
        labels: Tensor | None = None,
        relaxation: Relaxation = Relaxation(),  # noqa: B008 - for symbols; frozen
    ) -> Batch[Tensor]:
        """Samples with gradients: ``values`` ``[size, length, features]``, each of the whole length.

        The labels of a conditional model are drawn evenly where there are none, and are those of the batch.
        """
        noise = torch.randn(size, length, self.noise_size, device=self.output.weight.device)
        labels = self.condition.labels_for(noise, labels)
        return Batch(self(noise, latent, labels), torch.full((size,), length, device=noise.device), labels)

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
        self.network = frozen(generator)
        self.own_units = OwnUnits(generator.data)

    def forward(self, noise: Tensor, latent: Tensor | None = None, labels: Tensor | None = None) -> Tensor:
        """``noise`` ``[batch, time, features]`` to the series, of the same shape."""
        series: Tensor = self.own_units(self.network(noise, latent, labels))
        return series
