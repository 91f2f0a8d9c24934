"""What all parts promise: they cost nothing to describe, their options are whole, and chance comes from the seed."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from typing import Any, ClassVar

import pytest

from rgan_kit.contracts import ComponentSpec, DataSpec
from rgan_kit.testing.examples import example_spec


@cache
def _described(plugin: str) -> tuple[int, str]:
    """Has a fresh interpreter collect everything that a plugin offers: its exit code, and what it said."""
    program = (
        f"import sys, importlib; plugin = importlib.import_module({plugin!r})\n"
        "for name in dir(plugin):\n"
        "    if name.startswith('rgankit_') and name.endswith('s') and name != 'rgankit_commands':\n"
        "        list(getattr(plugin, name)())\n"
        "sys.exit('torch' in sys.modules)"
    )
    done = subprocess.run(  # noqa: S603 - a fresh interpreter is what is tested
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False
    )
    return done.returncode, done.stderr[-300:]


class PartContract:
    """The base of the contracts of parts. A subclass names the part:

    Attributes:
        spec: the description that the plugin hands over.
        plugin: the module that the entry point names.
        options: option values that make it small and quick, and leave chance out (no dropout).
        labels: classes of the data; the part is tried with and without.
    """

    spec: ClassVar[ComponentSpec]
    plugin: ClassVar[str]
    options: ClassVar[dict[str, Any]] = {}
    labels: ClassVar[tuple[str, ...]] = ("one", "two")

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Tries the part on every kind of data that it works on, with and without labels."""
        if "data" in metafunc.fixturenames:
            cases = [(kind, labels) for kind in sorted(self.spec.kinds) for labels in ((), self.labels)]
            names = [f"{kind}-{'labels' if labels else 'plain'}" for kind, labels in cases]
            data = [example_spec(kind, labels=labels) for kind, labels in cases]
            metafunc.parametrize("data", data, ids=names)
        if "plain" in metafunc.fixturenames:
            kinds = sorted(self.spec.kinds)
            metafunc.parametrize("plain", [example_spec(kind) for kind in kinds], ids=kinds)

    def made_options(self) -> Any:
        """The options that the part is tried with."""
        return self.spec.options(**self.options)

    def build(self, data: DataSpec, seed: int = 0) -> Any:
        """The part, initialised by a seed."""
        raise NotImplementedError

    def test_describing_it_does_not_import_torch(self) -> None:
        """``rgankit --help`` must not wait for torch."""
        code, talk = _described(self.plugin)
        assert code == 0, (
            f"describing plugin {self.plugin} imports torch (or fails: {talk!r}). Import torch inside the build "
            "function."
        )

    def test_options_survive_a_round_trip(self) -> None:
        """What is written into ``config.toml`` gives the same options again."""
        options = self.made_options()
        again = self.spec.options.model_validate_json(json.dumps(options.model_dump(mode="json")))
        assert again == options, f"{options!r} became {again!r}: use types that JSON can hold."

    def test_every_option_says_what_it_means(self) -> None:
        """``rgankit plugins show`` prints the description of every option."""
        mute = [name for name, field in self.spec.options.model_fields.items() if not field.description]
        assert not mute, f"{', '.join(mute)}: no description. Write Field(…, description=…)."

    def test_its_kinds_and_summary_are_there(self) -> None:
        """``rgankit plugins list`` prints them."""
        assert self.spec.kinds, f"{self.spec.name} works on no kind of data: name some in kinds."
        assert self.spec.summary, f"{self.spec.name} has no summary: say in one line what it is."
