"""``rgankit plugins show NAME``: a recipe with its parts, a part, a domain, a plugin, or the trainer."""

from __future__ import annotations

from typing import Any

from rgan_kit.cli.console import Results
from rgan_kit.config import Request, TrainOptions, limits_of, nearest, resolve
from rgan_kit.contracts import DomainSpec, Options, RecipeSpec, UsageError
from rgan_kit.plugins.records import PluginRecord
from rgan_kit.plugins.registry import COLLECTIONS, Offer, Registry, installed_registry


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
    plugins = [_plugin(record) for record in registry.host.records if name in record.names]
    if not found and not plugins:
        known = {offer.spec.name for offer in registry.offers()} | {"train"}
        known |= {each for record in registry.host.records for each in record.names}
        raise UsageError(f"Nothing is called '{name}'.", nearest(name, known))
    sections: list[dict[str, Any]] = []
    for collection, offer in found:
        if isinstance(offer.spec, RecipeSpec):
            sections += _recipe(offer.spec, offer, registry)
        else:
            spec: Any = offer.spec
            options = getattr(spec, "options", None)
            paper = getattr(spec, "paper", "")
            section = _section(collection, spec.name, spec.summary, paper, options, {}, offer.qualified)
            sections.append(section | _origin(offer))
    return {"name": name, "plugins": plugins, "sections": sections}


def _plugin(record: PluginRecord) -> dict[str, Any]:
    """What is known of a plugin, JSON-able."""
    return vars(record) | {"qualified": record.qualified, "status": record.status.value}


def _origin(offer: Offer) -> dict[str, Any]:
    """Where it comes from, and which kinds of data it accepts, or makes."""
    spec: Any = offer.spec
    kinds = {spec.kind} if isinstance(spec, DomainSpec) else spec.kinds
    origin: dict[str, Any] = {"origin": f"{offer.plugin.distribution} {offer.plugin.version}", "kinds": sorted(kinds)}
    if isinstance(spec, DomainSpec):
        origin["defaults_by_kind"] = {kind: dict(defaults) for kind, defaults in spec.defaults_by_kind.items()}
    return origin


def _recipe(recipe: RecipeSpec, offer: Offer, registry: Registry) -> list[dict[str, Any]]:
    config = resolve(Request(recipe=offer.qualified), registry)
    sections = [_section("recipe", recipe.name, recipe.summary, recipe.paper, None, {}, offer.qualified)]
    sections[0] |= _origin(offer)
    for name, part in config.parts.items():
        values = part.options.model_dump()
        sections.append(_section(name, part.name, part.spec.summary, part.spec.paper, part.spec.options, values))
    sections.append(_section("train", "train", "the trainer", "", type(config.train), config.train.model_dump()))
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
    for plugin in described.get("plugins", ()):
        results.line(f"plugin {plugin['qualified']} {plugin['version']}: {plugin['status']}, from {plugin['target']}")
        for noun, names in (*plugin["offers"].items(), ("hook", plugin["hooks"])):
            results.line(f"  {noun}s: {', '.join(names)}")
        results.line(*([f"  {plugin['problem']}"] if plugin["problem"] else []))
    for section in described["sections"]:
        results.line(f"{section['collection']} {section['name']}: {section['summary']}")
        if section["paper"]:
            results.line(f"  after {section['paper']}")
        if "origin" in section:
            results.line(f"  for {', '.join(section['kinds'])}; from {section['origin']}")
        for kind, defaults in section.get("defaults_by_kind", {}).items():
            results.line(f"  sets for {kind}: {', '.join(f'{key} = {value!r}' for key, value in defaults.items())}")
        for option in section["options"]:
            allowed = f", {option['range']}" if option["range"] else ""
            results.line(
                f"  {section['collection']}.{option['name']} = {option['default']!r}  ({option['type']}{allowed})"
            )
            results.line(f"      {option['meaning']}")
        results.line()
