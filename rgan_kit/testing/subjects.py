"""The contract of everything that a plugin offers, made from the descriptions that it hands over."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

from rgan_kit.config import Request, RunConfig, resolve
from rgan_kit.contracts import (
    ComponentSpec,
    DataSpec,
    DiscriminatorSpec,
    DomainSpec,
    EmissionSpec,
    EncoderSpec,
    Generator,
    GeneratorSpec,
    Kind,
    MetricSpec,
    NetworkName,
    NetworkSpec,
    ObjectiveSpec,
    RecipeSpec,
    RganKitError,
)
from rgan_kit.plugins.contain import describe
from rgan_kit.plugins.records import PluginRecord, Status
from rgan_kit.plugins.registry import COLLECTIONS, Offer, Registry
from rgan_kit.testing import (
    CompanionContract,
    DiscriminatorContract,
    DomainContract,
    EmissionContract,
    EncoderContract,
    GeneratorContract,
    MetricContract,
    ObjectiveContract,
    RecipeContract,
)
from rgan_kit.testing.loggers import LoggerContract
from rgan_kit.testing.requirements import violation

NETWORKS: dict[type[ComponentSpec], type] = {
    GeneratorSpec: GeneratorContract,
    DiscriminatorSpec: DiscriminatorContract,
    EncoderSpec: EncoderContract,
    EmissionSpec: EmissionContract,
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


class Undescribed:
    """Stands for a part whose description cannot be read.

    Attributes:
        error: why.
    """

    error: str

    def test_it_can_be_tried(self) -> None:
        """A description has the types that rgan_kit.contracts gives its fields."""
        raise AssertionError(
            violation(
                "A description can be read: kinds are a frozenset of kinds, options a class of Options, names texts.",
                self.error,
                "Compare it with the fields of its class in rgan_kit.contracts.",
            )
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
                    found |= {f"{collection} {name}": each for name, each in _readable(offer, registry)}
        if record.status is not Status.BROKEN and {"rgankit_train_start", "rgankit_step_end"} & set(record.hooks):
            values = {"logger": _plugin(record, registry), "name": record.name, "plugin": _module(record)}
            found[f"logger {record.name}"] = type("TestLogger", (LoggerContract,), values)
    return found


def _readable(offer: Offer, registry: Registry) -> list[tuple[str, type]]:
    """The contracts of an offer; one that is broken where its description cannot even be read."""
    try:
        return list(_of(offer, registry))
    except Exception as error:  # a stranger's description may hold anything
        return [(str(offer.spec.name), type("TestPart", (Undescribed,), {"error": describe(error)}))]


def _of(offer: Offer, registry: Registry) -> Iterator[tuple[str, type]]:
    spec: Any = offer.spec
    values: dict[str, Any] = {"spec": spec, "plugin": _module(offer.plugin)}
    if isinstance(spec, RecipeSpec):
        domains = tuple(_qualified(offer, registry) for offer in _domains(offer, registry))
        given = {"recipe": offer.qualified, "domains": domains, "settings": SMALL}
        yield spec.name, type("TestRecipe", (RecipeContract,), given)
        yield from _composed(offer, registry)
    elif isinstance(spec, DomainSpec):
        yield spec.name, type("TestDomain", (DomainContract,), {"spec": spec, "lossless": False})
    elif isinstance(spec, ObjectiveSpec):
        for kind in sorted(spec.kinds):
            tried_with = _objective(offer, kind, registry)
            base = Untrained if tried_with is None else ObjectiveContract
            yield f"{spec.name} for {kind}", type("TestObjective", (base,), tried_with or {})
    elif isinstance(spec, MetricSpec):
        yield spec.name, type("TestMetric", (MetricContract,), values)
    elif type(spec) in NETWORKS:
        if isinstance(spec, GeneratorSpec):
            values |= {"company": next((made for _, _, made in _companies(offer, registry)), None)}
        yield spec.name, type("TestNetwork", (NETWORKS[type(spec)],), values)
    elif isinstance(spec, NetworkSpec):
        yield from _companion(offer, registry)


def _composed(offer: Offer, registry: Registry) -> Iterator[tuple[str, type]]:
    """The generator that a recipe's objective makes of its networks, as any other generator."""
    for kind in sorted(offer.spec.kinds):  # type: ignore[union-attr]
        for domain in _making(kind, registry, offer.plugin.distribution)[:1]:
            try:
                config = resolve(Request(recipe=offer.qualified, domain=domain.qualified), registry)
            except RganKitError:
                continue
            company = _company(config, kind, registry)
            if company.spec.compose is not None:
                spec = GeneratorSpec(
                    name=offer.spec.name, summary=offer.spec.summary, kinds=frozenset({kind}), build=composer(company)
                )
                values = {"spec": spec, "plugin": _module(offer.plugin)}
                yield f"{spec.name}, its generator for {kind}", type("TestNetwork", (GeneratorContract,), values)


def composer(company: type[ObjectiveContract]) -> Callable[[Any, DataSpec], Generator]:
    """What builds the generator that an objective composes of its networks."""

    def build(options: Any, data: DataSpec) -> Generator:
        import torch

        networks: Any = company().build_networks(data, seed=torch.initial_seed())
        assert company.spec.compose is not None
        return company.spec.compose(company().made_options(), networks, data)

    return build


def _companion(offer: Offer, registry: Registry) -> Iterator[tuple[str, type]]:
    """A network that is nothing without others: in the recipe that has it, on each kind of data."""
    own: Any = offer.spec
    tried: set[Kind] = set()
    for kind, name, company in _companies(offer, registry):
        if kind not in tried:
            tried.add(kind)
            spec = dataclasses.replace(own, kinds=frozenset({kind}))
            values = {"spec": spec, "plugin": _module(offer.plugin), "name": name, "company": company}
            yield f"{own.name} for {kind}", type("TestCompanion", (CompanionContract,), values)
    if not tried:
        yield own.name, Untrained


def _companies(offer: Offer, registry: Registry) -> Iterator[tuple[Kind, NetworkName, type[ObjectiveContract]]]:
    """Kinds of data and objectives that train a part in a recipe of its own plugin, and what it is called there."""
    for recipe in registry.offers(RecipeSpec):
        if recipe.plugin is not offer.plugin:
            continue
        for kind in sorted(recipe.spec.kinds & offer.spec.kinds):  # type: ignore[union-attr]
            for domain in _making(kind, registry, recipe.plugin.distribution)[:1]:
                try:
                    config = resolve(Request(recipe=recipe.qualified, domain=domain.qualified), registry)
                except RganKitError:
                    continue
                for name, part in config.networks.items():
                    if part.spec is offer.spec:
                        yield kind, name, _company(config, kind, registry)


def _company(config: RunConfig, kind: Kind, registry: Registry) -> type[ObjectiveContract]:
    """The contract of a recipe's objective, with the networks of the recipe."""
    part = config.parts["objective"]
    module = _module(registry.offer(ObjectiveSpec, f"{part.distribution}:{part.name}").plugin)
    return type("TestObjective", (ObjectiveContract,), _objective_values(part.spec, module, config, kind))


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
    return _objective_values(spec, _module(offer.plugin), config, kind)


def _objective_values(spec: Any, module: str, config: RunConfig, kind: Kind) -> dict[str, Any]:
    """What the contract of an objective is given."""
    return {
        "spec": dataclasses.replace(spec, kinds=frozenset({kind})),
        "plugin": module,
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
