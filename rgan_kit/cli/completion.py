"""Names that the shell completes after options and arguments."""

from __future__ import annotations

from collections.abc import Iterator


def complete_recipe(incomplete: str) -> Iterator[tuple[str, str]]:
    """Recipes that begin so, with their summaries."""
    yield from _beginning("recipe", incomplete)


def complete_domain(incomplete: str) -> Iterator[tuple[str, str]]:
    """Domains that begin so, with their summaries."""
    yield from _beginning("domain", incomplete)


def _beginning(collection: str, incomplete: str) -> Iterator[tuple[str, str]]:
    from rgan_kit.plugins.registry import COLLECTIONS, installed_registry

    specs = installed_registry().specs(COLLECTIONS[collection])
    yield from ((spec.name, spec.summary) for spec in specs if spec.name.startswith(incomplete))


def complete_name(incomplete: str) -> Iterator[tuple[str, str]]:
    """Everything on offer whose name begins so, with its summary, and plugins."""
    from rgan_kit.plugins.registry import installed_registry

    registry = installed_registry()
    known = {record.name: f"the plugin {record.qualified}" for record in registry.host.records}
    known |= {offer.spec.name: offer.spec.summary for offer in registry.offers()}
    yield from (pair for pair in known.items() if pair[0].startswith(incomplete))
