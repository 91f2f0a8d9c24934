"""Everything that plugins offer, by collection and name."""

from __future__ import annotations

import difflib
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from rgan_kit.contracts.metrics import MetricSpec
from rgan_kit.contracts.specs import (
    AnySpec,
    DiscriminatorSpec,
    DomainSpec,
    EmissionSpec,
    EncoderSpec,
    GeneratorSpec,
    NetworkSpec,
    ObjectiveSpec,
    RecipeSpec,
)
from rgan_kit.errors import PluginError, UsageError
from rgan_kit.plugins.contain import contained, describe
from rgan_kit.plugins.host import PluginHost, installed_host
from rgan_kit.plugins.origins import OURSELVES
from rgan_kit.plugins.own import is_own, own_spec
from rgan_kit.plugins.records import PluginRecord, Status

if TYPE_CHECKING:
    from rgan_kit.files.census import Census

logger = logging.getLogger(__name__)

SpecT = TypeVar("SpecT", bound=AnySpec)
SpecType = type[Any]
"""The class of a spec."""

COLLECTIONS: Final[dict[str, SpecType]] = {
    "recipe": RecipeSpec,
    "generator": GeneratorSpec,
    "discriminator": DiscriminatorSpec,
    "encoder": EncoderSpec,
    "network": NetworkSpec,
    "emission": EmissionSpec,
    "objective": ObjectiveSpec,
    "domain": DomainSpec,
    "metric": MetricSpec,
}


@dataclass(frozen=True)
class Offer:
    """A spec and the plugin that it comes from."""

    spec: AnySpec
    plugin: PluginRecord

    @property
    def qualified(self) -> str:
        """``distribution:name``."""
        return f"{self.plugin.distribution}:{self.spec.name}"


class Registry:
    """What all plugins of a host offer."""

    def __init__(self, host: PluginHost) -> None:
        self.host = host
        self._said: set[tuple[str, str]] = set()
        self._offers: dict[SpecType, list[Offer]] = {kind: [] for kind in COLLECTIONS.values()}
        for collection, kind in COLLECTIONS.items():
            for record, spec in host.collect(f"rgankit_{collection}s"):
                self._add(collection, kind, record, spec)
        self._mark_conflicts()

    def _add(self, collection: str, kind: SpecType, record: PluginRecord, spec: Any) -> None:
        try:
            with contained():  # it may be of a class of the plugin's own
                fault = "" if isinstance(spec, kind) else f"a {type(spec).__name__}, not a {kind.__name__}"
                if not fault and not (isinstance(spec.name, str) and spec.name.isprintable() and spec.name):
                    fault = f"something called {spec.name!r}, which is no name"
        except Exception as error:
            fault = f"what raises {describe(error)} when it is looked at"
        if fault:
            record.status = Status.BROKEN
            record.add_problem(f"rgankit_{collection}s returned {fault}")
            return
        offer = Offer(spec, record)
        if any(known.qualified == offer.qualified for known in self._offers[kind]):
            record.status = Status.CONFLICTING
            record.add_problem(f"{collection} {offer.qualified} is offered twice; the second is left out")
            return
        self._offers[kind].append(offer)
        record.offers.setdefault(collection, []).append(spec.name)

    def _mark_conflicts(self) -> None:
        for collection, kind in COLLECTIONS.items():
            for offer in self._offers[kind]:
                rivals = [other for other in self._named(kind, offer.spec.name) if other is not offer]
                if not rivals or offer.plugin.distribution == OURSELVES:  # a built-in name stays what it is
                    continue
                if offer.plugin.status is not Status.BROKEN:
                    offer.plugin.status = Status.CONFLICTING
                others = ", ".join(rival.qualified for rival in rivals)
                offer.plugin.add_problem(
                    f"{collection} {offer.spec.name} is also offered as {others}; call this one {offer.qualified}"
                )

    def _named(self, kind: SpecType, name: str) -> list[Offer]:
        return [offer for offer in self._offers[kind] if name in (offer.spec.name, offer.qualified)]

    def offers(self, kind: SpecType | None = None) -> Iterator[Offer]:
        """Everything on offer, or all of one kind."""
        for each in COLLECTIONS.values() if kind is None else (kind,):
            yield from self._offers[each]

    def specs(self, kind: type[SpecT]) -> list[SpecT]:
        """All specs of one kind."""
        return [offer.spec for offer in self._offers[kind] if isinstance(offer.spec, kind)]

    def offer(self, kind: SpecType, name: str, *, near: str | None = None) -> Offer:
        """The offer with this short or qualified (``distribution:name``) name. A short name that several plugins have
        is that of ``near``, else the built-in one.

        Args:
            kind: the class of the spec.
            name: what the user or a recipe calls it; or a class in a file, ``/path/my_file.py:MyNet``.
            near: a distribution whose own offers go first, so that a stranger's ``lstm`` never changes what the
                recipes of another distribution mean.

        Raises:
            UsageError: no such name; the message has the nearest ones.
            PluginError: the short name belongs to several plugins, none of them built in; the message lists them.
        """
        noun = next(collection for collection, each in COLLECTIONS.items() if each is kind)
        if is_own(name):
            return Offer(*own_spec(kind, noun, name))
        met = found = self._named(kind, name)
        for first in (near, OURSELVES):
            if len(found) > 1:
                found = [offer for offer in found if offer.plugin.distribution == first] or found
        if len(found) == 1:
            if len(met) > 1 and near is None and (noun, name) not in self._said:
                self._said.add((noun, name))
                others = ", ".join(offer.qualified for offer in met if offer is not found[0])
                logger.info("%s %s is the built-in one; there is also %s", noun, name, others)
            return found[0]
        if found:
            candidates = ", ".join(offer.qualified for offer in found)
            raise PluginError(f"{noun} '{name}' is ambiguous: {candidates}.", "Use one of these full names.")
        raise self._unknown(noun, name, sorted({offer.spec.name for offer in self._offers[kind]}))

    def get(self, kind: type[SpecT], name: str, *, near: str | None = None) -> SpecT:
        """The spec with this name; raises as ``offer`` does."""
        spec = self.offer(kind, name, near=near).spec
        assert isinstance(spec, kind)
        return spec

    def _unknown(self, noun: str, name: str, known: list[str]) -> UsageError:
        near = difflib.get_close_matches(name, known, n=3)
        faulty = [r for r in self.host.records if r.status in (Status.BROKEN, Status.BLOCKED)]
        hint = f"Did you mean {' or '.join(near)}?" if near else f"There are: {', '.join(known) or 'none'}."
        if faulty:
            reasons = (f"{record.qualified} ({record.problem.partition(':')[0]})" for record in faulty)
            hint += f" Not in use: {', '.join(reasons)}; see: rgankit plugins list"
        return UsageError(f"No {noun} is called '{name}'.", hint)

    def census(self, path: Path) -> Census:
        """Whose files lie at a path, by the endings that domains claim."""
        from rgan_kit.files.census import census

        return census(path, {spec.name: spec.endings for spec in self.specs(DomainSpec)})

    def guess_domain(self, path: Path) -> Offer:
        """The domain that reads ``path``: the one that a plugin recognises, preferring those of that plugin, else the
        one whose files lie there.

        Raises:
            UsageError: no domain's files, or those of several; says how many there are of each.
        """
        answer = self.host.first("rgankit_guess_domain", path=path)
        if answer is not None:
            record, name = answer
            return self.offer(DomainSpec, name, near=record.distribution)
        found = self.census(path)
        if found.clear is not None:
            return self.offer(DomainSpec, found.clear)
        names = ", ".join(spec.name for spec in self.specs(DomainSpec))
        if not found.claimed:
            seen = f" (there are {found.words()})" if found.total else ""
            raise UsageError(
                f"{path}: no domain recognises this{seen}.", f"Say which with --domain (there are: {names})."
            )
        raise UsageError(
            f"{path}: holds files of several domains: {found.words()}.",
            f"Say which is meant: {' or '.join(f'--domain {name}' for name in found.claimed)}",
        )


@cache
def installed_registry() -> Registry:
    """The registry of everything installed, made once in a process; works whatever state the plugins are in."""
    return Registry(installed_host())


def default_registry() -> Registry:
    """The registry that commands work with.

    Raises:
        PluginError: a plugin is broken and ``RGANKIT_STRICT=1``.
    """
    registry = installed_registry()
    registry.host.insist()
    return registry
