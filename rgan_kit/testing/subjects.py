"""The contract of everything that a plugin offers, made from the descriptions that it hands over."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any

from rgan_kit.config import Request, RunConfig, resolve
from rgan_kit.contracts import (
    ComponentSpec,
    DiscriminatorSpec,
    DomainSpec,
    EncoderSpec,
    GeneratorSpec,
    Kind,
    MetricSpec,
    NetworkSpec,
    ObjectiveSpec,
    RecipeSpec,
    RganKitError,
)
from rgan_kit.plugins.records import PluginRecord, Status
from rgan_kit.plugins.registry import COLLECTIONS, Offer, Registry
from rgan_kit.testing import (
    DiscriminatorContract,
    DomainContract,
    EncoderContract,
    GeneratorContract,
    MetricContract,
    ObjectiveContract,
    RecipeContract,
)
from rgan_kit.testing.loggers import LoggerContract
from rgan_kit.testing.parts import PartContract

NETWORKS: dict[type[ComponentSpec], type] = {
    GeneratorSpec: GeneratorContract,
    DiscriminatorSpec: DiscriminatorContract,
    EncoderSpec: EncoderContract,
}
SMALL = ("train.batch_size=4", "train.evaluation_samples=8")
"""Makes the training of a recipe quick, whatever its parts are."""


class PluginContract:
    """What the host asks of a plugin as a whole."""

    record: PluginRecord

    def test_it_loads_and_nothing_is_wrong_with_it(self) -> None:
        """``rgankit plugins list`` shows what is."""
        assert self.record.status is Status.LOADED and not self.record.problem, self.record.problem

    def test_it_offers_something(self) -> None:
        """Parts, hooks that watch a training, or commands."""
        assert self.record.offers or self.record.hooks, (
            "no hook is implemented: mark functions whose names are those of hooks with @rgan_kit.hookimpl."
        )


class Untrained:
    """Stands for an objective that cannot be tried."""

    def test_a_recipe_trains_it(self) -> None:
        """An objective is tried with the networks of a recipe."""
        raise AssertionError("no recipe has networks that fit it: offer a recipe that names it.")


def contracts(registry: Registry, wanted: frozenset[str]) -> dict[str, type]:
    """Test classes of the plugins with these qualified names, by a name in words."""
    found: dict[str, type] = {}
    for record in registry.host.records:
        if record.qualified not in wanted:
            continue
        found[f"plugin {record.name}"] = type("TestPlugin", (PluginContract,), {"record": record})
        for collection, kind in COLLECTIONS.items():
            for offer in registry.offers(kind):
                if offer.plugin is record:
                    found |= {f"{collection} {name}": each for name, each in _of(offer, registry)}
        if record.status is not Status.BROKEN and {"rgankit_train_start", "rgankit_step_end"} & set(record.hooks):
            values = {"logger": _plugin(record, registry), "name": record.name, "plugin": _module(record)}
            found[f"logger {record.name}"] = type("TestLogger", (LoggerContract,), values)
    return found


def _of(offer: Offer, registry: Registry) -> Iterator[tuple[str, type]]:
    spec: Any = offer.spec
    if isinstance(spec, RecipeSpec):
        domains = tuple(_qualified(offer, registry) for offer in _domains(offer, registry))
        values = {"recipe": offer.qualified, "domains": domains, "settings": SMALL}
        yield spec.name, type("TestRecipe", (RecipeContract,), values)
    elif isinstance(spec, DomainSpec):
        yield spec.name, type("TestDomain", (DomainContract,), {"spec": spec, "lossless": False})
    elif isinstance(spec, ObjectiveSpec):
        for kind in sorted(spec.kinds):
            tried_with = _objective(offer, kind, registry)
            base = Untrained if tried_with is None else ObjectiveContract
            yield f"{spec.name} for {kind}", type("TestObjective", (base,), tried_with or {})
    elif isinstance(spec, MetricSpec):
        yield spec.name, type("TestMetric", (MetricContract,), {"spec": spec, "plugin": _module(offer.plugin)})
    elif type(spec) in NETWORKS:
        values = {"spec": spec, "plugin": _module(offer.plugin)}
        yield spec.name, type("TestNetwork", (NETWORKS[type(spec)],), values)
    elif isinstance(spec, NetworkSpec):  # what it computes is tried with the objectives that need it
        yield spec.name, type("TestPart", (PartContract,), {"spec": spec, "plugin": _module(offer.plugin)})


def _module(record: PluginRecord) -> str:
    return record.target.partition(":")[0].strip()


def _plugin(record: PluginRecord, registry: Registry) -> object:
    return next(plugin for each, plugin in registry.host.active() if each is record)


def _qualified(offer: Offer, registry: Registry) -> str:
    """The short name, where it is enough."""
    spec: Any = offer.spec
    alone = sum(each.spec.name == spec.name for each in registry.offers(type(spec))) == 1
    return str(spec.name) if alone else offer.qualified


def _domains(offer: Offer, registry: Registry) -> Iterator[Offer]:
    """One domain for each kind of data that the recipe works on, one of its own distribution before others."""
    for kind in sorted(offer.spec.kinds):  # type: ignore[union-attr]
        for domain in _making(kind, registry, offer.plugin.distribution):
            try:
                resolve(Request(recipe=offer.qualified, domain=domain.qualified), registry)
            except RganKitError:  # a part that does not work on this kind; another domain would not help
                break
            yield domain
            break


def _making(kind: Kind, registry: Registry, near: str) -> list[Offer]:
    found = [offer for offer in registry.offers(DomainSpec) if isinstance(offer.spec, DomainSpec)]
    fitting = [offer for offer in found if offer.spec.kind == kind]  # type: ignore[union-attr]
    return sorted(fitting, key=lambda offer: offer.plugin.distribution != near)


def _objective(offer: Offer, kind: Kind, registry: Registry) -> dict[str, Any] | None:
    """The contract of an objective on one kind of data, with the networks of a recipe that it works in."""
    spec: Any = offer.spec
    config = _trained_by(offer, kind, registry)
    if config is None:
        return None
    return {
        "spec": dataclasses.replace(spec, kinds=frozenset({kind})),
        "plugin": _module(offer.plugin),
        "networks": {name: f"{part.distribution}:{part.spec.name}" for name, part in config.networks.items()},
        "network_options": {name: part.options.model_dump() for name, part in config.networks.items()},
        "network_kinds": {name: part.kind for name, part in config.networks.items()},
    }


def _trained_by(offer: Offer, kind: Kind, registry: Registry) -> RunConfig | None:
    """A configuration with this objective: of a recipe that names it, else of one with the networks that it needs."""
    recipes = [each for each in registry.offers(RecipeSpec) if kind in each.spec.kinds]  # type: ignore[union-attr]
    recipes.sort(key=lambda each: (each.spec.objective != offer.spec.name, each.plugin is not offer.plugin))  # type: ignore[union-attr]
    for recipe in recipes:
        for domain in _making(kind, registry, recipe.plugin.distribution)[:1]:
            request = Request(
                recipe=recipe.qualified, domain=domain.qualified, settings=(f'objective="{offer.qualified}"',)
            )
            try:
                return resolve(request, registry)
            except RganKitError:  # networks that it does not need, or options that it does not have
                continue
    return None
