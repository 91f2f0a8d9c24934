"""``rgankit plugins show NAME``: a recipe with its parts, a part, a domain, or the trainer."""

from __future__ import annotations

from typing import Any

from rgan_kit.cli.console import Results
from rgan_kit.config import Request, TrainOptions, limits_of, nearest, resolve
from rgan_kit.contracts import Options, RecipeSpec, UsageError
from rgan_kit.plugins.registry import COLLECTIONS, Registry, installed_registry


def describe_all(name: str) -> dict[str, Any]:
    """Everything known about a name, JSON-able.

    Raises:
        UsageError: nothing has this name.
    """
    registry = installed_registry()
    if name == "train":
        return {
            "name": name,
            "sections": [_section("train", name, "the trainer, common to all recipes", "", TrainOptions, {})],
        }
    found = [
        (collection, offer)
        for collection, kind in COLLECTIONS.items()
        for offer in registry.offers(kind)
        if name in (offer.spec.name, offer.qualified)
    ]
    if not found:
        known = {offer.spec.name for offer in registry.offers()} | {"train"}
        raise UsageError(f"Nothing is called '{name}'.", nearest(name, known))
    sections: list[dict[str, Any]] = []
    for collection, offer in found:
        if isinstance(offer.spec, RecipeSpec):
            sections += _recipe(offer.spec, offer.qualified, registry)
        else:
            spec: Any = offer.spec
            options = getattr(spec, "options", None)
            paper = getattr(spec, "paper", "")
            sections.append(_section(collection, spec.name, spec.summary, paper, options, {}, offer.qualified))
    return {"name": name, "sections": sections}


def _recipe(recipe: RecipeSpec, qualified: str, registry: Registry) -> list[dict[str, Any]]:
    config = resolve(Request(recipe=qualified), registry)
    sections = [_section("recipe", recipe.name, recipe.summary, recipe.paper, None, {}, qualified)]
    for name, part in config.parts.items():
        values = part.options.model_dump()
        sections.append(_section(name, part.name, part.spec.summary, part.spec.paper, part.spec.options, values))
    sections.append(_section("train", "train", "the trainer", "", TrainOptions, config.train.model_dump()))
    return sections


def _section(
    collection: str, name: str, summary: str, paper: str, options: Any, values: dict[str, Any], qualified: str = ""
) -> dict[str, Any]:
    rows = options_of(options) if options is not None else []
    for row in rows:
        row["default"] = values.get(row["name"], row["default"])
    return {
        "collection": collection,
        "name": name,
        "qualified": qualified,
        "summary": summary,
        "paper": paper,
        "options": rows,
    }


def options_of(model: type[Options]) -> list[dict[str, Any]]:
    """Every option of a component: name, type, default, range, meaning."""
    rows = []
    for name, field in model.model_fields.items():
        annotation = field.annotation
        kind = annotation.__name__ if isinstance(annotation, type) else str(annotation).replace("typing.", "")
        rows.append(
            {
                "name": name,
                "type": kind,
                "default": field.get_default(call_default_factory=True),
                "range": limits_of(field),
                "meaning": field.description or "",
            }
        )
    return rows


def print_described(described: dict[str, Any], results: Results) -> None:
    """The same for people; every option as it is written after ``--set``."""
    for section in described["sections"]:
        results.line(f"{section['collection']} {section['name']}: {section['summary']}")
        if section["paper"]:
            results.line(f"  after {section['paper']}")
        for option in section["options"]:
            allowed = f", {option['range']}" if option["range"] else ""
            results.line(
                f"  {section['collection']}.{option['name']} = {option['default']!r}  ({option['type']}{allowed})"
            )
            results.line(f"      {option['meaning']}")
        results.line()
