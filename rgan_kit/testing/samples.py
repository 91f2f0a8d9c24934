"""What is required of all samples: gradients, range and units, one distribution however they are drawn; and that
labels, latent and temperature mean something."""

from __future__ import annotations

import dataclasses
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from rgan_kit.contracts import Autoregressive, Batch, DataSpec, FrameSpec, TokenSpec
from rgan_kit.testing import drawing, ranges
from rgan_kit.testing.examples import LENGTH
from rgan_kit.testing.networks import NetworkContract
from rgan_kit.testing.requirements import require
from rgan_kit.testing.statistics import FAR, farthest, surprise

if TYPE_CHECKING:
    from torch import Tensor

_MANY, _SHORT = 3000, 3
_FEW = 400
"""Samples of frames, which are large."""

_AGREE = "generate() and sampler() draw from one distribution."
_AGREE_MEND = (
    "Let both run the same network on the same kind of noise (standard normal, for symbols one uniform number a step): "
    "sampler() holds rgan_kit.nn.exportable(self), which is in evaluation mode."
)


class SampleChecks(NetworkContract):
    """Part of ``GeneratorContract``."""

    def test_samples_carry_gradients(self, data: DataSpec) -> None:
        """A discriminator moves the generator through them."""
        network = self.build(data).train()
        values = network.generate(4, LENGTH).values
        requirement = "generate() is differentiable: what it gives leads back to the weights."
        hint = "Leave out detach(), no_grad() and argmax; for symbols use rgan_kit.nn.relaxed_choice."
        require(values.requires_grad, requirement, "its values require no gradient", hint)
        (values * (values.detach() + 1)).sum().backward()
        found = [p.grad for p in network.parameters() if p.requires_grad and p.grad is not None]
        require(any(bool(grad.abs().sum() > 0) for grad in found), requirement, "no weight gets a gradient", hint)

    def test_the_sampler_is_a_copy(self, plain: DataSpec) -> None:
        """Training goes on after an evaluation, and leaves the file's weights alone."""
        import torch

        network = self.build(plain).train()
        trained = [parameter.requires_grad for parameter in network.parameters()]
        sampler, given = network.sampler(), drawing.chance(network, plain, 4, LENGTH)
        requirement = "sampler() is a frozen copy, and leaves the generator as it was."
        hint = "Hold rgan_kit.nn.exportable(self) in the sampler, and not self."
        same = network.training and trained == [parameter.requires_grad for parameter in network.parameters()]
        require(same, requirement, "the generator was put into evaluation mode, or its weights were frozen", hint)
        before = _first(sampler(**given))
        with torch.no_grad():
            for parameter in network.parameters():
                parameter.add_(1.0)
        require(
            torch.equal(before, _first(sampler(**given))),
            requirement,
            "other weights of the generator changed it",
            hint,
        )

    def test_steps_are_those_of_the_sampler(self, data: DataSpec) -> None:
        """``export --step`` gives a file that draws the same sequence step by step."""
        network = drawing.livened(self.build(data))
        if not hasattr(network, "stepper"):
            pytest.skip("has no stepper")
        given = drawing.chance(network, data, 4, LENGTH)
        whole = drawing.sampled(network, given)[0]
        worst = float((_driven(network.stepper(), given, whole, data) - whole.double()).abs().max())
        scale = 1.0 if isinstance(data, FrameSpec) else 1e-4 * max(1.0, float(whole.double().abs().max()))
        require(
            worst <= (0 if isinstance(data, TokenSpec) else scale),
            "stepper(), fed the same numbers, draws what sampler() draws.",
            f"they differ by {worst:.3g}",
            "Carry all that a step leaves behind in the states, which are zero at the start (rgan_kit.nn.Stepper).",
        )

    def test_generate_and_sampler_agree(self, data: DataSpec) -> None:
        """What the discriminator saw in training is what the model file gives."""
        network = drawing.livened(self.build(data))
        many = _FEW if isinstance(data, FrameSpec) else _MANY
        made = drawing.generated(network, data, many, _SHORT)
        drawn = drawing.sampled(network, drawing.chance(network, data, many, _SHORT))[0]
        if isinstance(data, TokenSpec):
            off = _symbols_apart(made, drawn, data)
            require(off < 6, _AGREE, f"sequences differ by {off:.0f} standard deviations (χ²)", _AGREE_MEND)
            return
        one, other = _numbers(drawing.in_own_units(made.values, data)), _numbers(drawn)
        off = farthest(one, other)
        require(
            off < FAR, _AGREE, f"values differ by {off:.1f}, where chance stays below {FAR:g} (Kolmogorov)", _AGREE_MEND
        )

    def test_samples_lie_in_their_range_and_units(self, data: DataSpec) -> None:
        """Decoders, files and discriminators rely on it."""
        network = self.build(data)
        made = drawing.generated(network, data, 200, LENGTH)
        drawn = drawing.sampled(network, drawing.chance(network, data, 200, LENGTH))
        if isinstance(data, TokenSpec):
            ranges.check_generated_symbols(made, data)
            ranges.check_drawn_symbols(drawn, data)
        else:
            ranges.check_network_range(made.values, isinstance(network, Autoregressive))
            ranges.check_own_units(network, made.values, drawn[0], data)

    def test_samples_follow_the_grammar(self, data: DataSpec) -> None:
        """Whatever is sampled can be decoded."""
        if not isinstance(data, TokenSpec):
            pytest.skip("for tokens")
        allowed = np.add.outer(np.arange(data.vocab_size), np.arange(data.vocab_size)) % 3 > 0
        allowed[:, data.eos] = True
        allowed[:, list(data.never_generated)] = False
        strict = dataclasses.replace(data, allowed_next=allowed)
        network = drawing.livened(self.build(strict))
        tokens = drawing.sampled(network, drawing.chance(network, strict, 500, LENGTH))[0]
        hot = drawing.generated(network, strict, 500, LENGTH)
        for name, rows in (("sampler()", tokens), ("generate()", hot.values.argmax(dim=2))):
            pairs = ranges.pairs(rows, strict, hot.lengths if name == "generate()" else None)
            refused = [pair for pair in pairs if not allowed[pair]]
            require(
                not refused,
                "Every symbol is one that data.allowed_next allows after the one before it.",
                f"{name} gave {refused[:3]}",
                "Put logits of symbols that must not follow to rgan_kit.nn.IMPOSSIBLE: "
                "logits.masked_fill(~allowed_next[previous], IMPOSSIBLE).",
            )

    def test_labels_change_samples(self, data: DataSpec) -> None:
        """Who asks for a class gets it."""
        if not data.labels:
            pytest.skip("for data with labels")
        import torch

        network = drawing.livened(self.build(data))
        given = drawing.chance(network, data, 200, LENGTH)
        hint = "Let the network read labels, for example by an embedding that is added to the input of every step."
        one, other = (drawing.sampled(network, {**given, "labels": given["labels"] * 0 + label})[0] for label in (0, 1))
        requirement = "With the same noise, another label gives other samples, and other likelihoods."
        require(not bool((one == other).all()), requirement, "the samples of two labels are the same", hint)
        if isinstance(network, Autoregressive):
            nats = [_nats_of(network, data, label) for label in (0, 1)]
            require(not torch.equal(*nats), requirement, "log_probs of two labels are the same", hint)
        kept = drawing.generated(network, data, 4, 2).labels
        require(
            kept is not None and kept.tolist() == [0, 1, 0, 1],
            "The batch of generate() has the labels that its sequences were made for.",
            f"{kept} for {[0, 1, 0, 1]}",
            "Return Batch(values, lengths, labels); draw labels evenly where none are given.",
        )

    def test_the_latent_changes_samples(self, plain: DataSpec) -> None:
        """Interpolations and reconstructions move it."""
        network = drawing.livened(self.build(plain))
        if not network.latent_size:
            pytest.skip("has no latent")
        given = drawing.chance(network, plain, 200, LENGTH)
        one, other = (drawing.sampled(network, {**given, "latent": latent})[0] for latent in _two_latents(given))
        require(
            not bool((one == other).all()),
            "With the same noise, another latent gives other samples.",
            "the samples of two latents are the same",
            "Let the network read latent, or say latent_size = 0.",
        )

    def test_a_low_temperature_sharpens(self, plain: DataSpec) -> None:
        """``sample --temperature`` asks for it."""
        import torch

        if not isinstance(plain, TokenSpec):
            pytest.skip("for tokens")
        network = drawing.livened(self.build(plain))
        given = drawing.chance(network, plain, _MANY, 1)
        if network.latent_size:
            given["latent"] = drawing.latent_of(network, _MANY)  # type: ignore[assignment]
        shares = []
        for temperature in (1.0, 0.25):
            first = drawing.sampled(network, {**given, "temperature": torch.tensor(temperature)})[0][:, 0]
            shares.append(float(torch.bincount(first).max()) / _MANY)
        require(
            shares[1] > shares[0] + 0.02 or shares[1] == 1,
            "A temperature below 1 makes the likeliest symbol more frequent.",
            f"its share is {shares[0]:.1%} at 1 and {shares[1]:.1%} at 0.25",
            "Divide the logits by the temperature: rgan_kit.nn.pick(logits, uniform, temperature).",
        )

    def test_every_sample_is_drawn_on_its_own(self, plain: DataSpec) -> None:
        """A sample is the same, whatever is drawn beside it."""
        network = self.build(plain)
        norms = _batch_norms(network)
        require(
            self.spec.batch_statistics or not norms,
            "Sequences of a batch do not influence each other, or the description says so.",
            f"{norms[0] if norms else ''} normalises over the batch",
            "Take nn.LayerNorm or nn.GroupNorm, or declare batch_statistics=True in the spec.",
        )
        given = drawing.chance(network, plain, 6, LENGTH)
        whole = drawing.sampled(network, given)[0]
        alone = {name: value[2:4] if value.ndim else value for name, value in given.items()}
        part = drawing.sampled(network, alone)[0]
        worst = float((part.float() - whole[2:4].float()).abs().max())
        scale = max(1.0, float(whole.float().abs().max()))
        require(
            worst <= (1.0 if isinstance(plain, FrameSpec) else 1e-4 * scale),
            "sampler() draws every row from its own noise alone.",
            f"two rows differ by {worst:.2g} from themselves beside four others",
            "Look for means, norms or sorting over the batch dimension.",
        )


def _first(made: Any) -> Tensor:
    first: Tensor = made[0] if isinstance(made, tuple | list) else made
    return first


def _driven(stepper: Any, given: dict[str, Tensor], whole: Tensor, data: DataSpec) -> Tensor:
    """What the steps make, as the sampler gives it; symbols after the end token are the sampler's."""
    import torch

    from rgan_kit.nn import pick

    size, time = given["noise"].shape[:2]
    more = {name: given[name] for name in ("latent", "labels") if name in given}
    states = [torch.zeros(size, *shape) for shape in stepper.state_shapes]
    previous, steps = torch.full((size,), getattr(data, "bos", 0)), []
    for step in range(time):
        fresh = {"previous": previous} if isinstance(data, TokenSpec) else {"noise": given["noise"][:, step]}
        made, *states = stepper(**fresh, **{f"state_{n}": state for n, state in enumerate(states)}, **more)
        if isinstance(data, TokenSpec):
            made = pick(made, given["noise"][:, step], torch.tensor(1.0))
            made = previous = torch.where(whole[:, step] == data.pad, data.pad, made)
        steps.append(made.double())
    return torch.stack(steps, dim=1)


def _symbols_apart(made: Batch[Tensor], drawn: Tensor, data: TokenSpec) -> float:
    """χ² of two sets of sequences: each against what both have together."""
    ends = [
        tuple(row[:length])
        for row, length in zip(made.values.argmax(dim=2).tolist(), made.lengths.tolist(), strict=True)
    ]
    rows = [tuple(row[: row.index(data.eos) + 1] if data.eos in row else row) for row in drawn.tolist()]
    known = sorted({*ends, *rows})
    place = {sequence: number for number, sequence in enumerate(known)}
    one, other = (np.bincount([place[row] for row in each], minlength=len(known)) for each in (ends, rows))
    return surprise(one.astype(np.float64), (one + other + 1e-9).astype(np.float64)) / math.sqrt(2)


def _numbers(values: Tensor) -> np.ndarray:
    """Series as they are; of frames a few pixels and the mean: ``[n, time, features]``."""
    flat = values.flatten(2).double().numpy()
    if flat.shape[2] <= 8:
        return np.asarray(flat)
    few = np.linspace(0, flat.shape[2] - 1, 4).astype(int)
    return np.concatenate([flat[:, :, few], flat.mean(axis=2, keepdims=True)], axis=2)


def _nats_of(network: Any, data: DataSpec, label: int) -> Tensor:
    import torch

    from rgan_kit.testing.examples import example_batch

    batch = example_batch(data)
    torch.manual_seed(0)
    with torch.no_grad():
        labels = torch.full_like(batch.lengths, label)
        nats: Tensor = network.log_probs(Batch(batch.values, batch.lengths, labels), drawing.latent_of(network, 4))
        return nats


def _two_latents(given: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    latent = given["latent"]
    return latent, latent.flip(0) + 1


def _batch_norms(network: Any) -> list[str]:
    from torch.nn.modules.batchnorm import _BatchNorm

    return [f"{type(part).__name__} {name}" for name, part in network.named_modules() if isinstance(part, _BatchNorm)]
