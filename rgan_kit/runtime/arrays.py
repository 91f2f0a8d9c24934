"""Holds graphs and arrays to the manifest: what a session declares, what goes in, what comes out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rgan_kit.errors import DataError, UsageError
from rgan_kit.runtime.contract import Port

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rgan_kit.runtime.contract import Dim
    from rgan_kit.runtime.manifest import Manifest, TensorInfo

_SESSION_TYPES = {
    "tensor(float)": "float32", "tensor(int64)": "int64", "tensor(uint8)": "uint8", "tensor(bool)": "bool",
}  # fmt: skip


def check_session(session: Any, manifest: Manifest, source: str) -> None:
    """Compares what a graph declares with what its manifest says.

    Free dimensions must be free at the inputs; declared shapes of outputs are hints, only their rank counts.

    Raises:
        DataError: with every difference.
    """
    faults = []
    for noun, infos, declared in (
        ("input", manifest.inputs, session.get_inputs()),
        ("output", manifest.outputs, session.get_outputs()),
    ):
        found = {value.name: value for value in declared}
        for info in infos:
            if info.name not in found:
                faults.append(f"{noun} {info.name} is not in the graph")
            elif not _agrees(info, found[info.name], exact=noun == "input"):
                value = found[info.name]
                shape = ", ".join(str(size) for size in value.shape)
                faults.append(f"{noun} {info.name} is {_as_port(info)}, but {value.type} [{shape}] in the graph")
        if noun == "input":
            extra = sorted(set(found) - {info.name for info in infos})
            faults += [f"input {name} of the graph is not in the manifest" for name in extra]
    if faults:
        raise DataError(
            f"{source}: the graph and its manifest do not agree: {'; '.join(faults)}.",
            "Export the model again with: rgankit export.",
        )


def _agrees(info: TensorInfo, declared: Any, *, exact: bool) -> bool:
    if _SESSION_TYPES.get(declared.type) != info.dtype or len(declared.shape) != len(info.shape):
        return False
    pairs = zip(info.shape, declared.shape, strict=True)
    return not exact or all(not isinstance(given, int) or given == size for size, given in pairs)


def check_inputs(given: Mapping[str, Any], manifest: Manifest) -> dict[str, int]:
    """Compares arrays with the inputs of the manifest.

    Returns:
        The sizes of the free dimensions, ``batch`` and ``time``.

    Raises:
        UsageError: with every difference.
    """
    sizes: dict[str, int] = {}
    faults = [f"the model has no input '{name}'" for name in given if manifest.input(name) is None]
    for info in manifest.inputs:
        value = given.get(info.name)
        if value is None:
            faults.append(f"input '{info.name}' is missing")
        elif not isinstance(value, np.ndarray) or not _fits(value, info.dtype, info.shape, sizes):
            faults.append(f"input '{info.name}' must be {_as_port(info)}, not {_describe(value)}")
    labels = given.get("labels")
    if not faults and labels is not None and not np.all((labels >= 0) & (labels < len(manifest.labels))):
        faults.append(f"labels must lie within 0 and {len(manifest.labels) - 1}")
    lengths = given.get("lengths")
    if not faults and lengths is not None and not np.all((lengths >= 1) & (lengths <= sizes["time"])):
        faults.append(f"lengths must lie within 1 and {sizes['time']}")
    if not faults:
        faults += _faulty_choices(given, manifest)
    if not faults and 0 in sizes.values():
        faults.append("batch and time must be at least 1")
    if faults:
        raise UsageError(f"{'; '.join(faults)}.", "Each input is described in docs/model-file.md.")
    return sizes


def _faulty_choices(given: Mapping[str, Any], manifest: Manifest) -> Iterator[str]:
    """What is out of range among the inputs that the contract leaves to a model."""
    for info in manifest.inputs:
        if info.name not in manifest.takes or info.name == "known":
            continue
        values = given[info.name]
        if info.name == "given":
            values = values[given["known"]]
        low, high = -np.inf if info.minimum is None else info.minimum, np.inf if info.maximum is None else info.maximum
        if not np.all(np.isfinite(values)):
            yield f"{info.name} holds what is no number"
        elif not np.all((values >= low) & (values <= high)):
            yield f"{info.name} must lie within {low:g} and {high:g}"


def check_outputs(outputs: Mapping[str, np.ndarray], manifest: Manifest, sizes: Mapping[str, int], source: str) -> None:
    """Compares what a graph computed with its contract: type, shape, range, and no NaN or infinity.

    Raises:
        DataError: with every difference.
    """
    faults = []
    known = dict(sizes)
    for info in manifest.outputs:
        value = outputs[info.name]
        if not isinstance(value, np.ndarray) or not _fits(value, info.dtype, info.shape, known):
            faults.append(f"'{info.name}' should be {_as_port(info)} with {dict(sizes)}, and is {_describe(value)}")
        elif info.dtype == "float32" and not np.isfinite(value).all():
            faults.append(f"'{info.name}' has {np.count_nonzero(~np.isfinite(value)):,} numbers that are not finite")
        elif info.name == "tokens" and value.min(initial=0) < 0:
            faults.append(f"'tokens' goes down to {value.min()}")
        elif info.name == "lengths" and not 0 <= value.min(initial=0) <= value.max(initial=0) <= sizes["time"]:
            faults.append(f"'lengths' goes from {value.min()} to {value.max()} in {sizes['time']} steps")
    if faults:
        raise DataError(
            f"{source}: the graph breaks its contract: {'; '.join(faults)}.",
            "Export the model again with: rgankit export.",
        )


def _fits(value: np.ndarray, dtype: str, shape: Sequence[Dim], sizes: dict[str, int]) -> bool:
    """Whether an array has this type and shape; free dimensions seen for the first time are noted in ``sizes``."""
    if value.dtype != np.dtype(dtype) or value.ndim != len(shape):
        return False
    return all(
        size == (sizes.setdefault(dim, size) if isinstance(dim, str) else dim)
        for dim, size in zip(shape, value.shape, strict=True)
    )


def _as_port(info: TensorInfo) -> Port:
    return Port(info.name, info.dtype, info.shape)


def _describe(value: Any) -> str:
    return f"{value.dtype} {list(value.shape)}" if isinstance(value, np.ndarray) else type(value).__name__
