"""Whether the parts of a run fit together and suit the data, asked before anything is built."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from rgan_kit.config.layers import Layer
from rgan_kit.config.parts import Selection
from rgan_kit.contracts.data import Kind
from rgan_kit.contracts.options import MEANT_FOR
from rgan_kit.contracts.specs import ObjectiveSpec, RecipeSpec
from rgan_kit.errors import PluginError, UsageError

MEANINGS = {
    "likelihood": "a likelihood",
    "latent": "a latent",
    "steps": "steps that it can be asked for one by one",
    "causal": "scores of steps that do not depend on later ones",
    "step-posterior": "a posterior for every step",
}
"""Capabilities in words."""


def check_fit(recipe: RecipeSpec, parts: Mapping[str, Selection], domain: Selection, kind: Kind) -> None:
    """Raises ``UsageError`` where the recipe or a part does not work on the domain's kind of data, or a part cannot do
    what the objective asks of it."""
    for section, part in parts.items():
        _check_kind(f"The {section} {part.name}", part.spec.kinds, domain, kind)
    _check_kind(f"Recipe {recipe.name}", recipe.kinds, domain, kind)
    objective: ObjectiveSpec = parts["objective"].spec
    for section, wanted in objective.requires.items():
        if section in parts:
            _check_abilities(objective.name, section, parts[section], wanted, kind)
    generator = parts.get("generator")
    if objective.compose is None and (generator is None or generator.kind != "generator" or not generator.use.averaged):  # type: ignore[union-attr]
        raise PluginError(
            f"Objective {objective.name} says nothing of what is exported, and recipe {recipe.name} has no averaged "
            "generator for it.",
            "Give the objective's description a `compose`, or the recipe a generator.",
        )


def _check_kind(who: str, kinds: frozenset[Kind], domain: Selection, kind: Kind) -> None:
    if kind not in kinds:
        raise UsageError(
            f"{who} works on {', '.join(sorted(kinds))}, but domain {domain.name} makes {kind}.",
            "Choose another recipe or domain (see: rgankit plugins list).",
        )


def _check_abilities(objective: str, section: str, part: Selection, wanted: Any, kind: Kind) -> None:
    provided = part.provides(kind)
    missing = [] if provided is None else [ability for ability in wanted if ability not in provided]
    if missing:
        words = " and ".join(MEANINGS.get(ability, f"'{ability}'") for ability in missing)
        changes = list(_changes(part, missing[0], kind))
        hint = f"Give it that: --set {section}.{changes[0]}" if changes else f"Choose another {section}, or objective."
        raise UsageError(
            f"Objective {objective} needs a {section} with {words}, and {part.name} as it is set has none on {kind}.",
            hint,
        )


def _changes(part: Selection, ability: str, kind: Kind) -> Iterator[str]:
    """Settings of one option, a switch or a size that is 0, that would give a part an ability."""
    for name, value in part.options:
        other = not value if isinstance(value, bool) else 16 if value == 0 and isinstance(value, int) else None
        if other is None:
            continue
        try:
            changed = type(part.options).model_validate({**part.options.model_dump(), name: other})
        except ValidationError:
            continue
        if ability in part.spec.provides(changed, kind):
            yield f"{name}={str(other).lower()}"


def check_meaning(asked: Layer, parts: Mapping[str, Selection], kind: Kind) -> None:
    """Raises ``UsageError`` where an option is asked for that means nothing on this kind of data, or with the others as
    they are: it would do nothing, in silence."""
    for section, part in parts.items():
        for name in asked.get(section, {}):
            meant = _meant_for(part, name)
            if meant is None:
                continue
            if kind not in meant:
                raise UsageError(
                    f"{section}.{name} means nothing on {kind}: it is for {' and '.join(sorted(meant))}.",
                    "Leave it out.",
                )
            switch, on = _switch(meant[kind])
            if means_nothing(part, name, kind):
                raise UsageError(
                    f"{section}.{name} means nothing on {kind} while {section}.{switch} is {str(not on).lower()}.",
                    f"Leave it out, or use --set {section}.{switch}={str(on).lower()}",
                )


def means_nothing(part: Selection, name: str, kind: Kind) -> bool:
    """Whether an option of a part does nothing on a kind of data, with the others as they are."""
    meant = _meant_for(part, name)
    if meant is None or kind not in meant:
        return meant is not None
    switch, on = _switch(meant[kind])
    return bool(switch) and bool(getattr(part.options, switch)) != on


def _meant_for(part: Selection, name: str) -> Mapping[str, str] | None:
    """What the field says of it (``rgan_kit.contracts.meant_for``); None where it always means something."""
    field = type(part.options).model_fields.get(name)
    extra = field.json_schema_extra if field is not None else None
    meant = extra.get(MEANT_FOR) if isinstance(extra, dict) else None
    return {str(key): str(value) for key, value in meant.items()} if isinstance(meant, dict) else None


def _switch(words: str) -> tuple[str, bool]:
    """The option that has to be on, or off."""
    return words.removeprefix("not "), not words.startswith("not ")
