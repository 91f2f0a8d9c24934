"""``rgankit doctor``: what is wrong with this installation."""

from __future__ import annotations

import platform
from collections import Counter
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rgan_kit.cli.console import Results
from rgan_kit.errors import ExitCode
from rgan_kit.plugins.contain import describe
from rgan_kit.plugins.discovery import installed_version, leftovers

if TYPE_CHECKING:
    from rgan_kit.plugins.records import PluginRecord

LIBRARIES = {
    "rgan-kit": "base",
    "numpy": "base", "pluggy": "base", "pydantic": "base", "typer": "base", "rich": "base",
    "onnxruntime": "cpu", "onnxruntime-gpu": "gpu",
    "torch": "train", "onnx": "train", "onnxscript": "train", "safetensors": "train", "tomli-w": "train",
    "tensorboard": "tensorboard",
}  # fmt: skip
RUNTIMES = ("onnxruntime", "onnxruntime-gpu")
SLOW_IMPORT_SECONDS = 0.5


def add_to(app: typer.Typer, results: Results) -> None:
    """Adds the command."""

    @app.command()
    def doctor(json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False) -> None:
        """Say what is wrong with this installation, and how to fix it; exit code 3 where plugins are at fault."""
        report = examine()
        if results.as_json:
            results.document(report)
        else:
            _print(report, results)
        if report["faults"]:
            raise typer.Exit(ExitCode.PLUGIN if report["plugin_faults"] else ExitCode.FAILED)


def _print(report: dict[str, Any], results: Results) -> None:
    results.line(f"{'Python':<16} {report['python']}")
    for name, facts in report["libraries"].items():
        results.line(f"{name:<16} {facts['version'] or f'not installed    {_mend(name, report)}'}".rstrip())
    results.line(f"{'CUDA device':<16} {report['cuda']}")
    results.line(f"{'providers':<16} {', '.join(report['providers']) or 'none'}")
    results.line(f"{'plugins':<16} {', '.join(f'{count} {state}' for state, count in report['plugins'].items())}")
    for fault in report["faults"]:
        results.line(f"fault: {fault}")
    results.line("all is well" if not report["faults"] else f"{len(report['faults'])} fault(s)")


def _mend(name: str, report: dict[str, Any]) -> str:
    """How to get a library that is not there; of the two runtimes one is enough, and both would be a fault."""
    libraries = report["libraries"]
    if name in RUNTIMES and any(libraries[each]["version"] for each in RUNTIMES):
        return "not needed beside the other onnxruntime"
    extra = libraries[name]["extra"]
    return f'pip install "rgan-kit[{extra}]"' if extra != "base" else "pip install --force-reinstall rgan-kit"


def examine() -> dict[str, Any]:
    """Libraries, devices, providers and plugins, with every fault in words."""
    from rgan_kit.cli.alone import load_each

    libraries = {name: {"version": installed_version(name), "extra": extra} for name, extra in LIBRARIES.items()}
    faults: list[str] = []
    if all(libraries[each]["version"] for each in RUNTIMES):
        faults.append(
            "onnxruntime and onnxruntime-gpu are both installed and overwrite each other: "
            "pip uninstall onnxruntime onnxruntime-gpu, then install one of them again"
        )
    faults += leftovers()
    cuda, providers = _cuda(faults), _providers(faults)
    records = load_each()
    plugin_faults = _plugin_faults(records)
    return {
        "python": platform.python_version(),
        "libraries": libraries,
        "cuda": cuda,
        "providers": providers,
        "plugins": dict(Counter(record.status.value for record in records)),
        "plugin_faults": plugin_faults,
        "faults": faults + plugin_faults,
    }


def _plugin_faults(records: list[PluginRecord]) -> list[str]:
    from rgan_kit.plugins.records import Status

    faults = []
    for record in records:
        if record.problem and record.status is not Status.BLOCKED:
            faults.append(f"plugin {record.qualified} is {record.status.value}: {record.problem}")
        if record.seconds > SLOW_IMPORT_SECONDS and record.status is not Status.BROKEN:
            faults.append(
                f"plugin {record.qualified} takes {record.seconds:.1f} s to import, which every command waits for: "
                "it has to import torch and the like inside its build functions"
            )
    return faults


def _imported(name: str, faults: list[str]) -> Any:
    """The module, or None; one that is installed but does not load is a fault."""
    try:
        return import_module(name)
    except Exception as error:
        if not (isinstance(error, ModuleNotFoundError) and error.name == name):
            faults.append(f"{name} is installed but does not load: {describe(error)}; install it again")
        return None


def _cuda(faults: list[str]) -> str:
    torch = _imported("torch", faults)
    if torch is None:
        return "unknown (there is no torch)"
    try:
        return str(torch.cuda.get_device_name()) if torch.cuda.is_available() else "none"
    except Exception as error:
        faults.append(f"CUDA does not start: {describe(error)}; check the driver with nvidia-smi")
        return "unknown"


def _providers(faults: list[str]) -> list[str]:
    onnxruntime = _imported("onnxruntime", faults)
    return list(onnxruntime.get_available_providers()) if onnxruntime is not None else []
