"""The parts of a run: which networks and which objective, with their options."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from rgan_kit.config.layers import Layer, validate
from rgan_kit.config.origins import Origins
from rgan_kit.contracts.data import Kind
from rgan_kit.contracts.networks import NetworkKind
from rgan_kit.contracts.options import Options
from rgan_kit.contracts.specs import (
    SHORTHANDS,
    ComponentSpec,
    DiscriminatorSpec,
    EncoderSpec,
    GeneratorSpec,
    NetworkSpec,
    NetworkUse,
    ObjectiveSpec,
    RecipeSpec,
)
from rgan_kit.errors import PluginError, RganKitError, UsageError
from rgan_kit.plugins.registry import Offer, Registry

NOWHERE = Origins()

PART_TYPES: dict[str, type[ComponentSpec]] = {
    "generator": GeneratorSpec,
    "discriminator": DiscriminatorSpec,
    "encoder": EncoderSpec,
    "network": NetworkSpec,
    "objective": ObjectiveSpec,
}

Chosen = dict[str, tuple[Offer, dict[str, Any]]]
"""The offer of every section, and what was asked of it."""


@dataclass(frozen=True)
class Selection:
    """A part with its options.

    Attributes:
        name: as it is written in the configuration: short, or ``distribution:name`` where that is ambiguous.
        spec: its description.
        options: validated.
        distribution, version: where it comes from.
        use: of a network, how the recipe uses it.
    """

    name: str
    spec: Any
    options: Options
    distribution: str
    version: str
    use: NetworkUse | None = None

    @property
    def qualified(self) -> str:
        """``distribution:name``."""
        return f"{self.distribution}:{self.spec.name}"

    @property
    def kind(self) -> NetworkKind | None:
        """Of a network, what it promises."""
        return None if self.use is None else self.use.kind

    def provides(self, kind: Kind) -> frozenset[str] | None:
        """What it can do on this kind of data; None where its description does not say."""
        return None if self.spec.provides is None else frozenset(self.spec.provides(self.options, kind))


def merged(section: str, layers: Sequence[Layer]) -> dict[str, Any]:
    """A section of several layers; later ones go over earlier ones."""
    return {key: value for layer in layers for key, value in layer.get(section, {}).items()}


def component(offer: Offer) -> ComponentSpec:
    """What a part's offer describes."""
    return cast("ComponentSpec", offer.spec)


def uses(recipe: RecipeSpec) -> dict[str, NetworkUse]:
    """The networks that a run of a recipe can have: its own, and of the usual three those that it does not name, which
    the user may."""
    own = recipe.uses
    usual = {name: own.get(name, use) for name, use in SHORTHANDS.items() if name not in recipe.networks}
    return {**usual, **recipe.networks}


def choose(
    recipe: RecipeSpec, above: Sequence[Layer], registry: Registry, near: str, origins: Origins = NOWHERE
) -> Chosen:
    """The part of every section that the objective needs.

    Raises:
        UsageError: a part is missing, or options are set for one that the recipe does not have.
    """
    chosen: Chosen = {}
    wanted = {name: (use.kind, use.part) for name, use in uses(recipe).items()}
    for section, (kind, own) in {**wanted, "objective": ("objective", recipe.objective)}.items():
        asked = merged(section, above)
        name = asked.get("name", own)
        if name:
            place = near if name == own else None
            chosen[section] = origins.offer(section, PART_TYPES[kind], str(name), registry, near=place), asked
        elif asked:
            raise UsageError(f"Recipe {recipe.name} has no {section}, so {section}.{next(iter(asked))} means nothing.")
    return _only_needed(recipe, chosen)


def kinds_of(recipe: RecipeSpec, chosen: Chosen) -> frozenset[Kind]:
    """The kinds of data that a recipe and all its parts work on."""
    return recipe.kinds.intersection(*(component(offer).kinds for offer, _ in chosen.values()))


def recipe_kinds(offer: Offer, registry: Registry) -> frozenset[Kind]:
    """The kinds of data that a recipe works on as it is offered; none where a part of it is not installed."""
    recipe = cast("RecipeSpec", offer.spec)
    try:
        return kinds_of(recipe, choose(recipe, [], registry, offer.plugin.distribution))
    except RganKitError:  # `train` says what is missing
        return frozenset()


def with_options(
    recipe: RecipeSpec, offers: Chosen, defaults: Layer, domain: Selection, of_domain: Layer
) -> dict[str, Selection]:
    """The parts with their options: those that were asked for, over the domain's defaults, over the recipe's.

    Raises:
        UsageError: an option is unknown or out of range.
        PluginError: a default of the domain does not fit a part.
    """
    parts: dict[str, Selection] = {}
    known = uses(recipe)
    for section, (offer, asked) in offers.items():
        spec, use = component(offer), known.get(section)
        own = recipe.objective if use is None else use.part
        name = str(asked.pop("name", own))
        inherited = defaults.get(section, {})
        if name != own:  # defaults that the recipe meant for another part apply where this one has them too
            inherited = {key: value for key, value in inherited.items() if key in spec.options.model_fields}
        fitting = suited(domain.name, spec.options, section, of_domain)
        options = validate(spec.options, section, inherited | fitting | asked, part=name)
        parts[section] = Selection(name, spec, options, offer.plugin.distribution, offer.plugin.version, use)
    return parts


def suited(domain: str, options: type[Options], section: str, of_domain: Layer) -> dict[str, Any]:
    """Those of a domain's defaults that a part has an option for.

    Raises:
        PluginError: one is out of range.
    """
    fitting = {key: value for key, value in of_domain.get(section, {}).items() if key in options.model_fields}
    try:
        validate(options, section, fitting)
    except UsageError as error:
        raise PluginError(f"A default of domain {domain} does not fit: {error.problem}") from error
    return fitting


def _only_needed(recipe: RecipeSpec, chosen: Chosen) -> Chosen:
    """Drops networks that the objective does not use (``--set objective=maximum-likelihood`` on a GAN recipe)."""
    objective = cast("ObjectiveSpec", chosen["objective"][0].spec)
    missing = [name for name in objective.needs if name not in chosen]
    if missing:
        raise UsageError(
            f"Objective {objective.name} needs a {' and a '.join(missing)}, and the recipe has none.",
            f"Name one, for example: --set {missing[0]}=lstm"
            if missing[0] in SHORTHANDS
            else "Choose a recipe that has them (see: rgankit plugins list --recipes).",
        )
    for name in objective.needs:
        use, wanted = uses(recipe)[name], objective.kind_of(name)
        if wanted not in (None, use.kind):
            raise UsageError(
                f"Objective {objective.name} needs a {wanted} for its {name}, and that of recipe {recipe.name} is a "
                f"part of the kind {use.kind}.",
                "Choose another objective or recipe (see: rgankit plugins list).",
            )
    return {name: part for name, part in chosen.items() if name == "objective" or name in objective.needs}
