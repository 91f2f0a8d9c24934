"""The frozen descriptions that a plugin hands over: what it is, what fits it, its options, and how to build it.

``build`` functions import torch inside, so that describing a plugin costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from rgan_kit.contracts.data import KINDS, DataSpec, Kind
from rgan_kit.contracts.domains import Dataset, Decoder
from rgan_kit.contracts.networks import Discriminator, Encoder, Generator, Network, NetworkName
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
    """

    name: str
    summary: str
    kinds: frozenset[Kind]
    options: type[Options] = NoOptions
    paper: str = ""
    batch_statistics: bool = False


@dataclass(frozen=True, kw_only=True)
class GeneratorSpec(ComponentSpec):
    """A generator; ``build(options, data_spec)``."""

    build: Callable[[Any, DataSpec], Generator]


@dataclass(frozen=True, kw_only=True)
class DiscriminatorSpec(ComponentSpec):
    """A discriminator; ``build(options, data_spec)``."""

    build: Callable[[Any, DataSpec], Discriminator]


@dataclass(frozen=True, kw_only=True)
class EncoderSpec(ComponentSpec):
    """An encoder; ``build(options, data_spec, latent_size)``."""

    build: Callable[[Any, DataSpec, int], Encoder]


@dataclass(frozen=True, kw_only=True)
class ObjectiveSpec(ComponentSpec):
    """An objective; ``build(options, networks, data_spec)``, with every network that ``needs`` names."""

    build: Callable[[Any, Mapping[NetworkName, Network], DataSpec], Objective]
    needs: tuple[NetworkName, ...] = ("generator",)


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

    def kind_with(self, options: Any) -> Kind:
        """The kind of data that these options give."""
        return self.kind if self.kind_of is None else self.kind_of(options)


@dataclass(frozen=True, kw_only=True)
class RecipeSpec:
    """A combination with defaults that work: the recipe says how, the domain and the data say what.

    Attributes:
        name, summary, paper: as in ``ComponentSpec``.
        generator, discriminator, encoder, objective: names of parts; those of the same plugin go first.
        defaults: option defaults that differ from the parts' own, as ``{"generator.hidden_size": 64}``.
        kinds: kinds of data that it is meant for, of those that its parts work on.
        defaults_by_kind: further ones for one kind of data; they go over ``defaults``.
    """

    name: str
    summary: str
    generator: str
    objective: str
    discriminator: str | None = None
    encoder: str | None = None
    kinds: frozenset[Kind] = frozenset(KINDS)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    defaults_by_kind: Mapping[Kind, Mapping[str, Any]] = field(default_factory=dict)
    paper: str = ""


@dataclass(frozen=True, eq=False)
class SampleSet:
    """Samples to be measured, with what they are measured against.

    Attributes:
        samples: decoded samples.
        outputs: the arrays that they were decoded from, named as in the model file.
        dataset: what the model was trained on.
    """

    samples: Sequence[Any]
    outputs: Mapping[str, np.ndarray]
    dataset: Dataset


@dataclass(frozen=True, kw_only=True)
class MetricSpec:
    """Figures of samples.

    Attributes:
        name, summary, kinds, paper: as in ``ComponentSpec``.
        compute: ``compute(sample_set)`` returns figures by name, ``{}`` where they do not apply.
        selects: names of figures that say how good the samples are: the nearer to the same figure of held-out data
            (``heldout_`` before its name), the better; where there is none, the lower. The trainer keeps, among the
            weights whose held-out likelihood is near the best, those that are best by them, each in its own unit.
    """

    name: str
    summary: str
    kinds: frozenset[Kind]
    compute: Callable[[SampleSet], Mapping[str, float]]
    selects: tuple[str, ...] = ()
    paper: str = ""


AnySpec = GeneratorSpec | DiscriminatorSpec | EncoderSpec | ObjectiveSpec | DomainSpec | RecipeSpec | MetricSpec
