"""Says which extra to install where a command needs one that is not there."""

from __future__ import annotations

from importlib.util import find_spec

from rgan_kit.errors import DeviceError

TRAIN = ("torch", "safetensors", "tomli_w")
EXPORT = (*TRAIN, "onnx", "onnxscript", "onnxruntime")


def need(command: str, modules: tuple[str, ...]) -> None:
    """Raises ``DeviceError`` where a module that the command needs is not installed."""
    missing = [module for module in modules if find_spec(module) is None]
    if not missing:
        return
    extra = "train,cpu" if "onnxruntime" in missing else "train"
    extra = "cpu" if missing == ["onnxruntime"] else extra
    raise DeviceError(
        f"`rgankit {command}` needs {', '.join(missing)}, which this environment does not have.",
        f'Install it with: pip install "rgan-kit[{extra}]"'
        + (" (gpu instead of cpu for CUDA)" if "cpu" in extra else ""),
    )
