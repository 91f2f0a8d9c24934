"""Where a model runs: execution providers of onnxruntime, asked for by name and compared with what was really given.

onnxruntime falls back to the CPU without an error, and prints to stdout about it. Neither happens here.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
from typing import TYPE_CHECKING, Any, Final

from rgan_kit.errors import DataError, DeviceError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import ModuleType

CPU: Final = "CPUExecutionProvider"
CUDA: Final = "CUDAExecutionProvider"
TENSORRT: Final = "TensorrtExecutionProvider"

REQUESTS: Final = {"cpu": (CPU,), "cuda": (CUDA, CPU), "tensorrt": (TENSORRT, CUDA, CPU)}
"""Providers by request, in order; the first is the one asked for."""


def onnxruntime() -> ModuleType:
    """The module, imported when first needed.

    Raises:
        DeviceError: it is not installed, or does not load.
    """
    try:
        with _stdout_to_stderr():
            return importlib.import_module("onnxruntime")
    except Exception as error:  # a library that is missing or damaged may raise anything
        missing = isinstance(error, ImportError) and error.name == "onnxruntime"
        problem = "is not installed." if missing else f"is installed but does not load: {first_line(error)}"
        raise DeviceError(
            f"onnxruntime {problem}",
            'Install it: pip install "rgan-kit[cpu]", or "rgan-kit[gpu]" for CUDA; never both.',
        ) from None


def resolve(request: str = "auto") -> list[str]:
    """The providers to ask for, in order.

    Args:
        request: ``cpu``, ``cuda``, ``tensorrt``, or ``auto``: CUDA where onnxruntime has it, else the CPU.

    Raises:
        UsageError: no such request.
        DeviceError: the installed onnxruntime lacks what was asked for.
    """
    if request != "auto" and request not in REQUESTS:
        raise UsageError(f"No provider is called '{request}'.", f"There are: auto, {', '.join(REQUESTS)}.")
    available = onnxruntime().get_available_providers()
    if request == "auto":
        request = "cuda" if CUDA in available else "cpu"
    wanted = REQUESTS[request]
    if wanted[0] not in available:
        raise DeviceError(
            f"The installed onnxruntime has no {wanted[0]} (it has: {', '.join(available)}).",
            'Install the GPU build instead: pip uninstall onnxruntime, then pip install "rgan-kit[gpu]"; '
            "or use --provider cpu.",
        )
    return [name for name in wanted if name in available]


def session(model: bytes, source: str, *, request: str = "auto", threads: int = 1) -> Any:
    """An ``onnxruntime.InferenceSession`` on the provider asked for.

    Args:
        model: the bytes of the file, so that what runs is what was looked over.
        source: names the file in messages.
        request: as in ``resolve``; under ``auto`` a CUDA that does not start gives way to the CPU.
        threads: within one operation; 0 leaves it to onnxruntime. For small recurrent models 1 is often fastest.

    Raises:
        UsageError, DeviceError: as ``resolve`` does.
        DeviceError: the provider is installed but does not start here.
        DataError: onnxruntime refuses the model.
    """
    wanted = resolve(request)
    runtime = onnxruntime()
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3  # errors; warnings about harmless things would drown them
    with _stdout_to_stderr():
        if wanted[0] != CPU and hasattr(runtime, "preload_dlls"):
            runtime.preload_dlls()
        try:
            made = runtime.InferenceSession(model, options, providers=wanted)
        except Exception as error:  # onnxruntime has no common base class for its errors
            raise DataError(f"{source}: onnxruntime refuses it: {first_line(error)}") from None
    if request != "auto" and wanted[0] not in made.get_providers():
        raise DeviceError(
            f"{wanted[0]} is installed but does not start here; onnxruntime offers {', '.join(made.get_providers())}.",
            "Check the driver (nvidia-smi) and that CUDA and cuDNN are those that onnxruntime-gpu was built for, "
            "or use --provider cpu.",
        )
    return made


def in_use(made: Any) -> str:
    """The provider that a session really runs on first, by its short name."""
    first = made.get_providers()[0]
    return next((name for name, providers in REQUESTS.items() if providers[0] == first), str(first))


def first_line(error: Exception) -> str:
    """The gist of an error of onnxruntime, whose messages can be pages long."""
    lines = str(error).strip().splitlines()
    return lines[0][:300] if lines else type(error).__name__


@contextlib.contextmanager
def _stdout_to_stderr() -> Iterator[None]:
    """stdout is for results, whatever a library prints while it loads."""
    with contextlib.redirect_stdout(sys.stderr):
        yield
