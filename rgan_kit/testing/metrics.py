"""What is required of metrics: figures of samples that depend on the samples alone, under names of their own."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from functools import cache
from typing import Any, ClassVar

import numpy as np
import pytest

from rgan_kit.contracts import Dataset, DomainSpec, Kind, MetricSpec, RganKitError, SampleSet, TokenSpec, evenly
from rgan_kit.contracts.metrics import CONTROL, flat, measured
from rgan_kit.plugins.registry import installed_registry
from rgan_kit.testing import fresh
from rgan_kit.testing.parts import DescribedContract
from rgan_kit.testing.requirements import require, unfailing

SAMPLES = 24
"""Real samples that a metric is tried on."""

_CLOSE = 1e-4
"""By what share a figure may change with the order in which numbers are added up."""


class MetricContract(DescribedContract):
    """What is required of a metric; see ``rgan_kit.contracts.MetricSpec``. A subclass names it:

    Attributes:
        spec: the description that the plugin hands over.
        domains: domains on whose embedded data it is tried; one for each of its kinds where there are none.
    """

    spec: ClassVar[MetricSpec]
    domains: ClassVar[tuple[str, ...]] = ()

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Tries it on the data of each domain."""
        if "domain" in metafunc.fixturenames:
            metafunc.parametrize("domain", self.domains or tuple(map(making, sorted(self.spec.kinds))))

    def figures(self, samples: SampleSet) -> dict[str, float]:
        """What it computes."""
        with unfailing("A metric measures any samples.", "Give {} where a figure means nothing.", "computing it"):
            return flat(measured(self.spec.compute(samples)))

    def test_its_kinds_and_summary_are_there(self) -> None:
        """``rgankit plugins list`` prints them."""
        require(
            self.spec.kinds and self.spec.summary,
            "A metric says in one line what it measures, and on which kinds of data.",
            f"kinds {sorted(self.spec.kinds)}, summary {self.spec.summary!r}",
            "MetricSpec(name=…, summary=…, kinds=frozenset({…}), compute=…).",
        )

    def test_its_figures_are_finite_numbers_by_name(self, domain: str) -> None:
        """They stand in tables, files and services."""
        figures = self.figures(real_samples(domain))
        odd = {name: value for name, value in figures.items() if not (isinstance(name, str) and math.isfinite(value))}
        require(
            not odd,
            "Figures are finite numbers by their names, or left out.",
            f"{odd} of real samples",
            "Leave a figure out where it is not defined; guard divisions by what may be 0.",
        )

    def test_it_computes_what_it_selects_by(self) -> None:
        """The trainer keeps the weights with the lowest of these figures."""
        tried = self.domains or tuple(map(making, sorted(self.spec.kinds)))
        known = {name for domain in tried for name in self.figures(real_samples(domain))}
        missing = [name for name in self.spec.selects if name not in known]
        require(
            not missing,
            "What `selects` names is among the figures.",
            f"{', '.join(missing)} is not among {', '.join(sorted(known)) or 'none'}",
            "Write names of figures, as compute() returns them, into selects.",
        )

    def test_what_it_describes_is_what_it_computes(self, domain: str) -> None:
        """Tables show figures as they are described."""
        described = [figure.name for figure in self.spec.figures]
        found = [name for name in self.figures(real_samples(domain)) if not name.startswith(CONTROL)]
        bare = [name for name in found if described and name not in described]
        twice = sorted({name for name in described if described.count(name) > 1})
        require(
            not bare and not twice,
            "Each figure is described once, if any is.",
            f"not described: {', '.join(bare) or 'none'}; twice: {', '.join(twice) or 'none'}",
            'MetricSpec(…, figures=(Figure(name="…", title="…", meaning="…", better="lower"),)).',
        )

    def test_the_order_of_samples_does_not_matter(self, domain: str) -> None:
        """Samples are drawn independently; what comes first says nothing."""
        whole = self.figures(real_samples(domain))
        order = np.random.default_rng(5).permutation(SAMPLES)
        turned = self.figures(real_samples(domain, tuple(order.tolist())))
        off = [name for name, value in whole.items() if not _alike(value, turned.get(name, math.nan))]
        require(
            not off,
            "The same samples in another order give the same figures.",
            "; ".join(f"{name} is {whole[name]:.6g} and {turned.get(name, math.nan):.6g}" for name in off),
            "Take all samples, or choose among them by evenly(); compare each with all others, not with its neighbour.",
        )

    def test_the_same_samples_give_the_same_figures(self, domain: str) -> None:
        """Two evaluations are compared by them."""
        samples = real_samples(domain)
        found = []
        for seed in (0, 1):
            random.seed(seed)
            np.random.seed(seed)
            found.append(self.figures(samples))
        require(
            found[0] == found[1],
            "The same samples give the same figures.",
            f"{found[0]} and {found[1]}",
            "Draw chance, if any, from np.random.default_rng with a seed that is always the same.",
        )

    def test_it_changes_nothing_that_it_measures(self, domain: str) -> None:
        """Other metrics, and the files, get the same samples."""
        samples = real_samples(domain)
        before = fresh.digest([samples.samples, dict(samples.outputs)])
        self.figures(samples)
        require(
            fresh.digest([samples.samples, dict(samples.outputs)]) == before,
            "A metric looks, and changes neither samples nor outputs.",
            "they were others afterwards",
            "Copy what you sort, scale or pad: np.sort(values) and not values.sort().",
        )

    def test_few_samples_are_measured_too(self, domain: str) -> None:
        """Somebody trains with ``--set train.evaluation_samples=1``."""
        for chosen in ((0,), (0, 0)):
            self.figures(real_samples(domain, chosen))
        empty = real_samples(domain, (0, 1))
        if isinstance(empty.dataset.spec, TokenSpec):
            outputs = {**empty.outputs, "lengths": empty.outputs["lengths"] * 0}
            self.figures(SampleSet(empty.dataset.decoder.decode(outputs), outputs, empty.dataset, empty.labels))

    def test_its_names_are_its_own(self, domain: str) -> None:
        """Of two figures of one name the later would hide the other."""
        samples = real_samples(domain)
        mine = set(self.figures(samples))
        taken = {name: metric for metric, names in known_figures(domain).items() for name in names & mine}
        taken = {name: metric for name, metric in taken.items() if metric != self.spec.name}
        require(
            not taken,
            "No other installed metric has figures of these names.",
            "; ".join(f"{name} is one of the metric {metric}" for name, metric in taken.items()),
            "Begin the names of your figures with that of the metric.",
        )


def _alike(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=_CLOSE, abs_tol=_CLOSE)


@cache
def making(kind: Kind) -> str:
    """An installed domain whose embedded data is of a kind, by its name.

    Raises:
        ValueError: there is none.
    """
    for offer in installed_registry().offers(DomainSpec):
        spec: Any = offer.spec
        if spec.kind == kind and spec.make is not None:
            return offer.qualified
    raise ValueError(f"no installed domain has embedded data of the kind {kind}: name one in `domains`")


@cache
def _dataset(domain: str) -> Dataset:
    spec: Any = installed_registry().offer(DomainSpec, domain).spec
    dataset: Dataset = spec.load(spec.options(), None, 0)
    return dataset


def real_samples(domain: str, chosen: tuple[int, ...] = tuple(range(SAMPLES))) -> SampleSet:
    """Samples that are real: held-out ones of a domain's embedded data, as a model would give them.

    Args:
        domain: its name.
        chosen: which of ``SAMPLES`` from all over, in this order.
    """
    dataset = _dataset(domain)
    indices = evenly(len(dataset.validation), SAMPLES)
    batch = dataset.validation.take(indices[[number % len(indices) for number in chosen]])
    outputs: Mapping[str, np.ndarray] = {dataset.spec.kind: batch.values}
    if isinstance(dataset.spec, TokenSpec):
        outputs = {"tokens": batch.values, "lengths": batch.lengths - dataset.spec.ends}
    labels = None if batch.labels is None else [dataset.spec.labels[number] for number in batch.labels]
    return SampleSet(dataset.decoder.decode(outputs), outputs, dataset, labels)


@cache
def known_figures(domain: str) -> dict[str, set[str]]:
    """Names of the figures of each installed metric on the data of a domain, by the metric's name."""
    samples, found = real_samples(domain), {}
    for spec in installed_registry().specs(MetricSpec):
        if samples.dataset.spec.kind in spec.kinds and spec.thorough and spec.figures:
            found[spec.name] = {figure.name for figure in spec.figures}
        elif samples.dataset.spec.kind in spec.kinds:
            try:
                found[spec.name] = set(flat(measured(spec.compute(samples))))
            except (ArithmeticError, LookupError, TypeError, ValueError, RganKitError):  # its own contract says so
                continue
    return found
