"""What is required of all networks."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pytest

from rgan_kit.contracts import Batch, DataSpec
from rgan_kit.testing.effects import layout
from rgan_kit.testing.examples import rows
from rgan_kit.testing.parts import PartContract
from rgan_kit.testing.requirements import require

if TYPE_CHECKING:
    from torch import Tensor, nn


class NetworkContract(PartContract):
    """The base of the contracts of networks."""

    latent_size: ClassVar[int] = 3

    def make(self, data: DataSpec, options: Any = None) -> nn.Module:
        """Builds the network, with the options that it is tried with where None are given."""
        raise NotImplementedError

    def build(self, data: DataSpec, seed: int = 0) -> Any:
        """The network in evaluation mode, initialised by a seed."""
        import torch

        torch.manual_seed(seed)
        network: Any = self.make(data)
        require(
            isinstance(network, torch.nn.Module),
            "build() gives a network, a torch.nn.Module.",
            f"{type(network).__name__}",
            "Return the network that it makes.",
        )
        return network.eval()

    def outputs(self, network: Any, data: DataSpec) -> list[Tensor]:
        """What the network computes from the example batch, with chance from seed 0."""
        raise NotImplementedError

    def fingerprint(self, options: Any, data: DataSpec) -> list[Any]:
        """What it stores, and what it computes in training and after."""
        import torch

        torch.manual_seed(0)
        network: Any = self.make(data, options)
        seen = [layout(network), *(getattr(network, name, None) for name in ("latent_size", "noise_size"))]
        with torch.no_grad():
            return [*seen, self.outputs(network.train(), data), self.outputs(network.eval(), data)]

    def test_the_same_seed_gives_the_same_network_and_outputs(self, data: DataSpec) -> None:
        """Resuming a run depends on it."""
        import torch

        first, second = self.build(data), self.build(data)
        different = [
            name for name, value in first.state_dict().items() if not torch.equal(value, second.state_dict()[name])
        ]
        assert not different, f"{different[:3]} differ after torch.manual_seed: draw weights from torch's generator."
        same = all(
            bool(((a == b) | (a.isnan() & b.isnan())).all())
            for a, b in zip(self.outputs(first, data), self.outputs(second, data), strict=True)
        )
        assert same, "the same seed gave other outputs: draw all chance from torch's own random numbers."

    def test_outputs_are_finite(self, data: DataSpec) -> None:
        """One number that is none spoils every weight."""
        import torch

        off = [tuple(value.shape) for value in self.outputs(self.build(data), data) if not torch.isfinite(value).all()]
        require(
            not off,
            "What a network with fresh weights computes is finite.",
            f"nan or infinite numbers in outputs of shape {off}",
            "Look for logarithms and roots of 0, divisions by lengths or deviations that may be 0, and -inf in masks.",
        )

    def test_every_parameter_gets_a_gradient(self, data: DataSpec) -> None:
        """A parameter that nothing reaches is dead weight, or a mistake."""
        network = self.build(data).train()
        total = sum((value * (value.detach() + 1)).sum() for value in self.outputs(network, data))
        assert not isinstance(total, int)
        total.backward()  # type: ignore[no-untyped-call]
        dead = [name for name, p in network.named_parameters() if p.requires_grad and p.grad is None]
        dead = self.untrained(dead, data) if dead else []
        assert not dead, f"{', '.join(dead[:5])}: no gradient. Use it in the forward pass, or do not make it."

    def untrained(self, dead: list[str], data: DataSpec) -> list[str]:
        """Of parameters that the outputs do not reach those that nothing else trains."""
        return dead

    def test_saved_weights_give_the_same_outputs(self, plain: DataSpec) -> None:
        """A checkpoint holds parameters and persistent buffers, and nothing else may matter."""
        import torch
        from safetensors.torch import load, save

        network, other = self.build(plain), self.build(plain, seed=1)
        other.load_state_dict(load(save({k: v.contiguous().clone() for k, v in network.state_dict().items()})))
        same = zip(self.outputs(network, plain), self.outputs(other, plain), strict=True)
        assert all(torch.equal(a, b) for a, b in same), (
            "a network with the same state_dict computes something else: register what it needs as a parameter or a "
            "persistent buffer."
        )

    def check_halves(self, network: Any, loss: Callable[[Batch[Tensor]], Tensor], batch: Batch[Tensor]) -> None:
        """The mean over a batch has to be that of the means over its halves, whose gradients ranks exchange."""
        if self.spec.batch_statistics:
            pytest.skip("declares that it has batch statistics")
        middle = len(batch.lengths) // 2
        whole = _gradients(network, loss(batch))
        halves = [_gradients(network, loss(rows(batch, *part))) for part in ((0, middle), (middle, 2 * middle))]
        worst = max(float(np.abs(w - (a + b) / 2).max()) for w, a, b in zip(whole, *halves, strict=True))
        assert worst < 1e-4, (
            f"the gradient of a batch differs from that of its halves by {worst:.2g}: sequences influence each other. "
            "Remove what looks across the batch, or declare batch_statistics=True in the spec."
        )


def _gradients(network: Any, value: Tensor) -> list[np.ndarray]:
    import torch

    parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]
    found = torch.autograd.grad(value, parameters, allow_unused=True)
    return [np.zeros(p.shape) if g is None else g.numpy() for p, g in zip(parameters, found, strict=True)]


def close(a: Tensor, b: Tensor, tolerance: float = 1e-4) -> bool:
    """Whether two results are equal up to the rounding of float32."""
    return bool(((a - b).abs() <= tolerance * (1 + b.abs())).all())


def check_export(module: nn.Module, inputs: Any, outputs: Any) -> None:
    """Exports a module, and compares the file with it at every shape of ``rgan_kit.export.verify``."""
    import tempfile
    from pathlib import Path

    import onnxruntime

    from rgan_kit.export.graph import EXAMPLE_BATCH, EXAMPLE_TIME, LOWEST_OPSET, to_onnx
    from rgan_kit.export.interface import example_inputs
    from rgan_kit.export.verify import check_structure, compare

    model = to_onnx(module, example_inputs(inputs, EXAMPLE_BATCH, EXAMPLE_TIME), inputs, outputs, LOWEST_OPSET)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "part.onnx"
        path.write_bytes(model.SerializeToString())
        check_structure(model, path)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    names = [info.name for info in outputs]

    def run(given: Any) -> dict[str, np.ndarray]:
        results = session.run(names, {name: tensor.numpy() for name, tensor in given.items()})
        return dict(zip(names, results, strict=True))

    compare(module, run, inputs, outputs)
