"""An autoregressive recurrent generator of real-valued series: every step is drawn from a mixture of normal
distributions given those before (Bishop 1994, "Mixture density networks"; Graves 2013, arXiv:1308.0850, section 4).

Because noise of a standard normal becomes a step by ``mean + deviation * noise``, samples carry gradients (Kingma &
Welling 2014, arXiv:1312.6114, section 2.4), and the same generator can be trained by likelihood, as the decoder of a
variational autoencoder, or by a discriminator. Which component a step is drawn from is not differentiable: a
discriminator moves the components, and only the likelihood moves their weights.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rgan_kit.contracts import Batch, DataSpec, Relaxation, SeriesSpec
from rgan_kit.nn import Cell, OwnUnits, Recurrence, State, block_of, exportable, padding_mask, pick, scan
from rgan_kit_plugins.generators.recurrent_series import Condition

if TYPE_CHECKING:
    from rgan_kit_plugins.generators import RecurrentGeneratorOptions


class AutoregressiveSeriesGenerator(nn.Module):
    """``p(x) = Π_t Σ_k weight_tk N(x_t | mean_tk, deviation_tk²)``, all functions of ``x_<t``, latent and label.

    The features of a step are independent within a component. One more number of the noise picks the component, where
    there are several, by the inverse cumulative distribution.

    The recurrence reads at every step the values of the step before and, beside them, a 1; both are 0 at the first
    step and where word dropout hides them (Bowman et al. 2016). With a word dropout of 1 they are hidden from sampling
    too: steps are independent given latent and label.
    """

    def __init__(self, cell: Cell, options: RecurrentGeneratorOptions, data: DataSpec) -> None:
        super().__init__()
        assert isinstance(data, SeriesSpec)
        self.data = data
        self.latent_size = options.latent_size
        self.mixture = options.mixture
        self.block = block_of(options.mixture)  # ahead of time: it cannot be traced
        self.noise_size = data.features + (self.mixture > 1)
        self.word_dropout = options.word_dropout
        # Without it the likelihood of a feature that never changes has no bound.
        self.least_deviation = options.least_deviation
        self.condition = Condition(options.latent_size, len(data.labels))
        width = data.features + 1 + self.condition.size
        self.recurrence = Recurrence(cell, width, options.hidden_size, options.layers, options.dropout)
        self.dropout = nn.Dropout(options.dropout)
        per_component = 2 * data.features + (self.mixture > 1)
        self.output = nn.Linear(options.hidden_size, self.mixture * per_component)

    @property
    def blind(self) -> bool:
        """Whether no step sees another one."""
        return self.word_dropout == 1

    def distribution(self, hidden: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """From the recurrence's ``[..., hidden_size]``: logits of the components ``[..., mixture]``, their means and
        standard deviations, each ``[..., mixture, features]``."""
        raw = self.output(self.dropout(hidden)).float()
        parameters = 2 * self.mixture * self.data.features
        sizes = (*raw.shape[:-1], self.mixture, self.data.features)
        mean, spread = (part.reshape(sizes) for part in raw[..., :parameters].chunk(2, dim=-1))
        logits = raw[..., parameters:] if self.mixture > 1 else torch.zeros_like(raw[..., :1])
        return logits, mean, F.softplus(spread) + self.least_deviation

    def draw(self, hidden: Tensor, noise: Tensor) -> Tensor:
        """A step ``[batch, features]`` from ``[batch, hidden_size]`` and ``[batch, noise_size]``."""
        logits, mean, deviation = self.distribution(hidden)
        features = self.data.features
        if self.mixture == 1:
            return mean[:, 0] + deviation[:, 0] * noise
        uniform = torch.special.ndtr(noise[:, features])
        chosen = pick(logits, uniform, logits.new_ones(()), self.block)
        index = chosen[:, None, None].expand(-1, 1, features)
        return mean.gather(1, index)[:, 0] + deviation.gather(1, index)[:, 0] * noise[:, :features]

    def log_probs(self, batch: Batch[Tensor], latent: Tensor | None = None) -> Tensor:
        """Log-density in nats of each step given those before it, by teacher forcing: ``[batch, time]``, zero on
        padding. The density is that of values as networks see them."""
        values = batch.values  # [batch, time, features]
        inputs = self.condition.join(self._previous(values), self.condition(values, latent, batch.labels))
        logits, mean, deviation = self.distribution(self.recurrence(inputs))
        nats = -((values[:, :, None] - mean) / deviation).square() / 2 - deviation.log() - math.log(2 * math.pi) / 2
        of_step = torch.logsumexp(F.log_softmax(logits, dim=2) + nats.sum(dim=3), dim=2)
        return of_step * padding_mask(batch.lengths, values.shape[1])

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
            noise: ``[batch, noise_size]``.
            state: of the recurrence.

        Returns:
            The step's values ``[batch, features]`` and the next state.
        """
        inputs = previous if condition is None else torch.cat([previous, condition], dim=1)
        hidden, state = self.recurrence.step(inputs, state)
        return self.draw(hidden, noise), state

    def forward(self, noise: Tensor, latent: Tensor | None = None, labels: Tensor | None = None) -> Tensor:
        """Noise ``[batch, time, noise_size]`` to values as networks see them, ``[batch, time, features]``."""
        condition = self.condition(noise, latent, labels)
        size, length, features = noise.shape[0], noise.shape[1], self.data.features
        if self.blind:
            unseen = noise.new_zeros(size, length, features + 1)
            hidden = self.recurrence(self.condition.join(unseen, condition))
            return self.draw(hidden.flatten(0, 1), noise.flatten(0, 1)).reshape(size, length, features)
        start = (noise.new_zeros(size, features + 1), *self.recurrence.initial_state(noise))

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
        self.network = exportable(generator)
        self.own_units = OwnUnits(generator.data)

    def forward(self, noise: Tensor, latent: Tensor | None = None, labels: Tensor | None = None) -> Tensor:
        """``noise`` ``[batch, time, noise_size]`` to the series ``[batch, time, features]``."""
        series: Tensor = self.own_units(self.network(noise, latent, labels))
        return series
