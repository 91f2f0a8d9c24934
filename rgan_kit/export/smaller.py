"""Smaller files of a model that was exported: weights in half precision, or dynamically quantised to eight bits.

Neither computes exactly what torch computes, so each has a limit of its own, and the figures stand in its manifest.
"""

from __future__ import annotations

import contextlib
import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
import onnx
from onnx import numpy_helper
from torch import nn

from rgan_kit.contracts import ParityError, UsageError
from rgan_kit.export.exporter import Exported, write_verified
from rgan_kit.export.graph import in_order
from rgan_kit.export.interface import example_inputs
from rgan_kit.export.portable import make_portable
from rgan_kit.export.verify import eager, running
from rgan_kit.runtime.contract import Precision
from rgan_kit.runtime.manifest import Manifest
from rgan_kit.runtime.opened import Opened
from rgan_kit.training.session import TrainedRun

SEQUENCES, LONGEST = 256, 64
"""Sequences, and steps of each, that a smaller file is compared on."""

LIMITS: Final[dict[Precision, float]] = {"float16": 0.01, "int8": 0.2}
"""Of tokens: the share of draws that give another symbol from the same number and the same symbols before it. Of series
and frames: the root of the mean squared difference, in standard deviations of torch's values."""

WEIGHTS: Final = 64
"""Tensors of fewer numbers stay as they are."""

LARGEST_HALF: Final = 65504.0

RECURRENT: Final = ("LSTM", "GRU", "RNN")
"""Operators with a weight of the input and one of the state in their second and third place."""


def smaller_beside(model: Path, precision: Precision) -> Path:
    """Where a smaller file lies: ``names.int8.onnx`` beside ``names.onnx``."""
    return model.with_name(f"{model.stem}.{precision}.onnx")


def export_smaller(run: TrainedRun, full: Exported, precision: Precision) -> Exported:
    """Writes a smaller file beside an exported model.

    Args:
        run: that the model is from.
        full: the model.
        precision: ``float16`` or ``int8``.

    Raises:
        ParityError: it is further from torch than ``LIMITS`` allows; no file is left.
        UsageError: no weight of this graph can be made smaller this way.
        DataError: the reader's own checks refuse the graph.
    """
    model = onnx.load(str(full.path))
    before = _weights(model)
    model = make_portable(to_float16(model) if precision == "float16" else to_int8(model))
    model.producer_name, model.producer_version = "rgan-kit", full.manifest.plugins["rgan-kit"]
    small = onnx.TensorProto.FLOAT16 if precision == "float16" else onnx.TensorProto.INT8
    share = _weights(model, int(small)) / max(before, 1)
    if not share:
        raise UsageError(f"No weight of this graph can be stored as {precision}.", "Use the file as it is.")
    manifest = full.manifest.model_copy(update={"precision": precision, "parity": {}})
    sampler = cast("Any", run.generator).sampler().cpu().eval()

    def parity(opened: Opened) -> dict[str, float | int | str]:
        figures = compare_smaller(sampler, opened, manifest)
        return {"precision": precision, "share_of_weights": round(share, 4), **figures}

    return write_verified(model, manifest, smaller_beside(full.path, precision), parity)


def to_float16(model: onnx.ModelProto) -> onnx.ModelProto:
    """Stores weights in half precision; a cast brings each back when the model is loaded, and everything is computed in
    float32 as before. So every runtime can run it: half precision arithmetic is missing from most CPUs and browsers."""
    casts = []
    for tensor in model.graph.initializer:
        if tensor.data_type != onnx.TensorProto.FLOAT:
            continue
        values = numpy_helper.to_array(tensor)
        if values.size < WEIGHTS or not np.abs(values).max() < LARGEST_HALF:
            continue
        name = tensor.name
        tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}_half"))
        casts.append(onnx.helper.make_node("Cast", [f"{name}_half"], [name], f"{name}_cast", to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return model


def to_int8(model: onnx.ModelProto) -> onnx.ModelProto:
    """onnxruntime's dynamic quantisation of the products of matrices, those inside the sampling loop too; activations
    are quantised as they come. A recurrent layer's matrices are stored in eight bits and multiplied as float32, since
    ONNX has no integer operator for it. Transposed convolutions and the look-up of a row inside the loop
    keep theirs."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with tempfile.TemporaryDirectory() as folder, _silent():
        path = Path(folder) / "model.onnx"
        quantize_dynamic(
            model,
            path,
            op_types_to_quantize=["MatMul", "Gemm", "Gather"],
            weight_type=QuantType.QInt8,
            extra_options={"EnableSubgraph": True},
        )
        return _quantise_recurrent(in_order(onnx.load(str(path))))


def _quantise_recurrent(model: onnx.ModelProto) -> onnx.ModelProto:
    """Weights of recurrent operators, ``[directions, gates * hidden, n]``: a scale for each row of a gate."""
    stored = {tensor.name: tensor for tensor in model.graph.initializer}
    read = dict.fromkeys(name for node in model.graph.node if node.op_type in RECURRENT for name in node.input[1:3])
    restored = []
    for name in [name for name in read if name in stored]:  # another may be computed, or be a product's weight too
        values = numpy_helper.to_array(stored[name])
        scale = np.maximum(np.abs(values).max(axis=(0, 2)), 1e-12) / 127
        rounded = np.rint(values / scale[:, None]).astype(np.int8)
        stored[name].CopyFrom(numpy_helper.from_array(rounded, f"{name}_quantized"))
        model.graph.initializer.append(numpy_helper.from_array(scale.astype(np.float32), f"{name}_scale"))
        given = [f"{name}_quantized", f"{name}_scale"]
        restored.append(onnx.helper.make_node("DequantizeLinear", given, [name], f"{name}_restored", axis=1))
    nodes = [*restored, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return model


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """The quantiser warns about steps before it that this graph does not need."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)


def _weights(model: onnx.ModelProto, data_type: int = int(onnx.TensorProto.FLOAT)) -> int:
    """Numbers in stored tensors of a type, scalars left out."""
    sizes = [int(np.prod(tensor.dims)) for tensor in model.graph.initializer if tensor.data_type == data_type]
    return sum(size for size in sizes if size > 1)


def compare_smaller(sampler: nn.Module, opened: Opened, manifest: Manifest) -> dict[str, float | int | str]:
    """Torch against a smaller file on the same noise.

    Returns:
        ``tokens_compared`` and ``share_of_other_tokens``, or ``difference_in_deviations``; and ``allowed``.

    Raises:
        ParityError: they are further apart than allowed.
    """
    allowed = LIMITS[manifest.precision]
    given = example_inputs(manifest.inputs, SEQUENCES, min(manifest.max_length, LONGEST), seed=SEQUENCES)
    mine, theirs = eager(sampler, given, manifest.outputs), running(opened)(given)
    name = manifest.outputs[0].name
    figures: dict[str, float | int | str]
    if name == "tokens":
        other = mine[name] != theirs[name]
        rows = other.any(axis=1)
        same = np.where(rows, other.argmax(axis=1), mine["lengths"] + 1)  # draws before the first other one
        drawn = int(np.minimum(same, other.shape[1]).sum() + rows.sum())
        apart = float(rows.sum()) / drawn
        figures = {"tokens_compared": drawn, "share_of_other_tokens": round(apart, 6)}
    else:
        values = mine[name].astype(np.float64)
        apart = float(np.sqrt(np.mean((values - theirs[name]) ** 2)) / max(float(values.std()), 1e-12))
        figures = {"values_compared": values.size, "difference_in_deviations": round(apart, 6)}
    if not apart <= allowed:
        raise ParityError(
            f"As {manifest.precision}, `{name}` is too far from torch's: "
            f"{', '.join(f'{key} {value}' for key, value in figures.items())}; allowed is {allowed:g}."
        )
    return {**figures, "allowed": allowed}
