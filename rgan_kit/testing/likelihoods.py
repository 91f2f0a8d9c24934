"""What is required of likelihoods: each is a distribution, that of the samples, and sees the past alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rgan_kit.contracts import Autoregressive, Batch, DataSpec, FrameSpec, SeriesSpec, TokenSpec
from rgan_kit.testing import drawing
from rgan_kit.testing.drawing import Nats
from rgan_kit.testing.examples import LENGTH, example_batch
from rgan_kit.testing.networks import NetworkContract
from rgan_kit.testing.requirements import require
from rgan_kit.testing.statistics import FAR, Proposal, farthest, integral, surprise

if TYPE_CHECKING:
    from torch import Tensor

EXACT = 1e-3
"""How far a sum of probabilities may be from 1."""

_ROUGH = 0.05
"""How far an integral by sampling may be from 1, beside five standard errors."""

_SHORT = 3
"""Positions of the sequences whose probabilities are all computed."""

_MANY = 6000

_NO_LIKELIHOOD = "has no likelihood"
_BY_CHANCE = "its likelihood is a bound by chance"


class LikelihoodChecks(NetworkContract):
    """Part of ``GeneratorContract``."""

    def likely(self, data: DataSpec) -> Any:
        """A generator with a likelihood and weights away from their start."""
        network = self.build(data)
        if not isinstance(network, Autoregressive):
            pytest.skip(_NO_LIKELIHOOD)
        return drawing.livened(network)

    def test_a_likelihood_never_sees_the_future(self, data: DataSpec) -> None:
        """At sampling there is none: what was learnt with it is worth nothing then."""
        import torch

        network = self.likely(data)
        batch = example_batch(data, (LENGTH,) * 4)
        latent = drawing.latent_of(network, 4)

        def nats(values: Tensor) -> Tensor:
            torch.manual_seed(0)
            found: Tensor = network.log_probs(Batch(values, batch.lengths, batch.labels), latent)
            return found.detach()

        before = nats(batch.values)
        for step in range(1, LENGTH):
            changed = batch.values.clone()
            later = example_batch(data, (LENGTH,) * 4, seed=step).values[:, step:]
            changed[:, step:] = later if isinstance(data, TokenSpec) else -later
            off = (nats(changed) - before)[:, :step].abs()
            require(
                float(off.max()) <= 1e-6,
                "log_probs of a position depends on what stands before it, and on nothing after it.",
                f"other values from position {step} on changed that of position {int(off.amax(dim=0).argmax())} by "
                f"{float(off.max()):.2g}",
                "Let the network read the past alone: one direction, a causal mask, and the values shifted by one. A "
                "bidirectional layer belongs into an encoder.",
            )

    def test_probabilities_sum_to_one(self, data: DataSpec) -> None:
        """Over all symbols; densities integrate to one. A position that sees itself, or a missing constant, shows."""
        network = self.likely(data)
        nats = drawing.likelihood(network, data)
        if isinstance(data, FrameSpec):
            pytest.skip("frames have too many pixels to integrate over")
        if nats is None:
            pytest.skip(_BY_CHANCE)
        if isinstance(data, TokenSpec):
            _check_sum(nats, data)
        else:
            _check_integral(network, nats, data)

    def test_samples_follow_the_likelihood(self, data: DataSpec) -> None:
        """What is trained is what is sampled; for symbols at another temperature too."""
        network = self.likely(data)
        nats = drawing.likelihood(network, data, sequence_latent=True)
        if isinstance(data, FrameSpec):
            pytest.skip("frames are drawn without the noise of their pixels")
        if nats is None:
            pytest.skip(_BY_CHANCE)
        if isinstance(data, TokenSpec):
            for temperature in (1.0, 0.5):
                _check_symbols(network, nats, data, temperature)
        else:
            _check_values(network, nats, data)


def _check_sum(nats: Nats, data: TokenSpec) -> None:
    prefixes = example_batch(data, (LENGTH,) * 4).values
    for step in range(LENGTH):
        total = drawing.next_shares(nats, prefixes[:, :step], data.vocab_size).sum(axis=1)
        worst = float(total[np.abs(total - 1).argmax()])
        require(
            abs(worst - 1) <= EXACT,
            "The probabilities of all symbols at a position, each put there in turn, sum to one.",
            f"{worst:.4g} at position {step}",
            "Normalise over the vocabulary (log_softmax over the last dimension), and shift the input by one: what is "
            "predicted at a position must not be read there.",
        )


def _check_integral(network: Any, nats: Nats, data: SeriesSpec) -> None:
    import torch

    rng = np.random.default_rng(0)
    own = drawing.generated(network, data, 2000, _SHORT).values
    for step in (0, _SHORT - 1):
        proposal = Proposal(own[:, step].double().numpy(), rng)

        def log_density(values: np.ndarray, step: int = step) -> np.ndarray:
            here = torch.from_numpy(values.astype(np.float32))[:, None]
            whole = torch.cat([own[:1, :step].expand(len(values), -1, -1), here], dim=1)
            return nats(Batch(whole, torch.full((len(values),), step + 1)))[:, step].numpy()

        total, error = integral(log_density, proposal, 20_000)
        if error > _ROUGH * max(1.0, abs(total)):
            pytest.skip(f"the density is too rough to integrate by sampling ({total:.3g} ± {error:.2g})")
        require(
            abs(total - 1) <= _ROUGH + 5 * error,
            f"The density of a step, given those before it, integrates to one (estimated to within {_ROUGH}).",
            f"{total:.3g} ± {error:.2g} at step {step}",
            "Look for a missing constant (½ log 2π and the log of the deviation, for each feature), the derivative of "
            "a change of variables, or mixture weights that do not sum to one; and shift the input by one: a step must "
            "not be read where it is predicted.",
        )


def _check_symbols(network: Any, nats: Nats, data: TokenSpec, temperature: float) -> None:
    import torch

    expected = short_sequences(nats, data, temperature)
    given = drawing.chance(network, data, _MANY, _SHORT)
    given["temperature"] = torch.tensor(temperature)
    if network.latent_size:
        given["latent"] = drawing.latent_of(network, _MANY)  # type: ignore[assignment]
    if data.labels:
        given["labels"] = drawing.labels_of(data, _MANY)  # type: ignore[assignment]
    tokens = drawing.sampled(network, given)[0]
    counts = dict.fromkeys(expected, 0)
    for row in tokens.tolist():
        sequence = tuple(row[: row.index(data.eos) + 1] if data.eos in row else row)
        counts[sequence] = counts.get(sequence, 0) + 1
    strangers = [sequence for sequence in counts if sequence not in expected]
    require(
        not strangers,
        "The sampler gives sequences of symbols that may be generated, and no others.",
        f"{strangers[:2]}",
        "Leave out data.never_generated, and put the pad token after the end token.",
    )
    shares = np.array([expected[sequence] for sequence in counts])
    off = surprise(np.array(list(counts.values()), np.float64), shares)
    require(
        off < 6,
        "The sampler draws symbols with the probabilities that log_probs gives them, to the power of 1 / temperature.",
        f"at temperature {temperature:g}, {_MANY} samples differ from them by {off:.0f} standard deviations (χ²)",
        "Divide the logits by the temperature before the softmax, pick by rgan_kit.nn.pick, and let the sampler run "
        "the network that log_probs runs, from the begin token on.",
    )


def short_sequences(nats: Nats, data: TokenSpec, temperature: float = 1.0) -> dict[tuple[int, ...], float]:
    """Probability of every sequence of up to ``_SHORT`` symbols, the end token counted, as a sampler draws them."""
    import torch

    symbols = [symbol for symbol in range(data.vocab_size) if symbol not in data.never_generated]
    known: dict[tuple[int, ...], float] = {}
    open_: dict[tuple[int, ...], float] = {(): 1.0}
    for step in range(_SHORT):
        prefixes = torch.tensor(list(open_), dtype=torch.int64).view(len(open_), step)
        shares = drawing.next_shares(nats, prefixes, data.vocab_size)[:, symbols] ** (1 / temperature)
        shares = shares / np.maximum(shares.sum(axis=1, keepdims=True), 1e-300)
        following = {
            (*prefix, symbol): before * float(shares[row, column])
            for row, (prefix, before) in enumerate(open_.items())
            for column, symbol in enumerate(symbols)
        }
        ended = {sequence: share for sequence, share in following.items() if sequence[-1] == data.eos}
        known |= ended
        open_ = {sequence: share for sequence, share in following.items() if sequence not in ended}
    return known | open_


def _check_values(network: Any, nats: Nats, data: SeriesSpec) -> None:
    """Weighs values from elsewhere by the density: then they have to look like samples."""
    import torch

    given = drawing.chance(network, data, _MANY, _SHORT)
    if network.latent_size:
        given["latent"] = drawing.latent_of(network, _MANY)  # type: ignore[assignment]
    if data.labels:
        given["labels"] = drawing.labels_of(data, _MANY)  # type: ignore[assignment]
    drawn = drawing.in_network_units(drawing.sampled(network, given)[0], data)
    own, rng = drawn.double().numpy(), np.random.default_rng(0)
    for step in range(_SHORT):
        proposal = Proposal(own[:, step], rng)
        other = own[:, : step + 1].copy()
        other[:, step] = proposal.draw(_MANY)
        density = nats(Batch(torch.from_numpy(other).float(), torch.full((_MANY,), step + 1)))[:, step]
        weights = np.exp(density.double().numpy() - proposal.log_density(other[:, step]))
        if weights.sum() ** 2 < 200 * np.square(weights).sum():
            pytest.skip("the density is too rough to be compared with samples")
        past = slice(max(0, step - 1), step + 1)
        off = farthest(own[:, past], other[:, past], weights)
        require(
            off < FAR,
            "The sampler draws every step from the density that log_probs gives it.",
            f"{_MANY} samples of step {step} differ from it by {off:.1f}; chance stays below {FAR:g} (Kolmogorov)",
            "Let the sampler use all of the distribution that log_probs computes: its weights, means and deviations, "
            "in the same units (rgan_kit.nn.OwnUnits), with the same values of the steps before.",
        )
