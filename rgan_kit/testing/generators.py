"""What is required of generators."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from rgan_kit.contracts import Autoregressive, Batch, DataSpec, GeneratorSpec, SeriesSpec, TokenSpec
from rgan_kit.testing.examples import LENGTH, example_batch, lengthened
from rgan_kit.testing.likelihoods import LikelihoodChecks
from rgan_kit.testing.networks import check_export, close
from rgan_kit.testing.objectives import ObjectiveContract
from rgan_kit.testing.samples import SampleChecks

if TYPE_CHECKING:
    from torch import Tensor, nn


class GeneratorContract(SampleChecks, LikelihoodChecks):
    """What is required of a generator; see ``rgan_kit.contracts.Generator``.

    Attributes:
        company: the contract of an objective that trains it, for one with parameters that neither samples nor a
            likelihood reach.
    """

    spec: ClassVar[GeneratorSpec]
    company: ClassVar[type[ObjectiveContract] | None] = None

    def make(self, data: DataSpec, options: Any = None) -> nn.Module:
        """Builds the generator."""
        return self.spec.build(options or self.made_options(), data)  # type: ignore[return-value]

    def outputs(self, network: Any, data: DataSpec) -> list[Tensor]:
        """A sample, and the likelihood where there is one."""
        import torch

        batch = example_batch(data)
        torch.manual_seed(0)
        found = [network.generate(4, LENGTH, labels=batch.labels).values]
        if isinstance(network, Autoregressive):
            found.append(network.log_probs(batch))
        return found

    def untrained(self, dead: list[str], data: DataSpec) -> list[str]:
        """Those that the objective which trains it, where one is named, does not reach either."""
        return dead if self.company is None else [n for n in self.company().untrained("generator", data) if n in dead]

    @pytest.mark.parametrize(("size", "length"), [(1, 1), (1, 5), (3, 1), (4, LENGTH)])
    def test_samples_have_the_expected_shape(self, data: DataSpec, size: int, length: int) -> None:
        """Any number of sequences of any length, one included."""
        made = self.build(data).generate(size, length)
        step = _step_shape(data)
        assert made.values.shape[0] == size, f"{size} sequences were asked for, {made.values.shape[0]} came."
        assert 1 <= made.values.shape[1] <= length, f"{made.values.shape[1]} positions instead of {length}."
        assert tuple(made.values.shape[2:]) == step, f"a step is {tuple(made.values.shape[2:])} instead of {step}."
        assert made.values.is_floating_point(), "values have to be differentiable: floating point."

    def test_padding_does_not_change_a_likelihood(self, data: DataSpec) -> None:
        """Longer padding, the same nats, and none on padding."""
        network = self.build(data)
        if not isinstance(network, Autoregressive):
            pytest.skip("has no likelihood")
        latent, batch = _latent(network), example_batch(data)
        nats = network.log_probs(batch, latent)
        longer = network.log_probs(lengthened(batch, data), latent)
        assert close(longer[:, : nats.shape[1]], nats), "longer padding changed log_probs: mask by lengths."
        assert float(longer[:, nats.shape[1] :].abs().max()) == 0, "log_probs are not zero on padding: mask by lengths."

    def test_half_batches_average_to_the_whole(self, plain: DataSpec) -> None:
        """Of the likelihood; a sample's gradient is one of chance."""
        network = self.build(plain)
        if not isinstance(network, Autoregressive):
            pytest.skip("has no likelihood")
        latent = _latent(network)

        def loss(batch: Batch[Tensor]) -> Tensor:
            given = None if latent is None else latent[: len(batch.lengths)]
            return network.log_probs(batch, given).sum(dim=1).mean()

        batch = example_batch(plain)
        if latent is not None:  # the same one for all, so that halves see the latents of the whole
            latent = latent[:1].expand(len(batch.lengths), -1)
        self.check_halves(network, loss, batch)

    @pytest.mark.export
    def test_the_exported_file_computes_the_same(self, data: DataSpec) -> None:
        """At batch and time of (1, 1), (2, 7) and (5, 19)."""
        from rgan_kit.export.interface import inputs_of, outputs_of

        network = self.build(data)
        check_export(network.sampler(), inputs_of(data, network), outputs_of(data, network))


def _latent(network: Any) -> Tensor | None:
    import torch

    return torch.linspace(-1, 1, 4 * network.latent_size).view(4, -1) if network.latent_size else None


def _step_shape(data: DataSpec) -> tuple[int, ...]:
    if isinstance(data, TokenSpec):
        return (data.vocab_size,)
    if isinstance(data, SeriesSpec):
        return (data.features,)
    return (data.channels, data.height, data.width)
