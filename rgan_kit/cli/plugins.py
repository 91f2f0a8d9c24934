"""``rgankit plugins``: ``list`` and ``show``; ``new`` and ``check`` lie in ``plugin_author``."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from rgan_kit.cli import plugin_author
from rgan_kit.cli.completion import complete_name
from rgan_kit.cli.console import Results
from rgan_kit.plugins.discovery import leftovers


def make_app(results: Results) -> typer.Typer:
    """The ``plugins`` commands."""
    app = typer.Typer(
        help="What is installed and what it offers; new plugins, and their requirements.",
        no_args_is_help=True,
        rich_markup_mode=None,
    )

    @app.command("list")
    def list_plugins(
        recipes: Annotated[bool, typer.Option("--recipes", help="Recipes only.")] = False,
        json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    ) -> None:
        """List every plugin with its state, and everything on offer."""
        from rgan_kit.plugins.registry import installed_registry

        registry = installed_registry()
        if results.as_json:
            offers = _offers(registry, recipes)
            results.document({"plugins": _records(registry), "offers": offers, "leftovers": leftovers()})
            return
        if not recipes:
            _print_records(registry, results)
        _print_offers(registry, results, recipes)

    @app.command("show")
    def show(
        name: Annotated[
            str,
            typer.Argument(
                help="Recipe, part, domain or plugin; or `train` for the trainer's options.",
                autocompletion=complete_name,
            ),
        ],
        json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    ) -> None:
        """Show what something is and where it comes from, and every option: type, default, range and meaning."""
        from rgan_kit.cli.show import describe_all, print_described

        described = describe_all(name)
        if results.as_json:
            results.document(described)
        else:
            print_described(described, results)

    plugin_author.add_to(app, results)
    return app


def _records(registry: Any) -> list[dict[str, Any]]:
    return [
        {
            "name": record.name,
            "distribution": record.distribution,
            "version": record.version,
            "target": record.target,
            "status": record.status.value,
            "problem": record.problem,
            "seconds": round(record.seconds, 3),
            "offers": record.offers,
            "hooks": record.hooks,
        }
        for record in registry.host.records
    ]


def _offers(registry: Any, recipes: bool) -> list[dict[str, Any]]:
    from rgan_kit.plugins.registry import COLLECTIONS

    return [
        {
            "collection": collection,
            "name": offer.spec.name,
            "qualified": offer.qualified,
            "summary": offer.spec.summary,
            "kinds": _kinds(offer, registry),
        }
        for collection, kind in COLLECTIONS.items()
        if collection == "recipe" or not recipes
        for offer in registry.offers(kind)
    ]


def _kinds(offer: Any, registry: Any) -> list[str]:
    """The kinds of data that it works on, or makes; of a recipe, those that all of its parts work on."""
    from rgan_kit.config.parts import recipe_kinds
    from rgan_kit.contracts import KINDS, DomainSpec, RecipeSpec

    spec = offer.spec
    if isinstance(spec, DomainSpec):
        return [spec.kind]
    kinds = recipe_kinds(offer, registry) if isinstance(spec, RecipeSpec) else spec.kinds
    return [kind for kind in KINDS if kind in kinds]


def _print_records(registry: Any, results: Results) -> None:
    results.line("plugins:")
    for record in registry.host.records:
        counts = (("offers", sum(map(len, record.offers.values()))), ("hooks", len(record.hooks)))
        offers = ", ".join(f"{what} {count}" for what, count in counts if count)
        text = "  ".join(filter(None, (record.qualified, record.version, record.status.value, offers, record.problem)))
        results.line(f"  {text}")
    if not registry.host.records:
        results.line("  none")
    for leftover in leftovers():
        results.line(f"  {leftover}")


def _print_offers(registry: Any, results: Results, recipes: bool) -> None:
    last = ""
    for offer in _offers(registry, recipes):
        if offer["collection"] != last:
            last = offer["collection"]
            results.line(f"{last}s:")
        results.line(f"  {offer['name']:<20} {offer['summary']} ({', '.join(offer['kinds'])})")
