"""What is required of encoders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from rgan_kit.contracts import DataSpec, EncoderSpec
from rgan_kit.testing.examples import LENGTH, example_batch, lengthened
from rgan_kit.testing.networks import NetworkContract, check_export, close

if TYPE_CHECKING:
    from torch import Tensor, nn


class EncoderContract(NetworkContract):
    """What is required of an encoder; see ``rgan_kit.contracts.Encoder``."""

    spec: ClassVar[EncoderSpec]

    def make(self, data: DataSpec, options: Any = None) -> nn.Module:
        """Builds the encoder."""
        return self.spec.build(options or self.made_options(), data, self.latent_size)  # type: ignore[return-value]

    def outputs(self, network: Any, data: DataSpec) -> list[Tensor]:
        """Mean and log-variance."""
        return list(network(example_batch(data)))

    def test_posteriors_have_the_expected_shape(self, data: DataSpec) -> None:
        """Mean and log-variance for every sequence, a single short one included."""
        network = self.build(data)
        for lengths in ((LENGTH, 4, 1, 6), (1,)):
            for value in network(example_batch(data, lengths)):
                steps = (max(lengths),) if self._gives_steps(data) else ()
                expected = (len(lengths), *steps, self.latent_size)
                assert tuple(value.shape) == expected, f"{tuple(value.shape)} instead of {expected}."

    def test_padding_does_not_change_a_posterior(self, data: DataSpec) -> None:
        """Longer padding, the same posterior."""
        from rgan_kit.nn import padding_mask

        network, batch = self.build(data), example_batch(data)
        inside: Any = ...
        if self._gives_steps(data):
            inside = padding_mask(batch.lengths, batch.values.shape[1])
        longer = [part[:, :LENGTH] if self._gives_steps(data) else part for part in network(lengthened(batch, data))]
        same = all(close(a[inside], b[inside]) for a, b in zip(longer, network(batch), strict=True))
        assert same, "longer padding changed a posterior: use lengths."

    def _gives_steps(self, data: DataSpec) -> bool:
        """Whether it gives a posterior for every step."""
        provides = self.spec.provides
        return provides is not None and "step-posterior" in provides(self.made_options(), data.kind)

    def test_half_batches_average_to_the_whole(self, plain: DataSpec) -> None:
        """Or it declares batch statistics."""
        network = self.build(plain)
        self.check_halves(network, lambda batch: network(batch)[0].sum(dim=1).mean(), example_batch(plain))

    @pytest.mark.export
    def test_the_exported_file_computes_the_same(self, plain: DataSpec) -> None:
        """At batch and time of (1, 1), (2, 7) and (5, 19)."""
        if self._gives_steps(plain):
            pytest.skip("gives a posterior for every step, which no file holds")
        from rgan_kit.export.interface import encoder_inputs_of, encoder_outputs_of

        check_export(self.build(plain).exportable(), encoder_inputs_of(plain), encoder_outputs_of(self.latent_size))
