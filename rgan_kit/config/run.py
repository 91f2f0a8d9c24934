"""The configuration of a run: what is trained, on what, how.

It is resolved once, written into the run, and replayed from there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

from rgan_kit.config.fitting import check_fit, check_meaning, means_nothing
from rgan_kit.config.layers import SECTIONS, Layer, flat, nearest, parse_settings, read_toml, validate
from rgan_kit.config.origins import Origins
from rgan_kit.config.parts import Selection, choose, kinds_of, merged, suited, uses, with_options
from rgan_kit.config.train import TrainOptions, train_options
from rgan_kit.contracts.data import Kind
from rgan_kit.contracts.networks import NetworkName
from rgan_kit.contracts.specs import (
    DomainSpec,
    RecipeSpec,
)
from rgan_kit.errors import DataError, UsageError
from rgan_kit.plugins.own import is_own, named_by_user
from rgan_kit.plugins.registry import Registry

_TOP_LEVEL = ("recipe", "seed", "data", "init_from", "changes", "origins", "versions")


@dataclass(frozen=True)
class RunConfig:
    """Everything that decides what a run computes.

    Attributes:
        recipe: its name.
        domain: the data domain.
        data: a file or folder (absolute), or None for the domain's embedded data.
        parts: the networks by the recipe's names, in the order in which they are built, and the objective.
        train: options of the trainer.
        seed: of everything random.
        init_from: the run whose weights it begins with (absolute), perhaps with ``:`` and a checkpoint; else None.
        origins: where recipe, parts and domain come from, as ``distribution:name`` by section.
        versions: of their distributions.
        asked: options (``section.option``) that the user or the recipe settled, whatever the data is like; None where
            all are.
    """

    recipe: str
    domain: Selection
    data: Path | None
    parts: Mapping[str, Selection]
    train: TrainOptions
    seed: int = 0
    init_from: str | None = None
    origins: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    asked: frozenset[str] | None = None

    @property
    def networks(self) -> dict[NetworkName, Selection]:
        """The parts that are networks."""
        return {name: part for name, part in self.parts.items() if part.use is not None}

    @property
    def averaged(self) -> tuple[NetworkName, ...]:
        """The networks whose averaged weights are evaluated and exported."""
        return tuple(name for name, part in self.networks.items() if part.use is not None and part.use.averaged)

    def with_threads(self, threads: int) -> RunConfig:
        """The same, with the number of CPU threads settled, so that a replay computes the same bits."""
        return replace(self, train=self.train.model_copy(update={"threads": threads}))

    def to_dict(self) -> dict[str, Any]:
        """As written into ``config.toml``."""
        document: dict[str, Any] = {"recipe": self.recipe, "seed": self.seed}
        if self.data is not None:
            document["data"] = str(self.data)
        if self.init_from is not None:
            document["init_from"] = self.init_from
        for section, selection in (*self.parts.items(), ("domain", self.domain)):
            options = selection.options.model_dump(mode="json", exclude_none=True)
            document[section] = {"name": selection.name, **options}
        document["train"] = self.train.model_dump(mode="json", exclude_none=True)
        document |= {"origins": dict(self.origins), "versions": dict(self.versions)}
        return document

    def options_that_count(self) -> dict[str, Any]:
        """``to_dict`` without the options that mean nothing on this kind of data."""
        document, kind = self.to_dict(), self.domain.spec.kind_with(self.domain.options)
        for section, part in self.parts.items():
            own = document[section].items()
            document[section] = {name: value for name, value in own if not means_nothing(part, name, kind)}
        return document


@dataclass(frozen=True)
class Request:
    """What the user asked for, before it is resolved. What is None was not said."""

    recipe: str | None = None
    domain: str | None = None
    data: Path | None = None
    settings: Sequence[str] = ()
    config: Path | None = None
    steps: int | None = None
    seed: int | None = None
    device: str | None = None
    init_from: str | None = None


def resolve(request: Request, registry: Registry) -> RunConfig:
    """Recipe < domain < file < ``--set`` < the shortcuts ``--steps``, ``--seed``, ``--device``, ``--domain``.

    Raises:
        UsageError: unknown names or options, values out of range, parts that do not fit together.
        PluginError: an ambiguous name.
    """
    document = read_toml(request.config) if request.config else {}
    name = request.recipe or document.get("recipe")
    if not isinstance(name, str):
        _check_document(request.config, document, SECTIONS)
        known = ", ".join(spec.name for spec in registry.specs(RecipeSpec))
        raise UsageError("No recipe is named.", f"Say which with --plugin (there are: {known}).")
    origins = Origins.read(document)
    offer = origins.offer("recipe", RecipeSpec, name, registry)
    recipe = offer.spec
    assert isinstance(recipe, RecipeSpec)
    sections = (*dict.fromkeys((*uses(recipe), *SECTIONS)),)
    _check_document(request.config, document, sections)
    asked = _with_own(parse_settings(request.settings, sections))
    above = [_sections(document, sections), asked, _shortcuts(request)]
    named = _path_of(document, "data")
    data = request.data or (Path(named) if named else None)
    near = offer.plugin.distribution
    offers = choose(recipe, above, registry, near, origins)
    of_recipe = _of_recipe(recipe, sections)
    domain = _domain(data, kinds_of(recipe, offers), of_recipe, above, registry, near, origins)
    kind = domain.spec.kind_with(domain.options)
    if kind in recipe.parts_by_kind:
        recipe = recipe.on(kind)
        offers = choose(recipe, above, registry, near, origins)
    # What a run wrote down is whole: an option that it lacks is newer, and was not what today's recipe or domain would
    # have it.
    written = "versions" in document
    by_kind = flat(recipe.defaults_by_kind.get(kind, {}), sections=sections)
    defaults = {} if written else _joined(of_recipe, by_kind)
    of_domain = {} if written else _of_domain(domain, kind, recipe, sections)
    parts = with_options(recipe, offers, defaults, domain, of_domain)
    check_fit(recipe, parts, domain, kind)
    check_meaning(_joined({} if written else above[0], above[1]), parts, kind)  # what a run wrote down has every option
    train = _train(parts, domain, of_domain, [defaults, *above])
    selections = {**parts, "domain": domain}
    versions = {selection.distribution: selection.version for selection in selections.values()}
    config = RunConfig(
        recipe=name,
        domain=domain,
        data=_absolute(data) if data else None,
        parts=parts,
        train=train,
        seed=_seed(request.seed if request.seed is not None else document.get("seed", 0)),
        init_from=_path_of(document, "init_from") if request.init_from is None else _from(request.init_from),
        origins={"recipe": offer.qualified, **{name: each.qualified for name, each in selections.items()}},
        versions={offer.plugin.distribution: offer.plugin.version, **versions},
        asked=None if written else _asked([of_recipe, *above]),
    )
    _check_loggers(config, registry)
    return config


def _asked(layers: Sequence[Layer]) -> frozenset[str]:
    return frozenset(f"{section}.{key}" for layer in layers for section, values in layer.items() for key in values)


def _of_recipe(recipe: RecipeSpec, sections: Sequence[str]) -> Layer:
    """The recipe's defaults for every kind of data."""
    of_uses = {name: dict(use.defaults) for name, use in recipe.uses.items()}
    return _joined(of_uses, flat(recipe.defaults, sections=sections))


def _of_domain(domain: Selection, kind: Kind, recipe: RecipeSpec, sections: Sequence[str]) -> Layer:
    """The domain's defaults, but for those that the recipe sets whatever the kind of data."""
    defaults = domain.spec.defaults_by_kind.get(kind, {})
    set_anyway = {f"{name}.{key}" for name, use in recipe.uses.items() for key in use.defaults} | set(recipe.defaults)
    given = {key: value for key, value in defaults.items() if key not in set_anyway}
    return flat(given, f"Domain {domain.name}", sections)


def _train(
    parts: Mapping[str, Selection], domain: Selection, of_domain: Layer, layers: Sequence[Layer]
) -> TrainOptions:
    """The trainer's options; the domain's defaults go over the first layer, which are the recipe's."""
    model = train_options(_rates(parts))
    suits = {"train": suited(domain.name, model, "train", of_domain)}
    return validate(model, "train", merged("train", [layers[0], suits, *layers[1:]]))


def _rates(parts: Mapping[str, Selection]) -> dict[str, float]:
    """Default learning rates of networks, and of an objective with parameters of its own."""
    rates = {name: part.use.learning_rate for name, part in parts.items() if part.use is not None}
    own = parts["objective"].spec.learning_rate
    return rates if own is None else {**rates, "objective": own}


def _check_document(path: Path | None, document: Mapping[str, Any], sections: Sequence[str]) -> None:
    known = (*_TOP_LEVEL, *sections)
    for key, value in document.items():
        if key not in known:
            raise UsageError(f"{path}: there is no key '{key}'.", nearest(key, known))
        if key in sections and not isinstance(value, dict):
            raise UsageError(f"{path}: '{key}' has to be a table.", f"Write [{key}] and its options below.")


def _path_of(document: Mapping[str, Any], key: str) -> str | None:
    value = document.get(key)
    if value is not None and not isinstance(value, str):
        raise UsageError(f"{key} = {value!r}: this has to be a path.", f'Write, for example: {key} = "names.txt"')
    return value or None


def _from(init_from: str) -> str:
    """A run, perhaps with ``:`` and a checkpoint, as an absolute path."""
    folder, colon, checkpoint = init_from.partition(":step-")
    return f"{_absolute(Path(folder))}{colon}{checkpoint}"


def _absolute(data: Path) -> Path:
    path = data.expanduser().absolute()
    try:
        str(path).encode()
    except UnicodeEncodeError:
        raise UsageError(f"{path!a}: the name is not UTF-8, so it cannot be written down.", "Rename it.") from None
    return path


def _sections(document: Mapping[str, Any], sections: Sequence[str]) -> Layer:
    return {section: dict(document[section]) for section in sections if section in document}


def _with_own(asked: Layer) -> Layer:
    """Settings in which classes in files, which the user names here, have absolute paths."""
    return {
        section: {key: named_by_user(v) if key == "name" and is_own(v) else v for key, v in each.items()}
        for section, each in asked.items()
    }


def _shortcuts(request: Request) -> Layer:
    layer: Layer = {}
    if request.steps is not None:
        layer.setdefault("train", {})["steps"] = request.steps
    if request.device is not None:
        layer.setdefault("train", {})["device"] = request.device
    if request.domain is not None:
        layer["domain"] = {"name": request.domain}
    return layer


def _seed(seed: Any) -> int:
    if not isinstance(seed, int) or isinstance(seed, bool) or not 0 <= seed < 2**32:
        raise UsageError(f"seed = {seed!r}: a seed is a whole number from 0 to {2**32 - 1}.")
    return seed


def _joined(below: Layer, above: Layer) -> Layer:
    """Two layers in one."""
    return {section: {**below.get(section, {}), **above.get(section, {})} for section in (*below, *above)}


def _domain(
    data: Path | None,
    kinds: frozenset[Kind],
    defaults: Layer,
    above: Sequence[Layer],
    registry: Registry,
    near: str,
    origins: Origins,
) -> Selection:
    brought, values = merged("domain", [defaults]), merged("domain", above)
    name = values.pop("name", brought.pop("name", None))
    if name is not None:
        offer = origins.offer("domain", DomainSpec, str(name), registry, near=near)
    elif data is not None:
        check_there(data)
        offer = registry.guess_domain(data)
        name = offer.spec.name
    else:
        fitting = [offer for offer in registry.offers(DomainSpec) if cast("DomainSpec", offer.spec).kind in kinds]
        own = [offer for offer in fitting if offer.plugin.distribution == near]  # the recipe's own embedded data first
        if not fitting:
            raise UsageError("No domain makes data that this recipe works on.", "See: rgankit plugins list")
        offer = (own or fitting)[0]
        name = offer.spec.name
    spec = cast("DomainSpec", offer.spec)
    known = {key: value for key, value in brought.items() if key in spec.options.model_fields}
    options = validate(spec.options, "domain", {**known, **values}, part=spec.name)
    return Selection(str(name), spec, options, offer.plugin.distribution, offer.plugin.version)


def check_there(data: Path) -> None:
    """Raises ``DataError`` where there is no such file or folder."""
    if not data.exists():
        raise DataError(f"{data}: there is no such file or folder.", f"Looked for it from {Path.cwd()}.")


def _check_loggers(config: RunConfig, registry: Registry) -> None:
    known = [record.name for record, _ in registry.host.active() if "rgankit_step_end" in record.hooks]
    for name in config.train.loggers:
        if name not in known:
            raise UsageError(f"train.loggers: no logger is called '{name}'.", nearest(name, known))
