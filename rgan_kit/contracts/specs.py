"""The frozen descriptions that a plugin hands over: what it is, what fits it, its options, and how to build it.

``build`` functions import torch inside, so that describing a plugin costs nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rgan_kit.contracts.data import KINDS, DataSpec, Kind, SeriesSpec
from rgan_kit.contracts.domains import Dataset, Decoder
from rgan_kit.contracts.metrics import MetricSpec
from rgan_kit.contracts.networks import (
    NETWORK_NAMES,
    Capability,
    Discriminator,
    Encoder,
    Generator,
    Network,
    NetworkKind,
    NetworkName,
)
from rgan_kit.contracts.objectives import Objective
from rgan_kit.contracts.options import NoOptions, Options


@dataclass(frozen=True, kw_only=True)
class ComponentSpec:
    """What all parts have in common.

    Attributes:
        name: lower case, words joined by ``-``.
        summary: one line.
        paper: author, year and title or identifier of the source.
        options: the pydantic model of its options.
        kinds: the kinds of data that it works on.
        batch_statistics: whether its results for one sequence depend on the others in the batch.
        provides: ``provides(options, kind)``, what it can do with these options on this kind of data, so that a
            combination that cannot work is refused before anything is built; None where it does not say.
    """

    name: str
    summary: str
    kinds: frozenset[Kind]
    options: type[Options] = NoOptions
    paper: str = ""
    batch_statistics: bool = False
    provides: Callable[[Any, Kind], Collection[Capability]] | None = None


def _fits_all(data: DataSpec) -> str:
    return ""


@dataclass(frozen=True, kw_only=True)
class GeneratorSpec(ComponentSpec):
    """A generator; ``build(options, data_spec)``.

    Attributes:
        build: the network.
        refuses: why it makes no sense on a data set of a kind that it works on, in words (``"these are clips of 12
            frames"``), asked before anything is built; empty where it does.
    """

    build: Callable[[Any, DataSpec], Generator]
    refuses: Callable[[DataSpec], str] = _fits_all


@dataclass(frozen=True, kw_only=True)
class DiscriminatorSpec(ComponentSpec):
    """A discriminator; ``build(options, data_spec)``."""

    build: Callable[[Any, DataSpec], Discriminator]


@dataclass(frozen=True, kw_only=True)
class EncoderSpec(ComponentSpec):
    """An encoder; ``build(options, data_spec, latent_size)``; one that provides ``step-posterior`` is given the
    generator's ``noise_size``."""

    build: Callable[[Any, DataSpec, int], Encoder]


@dataclass(frozen=True)
class BuildContext:
    """What a network that is none of the three kinds is built beside.

    Attributes:
        name: what the recipe calls it.
        networks: those built before it, in the recipe's order: generator, discriminator, encoder, then the others.
    """

    name: NetworkName
    networks: Mapping[NetworkName, Network]


@dataclass(frozen=True, kw_only=True)
class NetworkSpec(ComponentSpec):
    """A network that is no generator, discriminator or encoder of sequences; ``build(options, data_spec, context)``.
    What it takes and gives is between it and the objectives that need it."""

    build: Callable[[Any, DataSpec, BuildContext], Network]


def _fits(data: SeriesSpec) -> str:
    return ""


@dataclass(frozen=True, kw_only=True)
class EmissionSpec(ComponentSpec):
    """How a step of a series is drawn from the state of a recurrence; named by ``generator.emission``.

    Attributes:
        build: ``build(generator's options, data_spec, hidden_size)``, a ``rgan_kit.nn.Emission``.
        refuses: why it does not fit a data set, in words (``"'weather' is categorical"``); empty where it does.
    """

    build: Callable[[Any, SeriesSpec, int], Any]
    refuses: Callable[[SeriesSpec], str] = _fits


@dataclass(frozen=True, kw_only=True)
class ObjectiveSpec(ComponentSpec):
    """An objective; ``build(options, networks, data_spec)``, with every network that ``needs`` names.

    Attributes:
        needs: names of networks.
        network_kinds: what kind each of them has to be; one that is not named here is of the kind of its name (a
            ``generator`` is a generator), or of any.
        requires: what they have to be able to do, as ``{"generator": ("likelihood", "latent")}``; see ``Capability``.
        learning_rate: default of ``train.objective_learning_rate``, for an objective with parameters of its own.
        compose: ``compose(options, networks, data_spec)``, the generator that is evaluated and exported, made of
            averaged networks; None where it is the network called ``generator``.
        likelihood: ``likelihood(options, networks, batch, counts)``, nats of each held-out sequence, ``[batch]``, or a
            bound below them, at the positions that count, boolean ``[batch, time]``; by averaged networks in evaluation
            mode, without gradients. None where it is that of the generator (with the encoder, where there is one).
    """

    build: Callable[[Any, Mapping[NetworkName, Network], DataSpec], Objective]
    needs: tuple[NetworkName, ...] = ("generator",)
    network_kinds: Mapping[NetworkName, NetworkKind] = field(default_factory=dict)
    requires: Mapping[NetworkName, Collection[Capability]] = field(default_factory=dict)
    learning_rate: float | None = None
    compose: Callable[[Any, Mapping[NetworkName, Network], DataSpec], Generator] | None = None
    likelihood: Callable[[Any, Mapping[NetworkName, Network], Any, Any], Any] | None = None

    def kind_of(self, name: NetworkName) -> NetworkKind | None:
        """What kind a network has to be; None where any will do."""
        return self.network_kinds.get(name, SHORTHANDS[name].kind if name in SHORTHANDS else None)


@dataclass(frozen=True, kw_only=True)
class DomainSpec:
    """A data domain.

    Attributes:
        name, summary, options: as in ``ComponentSpec``.
        kind: the kind of data that it makes of files.
        kind_of: ``kind_of(options)``, where the options decide (music as events or as a piano roll); ``kind`` is then
            what the default options give.
        default_data: what it trains on where no path is given, in words.
        load: ``(options, path or None, seed)`` to a data set; raises ``DataError`` with file and reason.
        decoder: from a decoder's manifest, in any process; raises ``DataError`` where it lacks something.
        make: ``(options, folder, seed)`` writes the embedded data into an existing, empty folder as ordinary user
            files, and returns them; None where the domain has none.
        defaults_by_kind: option defaults that suit its data, as ``{"tokens": {"generator.dropout": 0.0}}``. They go
            over those that the recipe has for this kind of data, give way to those that it has for every kind, and
            mean nothing to parts that lack the option.
        recipe: name of the recipe that is advised for its data; empty for the first one that fits.
        endings: of files by which a path is recognised as this domain's, in small letters with the dot. Claim what is
            hardly anything else; what is read beside that need not be claimed.
    """

    name: str
    summary: str
    kind: Kind
    default_data: str
    load: Callable[[Any, Path | None, int], Dataset]
    decoder: Callable[[Mapping[str, Any]], Decoder]
    options: type[Options] = NoOptions
    kind_of: Callable[[Any], Kind] | None = None
    make: Callable[[Any, Path, int], list[Path]] | None = None
    defaults_by_kind: Mapping[Kind, Mapping[str, Any]] = field(default_factory=dict)
    endings: tuple[str, ...] = ()
    recipe: str = ""

    def kind_with(self, options: Any) -> Kind:
        """The kind of data that these options give."""
        return self.kind if self.kind_of is None else self.kind_of(options)


@dataclass(frozen=True, kw_only=True)
class NetworkUse:
    """A network of a recipe.

    Attributes:
        part: name of the part that it is; those of the same plugin go first.
        kind: of the part.
        averaged: whether a moving average of its weights is kept, which is then what is evaluated and exported.
        learning_rate: default of its optimizer's, ``train.<name>_learning_rate``; those of a ``generator``,
            ``discriminator`` and ``encoder`` are the trainer's own.
        defaults: of its options, as ``{"hidden_size": 24}``.
    """

    part: str
    kind: NetworkKind = "network"
    averaged: bool = False
    learning_rate: float = 1e-3
    defaults: Mapping[str, Any] = field(default_factory=dict)


SHORTHANDS: Mapping[NetworkName, NetworkUse] = {
    "generator": NetworkUse(part="", kind="generator", averaged=True),
    "discriminator": NetworkUse(part="", kind="discriminator"),
    "encoder": NetworkUse(part="", kind="encoder", averaged=True),
}
"""What the three fields of a recipe stand for."""

_NETWORK_NAME = re.compile(r"(?!average_of_)[a-z][a-z0-9_]*")
_TAKEN = ("objective", "domain", "train", "recipe", "seed", "data", "init_from", "changes", "origins", "versions")
"""Words that mean something else in a configuration."""


@dataclass(frozen=True, kw_only=True)
class RecipeSpec:
    """A combination with defaults that work: the recipe says how, the domain and the data say what.

    Attributes:
        name, summary, paper: as in ``ComponentSpec``.
        generator, discriminator, encoder, objective: names of parts; those of the same plugin go first.
        networks: further networks, or those three where they are parts of another kind, by what they are called in
            options, phases, metrics and checkpoints.
        defaults: option defaults that differ from the parts' own, as ``{"generator.hidden_size": 64}``.
        kinds: kinds of data that it is meant for, of those that its parts work on.
        defaults_by_kind: further ones for one kind of data; they go over ``defaults``.
        parts_by_kind: other parts for one kind of data, by what they are in the recipe, as
            ``{"series": {"discriminator": "tcn"}}``.
    """

    name: str
    summary: str
    generator: str | None = None
    objective: str
    discriminator: str | None = None
    encoder: str | None = None
    kinds: frozenset[Kind] = frozenset(KINDS)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    defaults_by_kind: Mapping[Kind, Mapping[str, Any]] = field(default_factory=dict)
    paper: str = ""
    networks: Mapping[NetworkName, NetworkUse] = field(default_factory=dict)
    parts_by_kind: Mapping[Kind, Mapping[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in self.networks:
            if not _NETWORK_NAME.fullmatch(name) or name in _TAKEN:
                raise ValueError(
                    f"recipe {self.name}: '{name}' cannot be the name of a network: take lower-case letters, digits "
                    f"and _, and none of {', '.join(_TAKEN)}"
                )
            if getattr(self, name, None) is not None and name in NETWORK_NAMES:
                raise ValueError(f"recipe {self.name} names its {name} twice: as a field and in networks")
        if "generator" not in self.uses:
            raise ValueError(f"recipe {self.name} names no generator")
        for name in {name for parts in self.parts_by_kind.values() for name in parts}:
            if name != "objective" and name not in self.uses:
                raise ValueError(f"recipe {self.name} has another {name} for a kind of data, and none for the others")

    def on(self, kind: Kind) -> RecipeSpec:
        """The recipe as it is for one kind of data."""
        parts = self.parts_by_kind.get(kind, {})
        networks = {
            name: replace(use, part=parts[name]) if name in parts else use for name, use in self.networks.items()
        }
        fields: dict[str, Any] = {name: part for name, part in parts.items() if name not in self.networks}
        return replace(self, networks=networks, parts_by_kind={}, **fields)

    @property
    def uses(self) -> dict[NetworkName, NetworkUse]:
        """All its networks, in the order in which they are built."""
        named = {name: (getattr(self, name), use) for name, use in SHORTHANDS.items()}
        fields = {name: replace(use, part=part) for name, (part, use) in named.items() if part is not None}
        return {**fields, **self.networks}


AnySpec = (
    GeneratorSpec
    | DiscriminatorSpec
    | EncoderSpec
    | EmissionSpec
    | NetworkSpec
    | ObjectiveSpec
    | DomainSpec
    | RecipeSpec
    | MetricSpec
)
