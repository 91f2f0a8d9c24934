"""What a plugin finds in its process and has to leave as it was, looked at in a process of its own.

``changed_by`` starts it; the process itself is ``python -m rgan_kit.testing.surroundings MODULE ANSWER``.
"""

from __future__ import annotations

import json
import locale
import logging
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from typing import Any, Final

SECONDS: Final = 120

HINTS: Final[Mapping[str, str]] = {
    "working directory": "use absolute paths in place of os.chdir",
    "environment": "leave os.environ alone; users set variables",
    "warnings": "use `with warnings.catch_warnings():` around the call that warns",
    "logging": "log to logging.getLogger(__name__), and leave handlers, levels and basicConfig to the program",
    "locale": "format numbers without locale.setlocale",
    "random numbers": "draw from a generator of your own (random.Random, numpy.random.default_rng), or from torch's as "
    "the run has seeded it",
    "signals": "leave signal handlers to the program, which saves on Ctrl-C",
    "standard streams": "leave sys.stdout and sys.stderr alone; --json prints one document there",
    "hooks of the interpreter": "leave sys.excepthook and its kin alone",
    "umask": "set the mode of your own files",
    "timeouts": "pass a timeout to the call that needs one",
    "numpy's error handling": "use `with numpy.errstate(…):`",
    "torch's default type": "pass dtype= where you make a tensor",
    "torch's threads": "leave torch.set_num_threads to --set train.threads",
    "torch's seed": "leave torch.manual_seed to the run, which is replayed by its seed",
    "torch's gradients": "use `with torch.no_grad():` around what needs none",
    "torch's determinism": "leave torch.use_deterministic_algorithms and torch.backends to the run",
}
"""What is looked at, and what to do in place of changing it."""


@dataclass(frozen=True)
class Changes:
    """What a fresh process saw of a plugin.

    Attributes:
        error: why it could not look; empty where it could.
        torch: whether describing the plugin imports torch.
        changed: what is not as it was, by the names of ``HINTS``, with the moment after which it was not.
    """

    error: str
    torch: bool
    changed: Mapping[str, str]


@cache
def changed_by(module: str) -> Changes:
    """What importing and describing a plugin changes, and building its networks with their default options."""
    paths = os.pathsep.join(str(Path(path).absolute()) for path in sys.path)
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer.json"
        try:
            done = subprocess.run(  # noqa: S603 - our own program
                [sys.executable, "-m", "rgan_kit.testing.surroundings", module, str(answer)],
                env={**os.environ, "PYTHONPATH": paths},
                stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return Changes(f"it took longer than {SECONDS} s", False, {})
        if not answer.exists():
            return Changes(f"the process ended with {done.returncode}: {done.stderr[-300:]}", False, {})
        said: dict[str, Any] = json.loads(answer.read_text(encoding="utf-8"))
    return Changes(said["error"], said["torch"], said["changed"])


def _surroundings() -> dict[str, object]:
    """Everything that is looked at, as it is now."""
    root = logging.getLogger()
    found: dict[str, object] = {
        "working directory": os.getcwd(),  # noqa: PTH109 - as the system has it
        "environment": dict(os.environ),
        "warnings": [repr(each) for each in warnings.filters],
        "logging": (root.level, [repr(each) for each in root.handlers], logging.root.manager.disable),
        "locale": locale.setlocale(locale.LC_ALL),
        "random numbers": random.getstate(),
        "signals": [(number, repr(signal.getsignal(number))) for number in signal.valid_signals()],
        "standard streams": (id(sys.stdout), id(sys.stderr), id(sys.stdin)),
        "hooks of the interpreter": (id(sys.excepthook), id(threading.excepthook), sys.getrecursionlimit()),
        "umask": _umask(),
        "timeouts": socket.getdefaulttimeout(),
    }
    return found | _of_numpy() | _of_torch()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _of_numpy() -> dict[str, object]:
    import numpy as np

    state: Any = np.random.get_state(legacy=True)
    return {"numpy's error handling": np.geterr(), "numpy's random numbers": repr(state)}


def _of_torch() -> dict[str, object]:
    if "torch" not in sys.modules:
        return {}
    import torch

    return {
        "torch's default type": str(torch.get_default_dtype()),
        "torch's threads": torch.get_num_threads(),
        "torch's seed": torch.initial_seed(),
        "torch's gradients": torch.is_grad_enabled(),
        "torch's determinism": (
            torch.are_deterministic_algorithms_enabled(),
            torch.backends.cudnn.benchmark,
            torch.backends.cudnn.deterministic,
        ),
    }


def _changed(before: Mapping[str, object], moment: str) -> dict[str, str]:
    now = _surroundings()
    names = {name: "random numbers" if "random" in name else name for name in before}
    return {names[name]: moment for name, value in before.items() if now[name] != value}


def _answer(module: str) -> dict[str, Any]:
    import numpy as np

    from rgan_kit.plugins.contain import describe

    np.zeros(1)
    before = _surroundings()
    try:
        plugin = import_module(module)
        changed = _changed(before, "after importing it")
        specs = list(_described(plugin))
    except BaseException as error:
        return {"error": describe(error), "torch": "torch" in sys.modules, "changed": {}}
    changed = _changed(before, "after calling its hooks") | changed
    torch = "torch" in sys.modules
    with suppress(Exception):  # without torch nothing is built
        changed = _after_building(specs) | changed
    return {"error": "", "torch": torch, "changed": changed}


def _described(plugin: Any) -> Iterator[Any]:
    for name in dir(plugin):
        if name.startswith("rgankit_") and name.endswith("s") and name != "rgankit_commands":
            yield from getattr(plugin, name)()


def _after_building(specs: list[Any]) -> dict[str, str]:
    """What building networks changes, whose modules are imported then."""
    import torch
    import torch.onnx  # noqa: F401 - and so is what it registers

    changed: dict[str, str] = {}
    for spec in specs:
        for build in _builds(spec):
            before = _surroundings()
            with suppress(BaseException):  # whether it can be built is for other requirements
                build()
            changed = _changed(before, f"after building {spec.name}") | changed
    return changed


def _builds(spec: Any) -> Iterator[Callable[[], object]]:
    """What builds a part, for each kind of data."""
    from rgan_kit.testing.examples import example_spec

    if not callable(getattr(spec, "build", None)):
        return
    for kind in sorted(spec.kinds):
        data = example_spec(kind, labels=("one", "two"))
        more: dict[str, tuple[Any, ...]] = {"EncoderSpec": (data, 3), "ObjectiveSpec": ({}, data)}
        yield partial(spec.build, spec.options(), *more.get(type(spec).__name__, (data,)))


if __name__ == "__main__":
    answer_file = Path(sys.argv[2])
    answer_file.write_text(json.dumps(_answer(sys.argv[1])), encoding="utf-8")
