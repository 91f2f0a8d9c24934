"""Train recurrent generative models on your own sequences and run them anywhere from one ``.onnx`` file."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from rgan_kit.hookspecs import hookimpl

if TYPE_CHECKING:
    from rgan_kit.api import Callback, Interrupted, Progress, Run, open_run, prepare, train
    from rgan_kit.runtime import load

__all__ = [
    "Callback",
    "Interrupted",
    "Progress",
    "Run",
    "__version__",
    "hookimpl",
    "load",
    "open_run",
    "prepare",
    "train",
]

__version__ = "0.1.0"

_LATER = {"load": "rgan_kit.runtime"}
"""Where names come from that are imported when they are first used; the others from ``rgan_kit.api``, with torch."""


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'rgan_kit' has no attribute '{name}'")
    value = globals()[name] = getattr(import_module(_LATER.get(name, "rgan_kit.api")), name)
    return value
