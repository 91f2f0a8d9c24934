"""What is required of discriminators."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from rgan_kit.contracts import Batch, DataSpec, DiscriminatorSpec, TokenSpec
from rgan_kit.testing.examples import LENGTH, example_batch, lengthened
from rgan_kit.testing.networks import NetworkContract, close

if TYPE_CHECKING:
    from torch import Tensor, nn


class DiscriminatorContract(NetworkContract):
    """What is required of a discriminator; see ``rgan_kit.contracts.Discriminator``."""

    spec: ClassVar[DiscriminatorSpec]

    def make(self, data: DataSpec, options: Any = None) -> nn.Module:
        """Builds the discriminator."""
        return self.spec.build(options or self.made_options(), data)  # type: ignore[return-value]

    def outputs(self, network: Any, data: DataSpec) -> list[Tensor]:
        """Both scores."""
        import torch

        torch.manual_seed(0)
        scores = network(example_batch(data))
        return [scores.sequence, scores.steps]

    def test_scores_have_the_expected_shape(self, data: DataSpec) -> None:
        """One for each sequence and one for each step, a single short sequence included."""
        network = self.build(data)
        for lengths in ((LENGTH, 4, 1, 6), (1,), (2, 2)):
            batch = example_batch(data, lengths)
            scores = network(batch)
            size, time = batch.values.shape[:2]
            assert scores.sequence.shape == (size,), f"sequence is {list(scores.sequence.shape)}, not [{size}]."
            assert scores.steps.shape == (size, time), f"steps is {list(scores.steps.shape)}, not [{size}, {time}]."

    def test_padding_does_not_change_a_score(self, data: DataSpec) -> None:
        """Longer padding, the same scores, and zeros on padding."""
        network, batch = self.build(data), example_batch(data)
        scores, longer = network(batch), network(lengthened(batch, data))
        assert close(longer.sequence, scores.sequence), "longer padding changed the score of a sequence: use lengths."
        assert close(longer.steps[:, :LENGTH], scores.steps), "longer padding changed the score of a step: use lengths."
        assert float(longer.steps[:, LENGTH:].abs().max()) == 0, "scores of steps are not zero on padding: mask them."

    def test_a_one_hot_scores_as_its_token(self, data: DataSpec) -> None:
        """Generated symbols come as one-hot vectors, real ones as numbers."""
        if not isinstance(data, TokenSpec):
            pytest.skip("for tokens")
        from torch.nn import functional as F

        network, batch = self.build(data), example_batch(data)
        hot = Batch(F.one_hot(batch.values, data.vocab_size).float(), batch.lengths, batch.labels)
        assert close(network(hot).sequence, network(batch).sequence), "a one-hot and its token score differently."

    def test_half_batches_average_to_the_whole(self, plain: DataSpec) -> None:
        """Or it declares batch statistics."""
        network = self.build(plain)
        self.check_halves(network, lambda batch: network(batch).sequence.mean(), example_batch(plain))

    def test_a_gradient_penalty_can_be_differentiated(self, plain: DataSpec) -> None:
        """R1 and the Wasserstein penalty need a second derivative."""
        import torch
        from torch.nn import functional as F

        network, batch = self.build(plain), example_batch(plain)
        values = F.one_hot(batch.values, plain.vocab_size).float() if isinstance(plain, TokenSpec) else batch.values
        values = values.clone().requires_grad_()
        score = network(Batch(values, batch.lengths, batch.labels)).sequence.sum()
        (gradient,) = torch.autograd.grad(score, values, create_graph=True)
        gradient.square().sum().backward()  # type: ignore[no-untyped-call]
        assert any(p.grad is not None and float(p.grad.abs().sum()) > 0 for p in network.parameters()), (
            "the gradient penalty gives no parameter a gradient: the score is not twice differentiable in its input."
        )
