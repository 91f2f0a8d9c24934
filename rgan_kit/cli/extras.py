"""Says which extra to install where a command needs one that is not there."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from rgan_kit.errors import DeviceError
from rgan_kit.plugins.contain import describe

TRAIN = ("torch", "safetensors", "tomli_w")
EXPORT = (*TRAIN, "onnx", "onnxscript", "onnxruntime")


def need(command: str, modules: tuple[str, ...]) -> None:
    """Raises ``DeviceError`` where a module that the command needs is not installed, or torch does not load."""
    missing = [module for module in modules if find_spec(module) is None]
    if not missing:
        _load_torch()
        return
    extra = "train,cpu" if "onnxruntime" in missing else "train"
    extra = "cpu" if missing == ["onnxruntime"] else extra
    raise DeviceError(
        f"`rgankit {command}` needs {', '.join(missing)}, which this environment does not have.",
        f'Install it with: pip install "rgan-kit[{extra}]"'
        + (" (gpu instead of cpu for CUDA)" if "cpu" in extra else ""),
    )


def _load_torch() -> None:
    try:
        import_module("torch")
    except Exception as error:
        raise DeviceError(
            f"torch is installed but does not load: {describe(error)}",
            "Install it again: pip install --force-reinstall torch",
        ) from error
