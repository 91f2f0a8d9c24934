"""A process that knows nothing: it makes a decoder from a manifest alone, and looks whether torch came along.

``ask`` starts it; the process itself is ``python -m rgan_kit.testing.fresh REQUEST ANSWER``.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

SECONDS = 120


def where_is(spec: Any) -> str | None:
    """``module:attribute`` of a spec; a name in the plugin's own package goes before one in a test."""
    own = getattr(spec.load, "__module__", "").partition(".")[0]
    found = [
        (module.partition(".")[0] != own, len(module), f"{module}:{attribute}")
        for module, content in list(sys.modules.items())
        if module != "__main__"
        for attribute, value in list(getattr(content, "__dict__", {}).items())
        if value is spec
    ]
    return min(found)[2] if found else None


def digest(sample: Any) -> str:
    """A sample's content in a few letters: equal samples have equal ones in any process."""
    known = hashlib.blake2b(digest_size=8)
    _feed(known, sample)
    return known.hexdigest()


def _feed(known: Any, value: Any) -> None:
    known.update(type(value).__name__.encode())
    if isinstance(value, np.ndarray):
        known.update(f"{value.dtype} {value.shape}".encode() + np.ascontiguousarray(value).tobytes())
    elif dataclasses.is_dataclass(value):
        _feed(known, [getattr(value, field.name) for field in dataclasses.fields(value)])
    elif isinstance(value, Mapping):
        _feed(known, list(value.items()))
    elif isinstance(value, Sequence) and not isinstance(value, str | bytes):
        for each in value:
            _feed(known, each)
    elif isinstance(value, str | bytes | int | float | bool | np.generic) or value is None:
        known.update(repr(value).encode("utf-8", "backslashreplace"))


def ask(request: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """What a fresh process answers; ``{"step", "error"}`` where it fails at ``step``."""
    question, answer = folder / "request.json", folder / "answer.json"
    question.write_text(json.dumps(request), encoding="utf-8")
    paths = os.pathsep.join(str(Path(path).absolute()) for path in sys.path)
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "rgan_kit.testing.fresh", question, answer],
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    if not answer.exists():
        return {"step": "starting", "error": f"the process ended with {done.returncode}: {done.stderr[-500:]}"}
    answered: dict[str, Any] = json.loads(answer.read_text(encoding="utf-8"))
    return answered


def _answer(request: Mapping[str, Any]) -> dict[str, Any]:
    from rgan_kit.plugins.contain import describe

    step = "importing the description"
    torch: dict[str, bool] = {}
    said: dict[str, Any] = {"torch": torch}
    try:
        module, _, attribute = request["where"].partition(":")
        spec = getattr(import_module(module), attribute)
        torch[step] = "torch" in sys.modules
        step = "decoding"
        with np.load(request["outputs"]) as outputs:
            decoder = spec.decoder(request["manifest"])
            samples = decoder.decode(dict(outputs))
        said["digests"] = [digest(sample) for sample in samples]
        said["previews"] = [decoder.preview(sample) for sample in samples]
        torch[step] = "torch" in sys.modules
        step = "loading"
        path = request["path"]
        dataset = spec.load(spec.options(**request["options"]), Path(path) if path else None, request["seed"])
        said["fingerprint"] = dataset.fingerprint
        torch[step] = "torch" in sys.modules
    except Exception as error:
        return {"step": step, "error": describe(error)}
    return said


if __name__ == "__main__":
    request_file, answer_file = map(Path, sys.argv[1:])
    answer_file.write_text(json.dumps(_answer(json.loads(request_file.read_text(encoding="utf-8")))), encoding="utf-8")
