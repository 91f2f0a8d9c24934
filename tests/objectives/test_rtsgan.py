"""The losses of RTSGAN, computed here by other means; its generator is made of two networks, and series may differ in
length."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from rgan_kit.contracts import BuildContext, SeriesSpec, StepContext
from rgan_kit.testing.examples import LENGTH, example_batch, example_spec, lengthened
from rgan_kit_plugins.latent_series import LATENT_SERIES, RTSGAN_ROLES
from rgan_kit_plugins.latent_series.rtsgan import RtsGanGenerator
from rgan_kit_plugins.objectives.latent import RtsGanOptions
from rgan_kit_plugins.objectives.latent.rtsgan import RtsGan

NETWORKS = LATENT_SERIES[-len(RTSGAN_ROLES) :]


def networks(data: SeriesSpec, **options: dict[str, Any]) -> dict[str, Any]:
    torch.manual_seed(0)
    made: dict[str, Any] = {}
    small: dict[str, dict[str, Any]] = {"encoder": {"hidden_size": 5, "layers": 2}, "generator": {"noise_size": 4}}
    for role, spec in zip(RTSGAN_ROLES, NETWORKS, strict=True):
        given = {**small.get(role, {}), **options.get(role, {})}
        made[role] = spec.build(spec.options(**given), data, BuildContext(role, dict(made)))
    return made


@pytest.fixture
def data() -> SeriesSpec:
    return example_spec("series")


def context_of(data: SeriesSpec) -> StepContext:
    return StepContext(example_batch(data), 0.5, LENGTH)


def test_a_series_is_encoded_by_its_own_steps_alone(data):
    encoder, batch = networks(data)["encoder"], example_batch(data)
    whole = encoder(batch.values, batch.lengths)
    longer = lengthened(batch, data)
    torch.testing.assert_close(encoder(longer.values, longer.lengths), whole)
    for row, length in enumerate(batch.lengths.tolist()):  # torch's own layers on one series
        steps, last = batch.values[row : row + 1, :length], []
        for recurrence in encoder.recurrences:
            steps, state = recurrence.rnn(steps)
            last.append(state[0, 0])
        pooled = torch.cat([steps[0].max(dim=0).values, steps[0].mean(dim=0), last[-1]])
        expected = torch.cat([F.leaky_relu(encoder.whole(pooled), 0.2), *last])
        torch.testing.assert_close(whole[row], expected, atol=1e-5, rtol=1e-4)


def test_a_series_is_decoded_from_what_has_been_decoded(data):
    parts = networks(data, decoder={"forcing": 0.0})
    latent, real = torch.randn(3, parts["encoder"].size), torch.rand(3, 6, data.features)
    torch.testing.assert_close(parts["decoder"].reconstruct(latent, real), parts["decoder"](latent, real))


def test_forced_steps_see_the_real_ones_before_them(data):
    decoder = networks(data, decoder={"forcing": 1.0})["decoder"]
    latent, real = torch.randn(3, 15), torch.rand(3, 6, data.features)
    other = real.clone()
    other[:, 3] += 1
    made, changed = decoder.reconstruct(latent, real), decoder.reconstruct(latent, other)
    torch.testing.assert_close(made[:, :4], changed[:, :4])
    assert (made[:, 4:] - changed[:, 4:]).abs().amin() > 0


def test_the_autoencoder_is_trained_by_the_mean_squared_error_of_steps_that_count(data):
    parts, context = networks(data, decoder={"forcing": 1.0}), context_of(data)
    batch = context.batch
    real = (batch.values + 1) / 2
    made = parts["decoder"].reconstruct(parts["encoder"](real, batch.lengths), real).detach().numpy()
    apart = [
        np.square(made[row, step] - real[row, step].numpy())
        for row, length in enumerate(batch.lengths.tolist()) for step in range(length)
    ]  # fmt: skip
    loss = RtsGan(RtsGanOptions(), parts).reconstruction_loss(context).value.item()
    assert loss == pytest.approx(np.mean(apart), rel=1e-5)


def test_the_critic_is_trained_by_its_gap_and_the_weighted_penalty(data):
    parts, context = networks(data), context_of(data)
    critic, batch = parts["discriminator"], context.batch
    torch.manual_seed(7)
    loss = RtsGan(RtsGanOptions(gradient_penalty=3.0), parts).critic_loss(context)
    torch.manual_seed(7)
    real = parts["encoder"]((batch.values + 1) / 2, batch.lengths).detach()
    fake = parts["generator"](torch.randn(len(real), 4), batch.labels, batch.lengths).detach()
    share = torch.rand(len(real), 1)
    between = (share * real + (1 - share) * fake).double()
    critic.double()

    def score(latents: torch.Tensor) -> torch.Tensor:
        return critic(latents, batch.labels, batch.lengths).detach()

    norms, step = [], 1e-6
    for row in range(len(between)):  # gradients by differences
        slopes = []
        for column in range(between.shape[1]):
            moved = torch.zeros_like(between)
            moved[row, column] = step
            slopes.append(float((score(between + moved) - score(between - moved))[row] / (2 * step)))
        norms.append(float(np.linalg.norm(slopes)))
    penalty = float(np.mean([(norm - 1) ** 2 for norm in norms]))
    gap = float(score(real.double()).mean() - score(fake.double()).mean())
    assert float(loss.metrics["gap"]) == pytest.approx(gap, abs=1e-5)
    assert float(loss.value) == pytest.approx(3 * penalty - gap, rel=1e-4)


def test_the_generator_is_trained_by_what_the_critic_says_of_it(data):
    parts, context = networks(data), context_of(data)
    torch.manual_seed(7)
    loss = RtsGan(RtsGanOptions(), parts).generator_loss(context)
    torch.manual_seed(7)
    batch = context.batch
    fake = parts["generator"](torch.randn(len(batch.lengths), 4), batch.labels, batch.lengths)
    scores = parts["discriminator"](fake, batch.labels, batch.lengths)
    assert loss.value.item() == pytest.approx(-scores.mean().item(), rel=1e-5)


def test_the_critic_learns_from_latents_that_stay_as_they_are(data):
    first, second = RtsGan(RtsGanOptions(critic_steps=4), networks(data)).stages()
    assert [phase.networks for phase in first.phases] == [("encoder", "decoder")]
    critic, generator = second.phases
    assert (critic.networks, critic.repeats, critic.own_batch, critic.frozen) == (
        ("discriminator",), 4, True, ("encoder",),
    )  # fmt: skip
    assert generator.networks == ("generator",)


def test_series_of_different_lengths_end_where_they_are_told():
    shares = np.array([0.0, 0.5, 0.0, 0.5])
    data = SeriesSpec(
        features=2, length=4, names=("a", "b"), minimum=np.zeros(2), maximum=np.ones(2), length_shares=shares
    )
    parts = networks(data)
    composed = RtsGanGenerator(parts["generator"], parts["decoder"], data)
    assert composed.variable and composed.noise_size == 1
    series, lengths = composed.sampler()(torch.randn(64, 4, 1), torch.randn(64, 4))
    assert set(lengths.tolist()) == {2, 4}
    assert all(bool((row[length:] == 0).all()) for row, length in zip(series, lengths.tolist(), strict=True))
    latent = torch.randn(1, 4)
    two, four = (parts["generator"](latent, None, torch.tensor([length])) for length in (2, 4))
    assert not torch.equal(two, four)
