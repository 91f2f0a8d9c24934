"""What is required of emissions."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, ClassVar

from rgan_kit.contracts import DataSpec, EmissionSpec
from rgan_kit.testing.parts import PartContract

if TYPE_CHECKING:
    from torch import Tensor

HIDDEN = 6
DRAWS = 20_000


class EmissionContract(PartContract):
    """What is required of an emission; see ``rgan_kit.nn.Emission``.

    Attributes:
        generator_options: what it reads of the options of its generator.
    """

    spec: ClassVar[EmissionSpec]
    generator_options: ClassVar[dict[str, Any]] = {"mixture": 2, "least_deviation": 0.05, "emission_size": 4}

    def build(self, data: DataSpec, seed: int = 0) -> Any:
        """The emission in evaluation mode, initialised by a seed."""
        import torch

        torch.manual_seed(seed)
        return self.spec.build(SimpleNamespace(hidden_size=HIDDEN, **self.generator_options), data, HIDDEN).eval()  # type: ignore[arg-type]

    def test_it_says_whether_it_fits(self, plain: DataSpec) -> None:
        """In words, or not at all."""
        reason = self.spec.refuses(plain)  # type: ignore[arg-type]
        assert isinstance(reason, str), f"refuses gave {reason!r}: say why it does not fit the data, or ''."

    def test_draws_and_nats_have_the_expected_shape(self, plain: DataSpec) -> None:
        """Whatever stands before the last dimension."""
        import torch

        emission = self.build(plain)
        hidden, previous = _given(emission, 4)
        drawn = emission.draw(hidden, previous, torch.randn(4, emission.noise_size))
        features = plain.features  # type: ignore[union-attr]
        assert drawn.shape == (4, features), f"draw gave {list(drawn.shape)} and not [4, {features}]."
        seen = emission.see(drawn, previous)
        assert seen.shape == previous.shape, f"see gave {list(seen.shape)} and not [4, {emission.seen_size}]."
        whole = emission.log_prob(drawn[:, None], hidden[:, None], previous[:, None])
        assert whole.shape == (4, 1), f"log_prob gave {list(whole.shape)} for [4, 1] steps."
        assert torch.allclose(whole[:, 0], emission.log_prob(drawn, hidden, previous), atol=1e-4), (
            "log_prob of sequences is not that of their steps."
        )

    def test_what_is_drawn_is_as_likely_as_it_says(self, plain: DataSpec) -> None:
        """One over the density of the draws within a box adds up to the volume of the box; for an emission that is
        discrete, to the number of steps that there are."""
        import torch

        emission = self.build(plain)
        generator = torch.Generator().manual_seed(0)
        hidden, previous = _given(emission, DRAWS)
        with torch.no_grad():
            drawn = emission.draw(hidden, previous, torch.randn(DRAWS, emission.noise_size, generator=generator))
            nats = emission.log_prob(drawn, hidden, previous).double()
        if emission.discrete:
            kinds, counts = drawn.unique(dim=0, return_counts=True)
            often = kinds[counts >= DRAWS // 200]
            inside = (drawn[:, None] == often).all(dim=2).any(dim=1)
            expected = float(len(often))
        else:
            low, high = (drawn.quantile(q, dim=0) for q in (0.3, 0.7))
            inside = ((drawn >= low) & (drawn <= high)).all(dim=1)
            expected = float((high - low).prod())
        found = float((torch.exp(-nats) * inside).mean())
        assert abs(found / expected - 1) < 0.15, (
            f"draws and log_prob disagree: one over their density adds up to {found:.4g} where it should be "
            f"{expected:.4g}. Compute both from the same parameters."
        )


def _given(emission: Any, rows: int) -> tuple[Tensor, Tensor]:
    """A hidden state and a step before, the same for all rows."""
    import torch

    previous = torch.zeros(1, emission.seen_size)
    previous[:, : emission.features] = 0.3
    previous[:, emission.features] = 1
    return torch.linspace(-1, 1, HIDDEN).expand(rows, -1), previous.expand(rows, -1)
