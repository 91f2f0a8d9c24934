"""The command line in this process, and settings that make a training take a second."""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from dataclasses import dataclass
from importlib.metadata import Distribution, EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rgan_kit.plugins.registry import Registry

SMALL = (
    "generator.hidden_size=16", "generator.embedding_size=16",
    "discriminator.hidden_size=8", "discriminator.embedding_size=8",
    "train.threads=1", "train.batch_size=16", "train.evaluation_samples=40", "domain.embedded_sentences=200",
    "train.generator_learning_rate=0.02",
)  # fmt: skip
"""Settings that make a training take a second."""


@dataclass(frozen=True)
class Answer:
    """What a command said."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)


def call(*words: object, folder: Path | None = None) -> Answer:
    """Runs ``rgankit`` with these words in this process."""
    from rgan_kit.cli import run
    from rgan_kit.cli.console import Results

    out, err = io.StringIO(), io.StringIO()
    argv, before = sys.argv, Path.cwd()
    sys.argv = ["rgankit", *map(str, words)]
    os.chdir(folder or before)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = run(Results("--json" in sys.argv))
    finally:
        sys.argv = argv
        os.chdir(before)
    return Answer(int(code), out.getvalue(), err.getvalue())


def settings(*more: str) -> list[str]:
    """``--set`` for each of ``SMALL`` and of the given ones."""
    return [word for each in (*SMALL, *more) for word in ("--set", each)]


class FakeDistribution(Distribution):
    """A distribution that is nothing but a name."""

    def __init__(self, name: str) -> None:
        self._name = name

    def read_text(self, filename: str) -> str | None:
        return f"Name: {self._name}\nVersion: 1.0\n" if filename == "METADATA" else None

    def locate_file(self, path: Any) -> Path:
        return Path(path)


def registry_with(**modules: str) -> Registry:
    """What is installed, and a plugin of each of these distributions in the module that it names."""
    from rgan_kit.plugins.host import PluginHost
    from rgan_kit.plugins.registry import Registry

    entries = list(entry_points(group="rgan_kit.plugins"))
    for name, module in modules.items():
        entries.append(EntryPoint(name, module, "rgan_kit.plugins")._for(FakeDistribution(name)))
    return Registry(PluginHost(entries, environ={}))
