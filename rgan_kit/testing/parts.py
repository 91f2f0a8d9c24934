"""What is required of all parts: they are cheap to describe, options are whole, and chance comes from the seed."""

from __future__ import annotations

import json
from functools import partial
from typing import Any, ClassVar

import pytest

from rgan_kit.contracts import ComponentSpec, DataSpec, Options
from rgan_kit.testing.effects import ineffective
from rgan_kit.testing.examples import example_spec
from rgan_kit.testing.requirements import require
from rgan_kit.testing.surroundings import HINTS, changed_by


class DescribedContract:
    """What describing a part has to leave alone. A subclass names the plugin:

    Attributes:
        plugin: the module that the entry point names.
    """

    plugin: ClassVar[str]

    def test_describing_it_does_not_import_torch(self) -> None:
        """``rgankit --help`` must not wait for torch."""
        seen = changed_by(self.plugin)
        assert not seen.torch and not seen.error, (
            f"describing plugin {self.plugin} imports torch (or fails: {seen.error!r}). Import torch inside the build "
            "function, or inside the hooks that need it."
        )

    def test_importing_it_changes_nothing_around_it(self) -> None:
        """Other plugins, the program and the user live in the same process."""
        seen = changed_by(self.plugin)
        require(
            not seen.changed,
            "Importing and describing a plugin, and building its networks, leaves the process as it was.",
            "; ".join(f"{name} changed {moment}" for name, moment in seen.changed.items()),
            "; ".join(HINTS[name] for name in seen.changed) + ".",
        )


class PartContract(DescribedContract):
    """The base of the contracts of parts. A subclass names the part:

    Attributes:
        spec: the description that the plugin hands over.
        plugin: as in ``DescribedContract``.
        options: option values that make it small and quick, and leave chance out (no dropout).
        labels: classes of the data; the part is tried with and without.
    """

    spec: ClassVar[ComponentSpec]
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
        require(
            isinstance(self.spec.options, type) and issubclass(self.spec.options, Options),
            "options is a class of rgan_kit.contracts.Options, and every option has a default.",
            repr(self.spec.options)[:100],
            "class MyOptions(Options): size: int = Field(8, ge=1, description=…)",
        )
        return self.spec.options(**self.options)

    def build(self, data: DataSpec, seed: int = 0) -> Any:
        """The part, initialised by a seed."""
        raise NotImplementedError

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

    def fingerprint(self, options: Any, data: DataSpec) -> list[Any]:
        """Everything that can be seen of a part made with these options."""
        pytest.skip("is tried with the objectives that need it")

    def test_every_option_changes_something(self) -> None:
        """Who sets one expects it; a name that is read nowhere is a mistake."""
        tried = [example_spec(kind, labels=self.labels) for kind in sorted(self.spec.kinds)]
        left = ineffective(self.made_options(), [partial(self.fingerprint, data=data) for data in tried])
        require(
            not left,
            "Every option changes what the part stores, computes or learns, on some kind of data, at least beside "
            "another value of another option.",
            f"{', '.join(left)}: no other value changes anything",
            "Use it, or take it out. Where its effect cannot be seen in one pass over a small batch, say why: "
            'Field(…, json_schema_extra={"inert": "the reason"}).',
        )
