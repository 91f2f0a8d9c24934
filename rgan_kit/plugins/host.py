"""The plugin host: finds plugins by entry point, keeps their faults to themselves, and calls their hooks.

Entry points are walked here and not by pluggy's own loader, since one bad import would end that walk and the second
of two equal names would be dropped in silence.
"""

from __future__ import annotations

import inspect
import logging
import math
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, partial
from importlib.metadata import EntryPoint
from itertools import islice
from types import ModuleType
from typing import Any, Final

import pluggy

from rgan_kit import hookspecs
from rgan_kit.errors import PluginError, RganKitError, UsageError
from rgan_kit.hookspecs import PROJECT
from rgan_kit.plugins.contain import contained, describe, last_resort, under_name
from rgan_kit.plugins.discovery import discover, hidden
from rgan_kit.plugins.origins import Origin
from rgan_kit.plugins.records import PluginRecord, Status

logger = logging.getLogger(__name__)

PREFIX = f"{PROJECT}_"

TIMEOUT: Final = 30.0
"""Seconds that importing a plugin may take, and a hook that is to answer at once: ten times what torch takes."""

MOST_ITEMS: Final = 10_000
"""Items that a collecting hook may return."""

REFUSING: Final = ("rgankit_guess_domain", "rgankit_train_start", "rgankit_export_metadata")
"""Hooks that may end what calls them by an error that is meant for the user. No other hook stops a training."""


class PluginHost:
    """All plugins of this process.

    Args:
        entries: the entry points to walk, in the order of the path.
        environ: where ``RGANKIT_PLUGINS`` (names to allow), ``RGANKIT_BLOCK`` (names to leave out),
            ``RGANKIT_STRICT=1`` (any broken plugin is fatal) and ``RGANKIT_TIMEOUT`` (seconds that importing a plugin
            may take, 0 for as long as it likes) are read; names are short or ``distribution:name``, joined by commas.

    Raises:
        UsageError: ``RGANKIT_TIMEOUT`` is no number of seconds.
    """

    def __init__(self, entries: Iterable[EntryPoint], environ: Mapping[str, str] = os.environ) -> None:
        self._allowed = _names(environ.get("RGANKIT_PLUGINS", ""))
        self._blocked = _names(environ.get("RGANKIT_BLOCK", ""))
        self.strict = environ.get("RGANKIT_STRICT", "") == "1"
        self._seconds = timeout(environ)
        self.records: list[PluginRecord] = []
        self._plugins: list[tuple[PluginRecord, object]] = []
        self._manager = pluggy.PluginManager(PROJECT)
        self._manager.add_hookspecs(hookspecs)
        self._silenced: set[tuple[str, str]] = set()
        met = [(Origin.of(entry), entry) for entry in entries]
        found = zip(met, hidden(met), strict=True)
        with last_resort() as resort:
            for (origin, entry), problem in sorted(found, key=lambda each: (each[0][0].name, each[0][1].name)):
                self._admit(entry, origin, problem, resort)
        self._mark_equal_names()

    def _admit(self, entry: EntryPoint, origin: Origin, hidden_by: str, resort: last_resort) -> None:
        record = PluginRecord(entry.name, origin.name, origin.version, entry.value)
        if not hidden_by and any(
            known.qualified == record.qualified and known.target == record.target and known.version == record.version
            for known in self.records
        ):
            return  # the same distribution seen twice on the path (an editable install beside its own folder)
        self.records.append(record)
        names = {record.name, record.qualified}
        if names & self._blocked:
            record.status, record.problem = Status.BLOCKED, "left out by RGANKIT_BLOCK"
        elif self._allowed and not names & self._allowed:
            record.status, record.problem = Status.BLOCKED, "not among RGANKIT_PLUGINS"
        elif hidden_by:
            record.status, record.problem = Status.CONFLICTING, hidden_by
        elif origin.refusal:
            record.status, record.problem = Status.BROKEN, origin.refusal
        else:
            resort.wait(self._seconds)
            self._load(entry, record)

    def _load(self, entry: EntryPoint, record: PluginRecord) -> None:
        logger.debug("importing plugin %s (%s)", record.qualified, record.target)
        started = time.perf_counter()
        what = f"importing plugin {record.qualified}"
        try:
            with contained(what, self._seconds):
                plugin = under_name(what, entry.load)
                self._check_object(plugin)
                self._check_markers(plugin)
                self._manager.register(plugin, name=record.qualified)
                self._manager.check_pending()
                callers = self._manager.get_hookcallers(plugin) or []
                self._refuse_wrappers(plugin, [caller.name for caller in callers])
                record.hooks = sorted(caller.name for caller in callers)
                if not record.hooks:
                    raise PluginError(f"{_where(plugin, record)} implements no hook", "See docs/hooks.md.")
            self._plugins.append((record, plugin))
        except Exception as error:
            if self._manager.has_plugin(record.qualified):
                self._manager.unregister(name=record.qualified)
            record.status, record.problem = Status.BROKEN, _hint(error, entry, record)
            logger.debug("plugin %s is broken", record.qualified, exc_info=True)
        record.seconds = time.perf_counter() - started

    def _check_object(self, plugin: object) -> None:
        """Hooks of a class would be called without an object, and two entry points that name one object would be one
        plugin."""
        if isinstance(plugin, type):
            raise PluginError(
                f"its entry point names the class {plugin.__name__}",
                f"Make an object in the module (logger = {plugin.__name__}()), and name that: only you know what its "
                "__init__ takes.",
            )
        for record, known in self._plugins:
            if known is plugin:
                raise PluginError(f"it names what {record.qualified} is already", "Name each once.")

    def _check_markers(self, plugin: object) -> None:
        for name in dir(plugin):
            function = getattr(plugin, name, None)
            if name.startswith(PREFIX) and callable(function) and not hasattr(function, f"{PROJECT}_impl"):
                raise PluginError(f"{name} is not marked", "Put @rgan_kit.hookimpl above it.")

    def _refuse_wrappers(self, plugin: object, hooks: Iterable[str]) -> None:
        for hook in hooks:
            for implementation in getattr(self._manager.hook, hook).get_hookimpls():
                if implementation.plugin is plugin and (implementation.wrapper or implementation.hookwrapper):
                    raise PluginError(
                        f"{hook} is a wrapper", "Hooks are called plugin by plugin: write a plain function."
                    )

    def _mark_equal_names(self) -> None:
        count = Counter(record.name for record in self.records if record.status is Status.LOADED)
        for record in self.records:
            if record.status is Status.LOADED and count[record.name] > 1:
                others = [r.qualified for r in self.records if r.name == record.name and r is not record]
                record.status = Status.CONFLICTING
                record.add_problem(f"the name is also that of {', '.join(others)}; call it {record.qualified}")

    def active(self) -> Iterator[tuple[PluginRecord, object]]:
        """Plugins in use, each with its record."""
        yield from self._plugins

    def collect(self, hook: str) -> list[tuple[PluginRecord, Any]]:
        """Calls a collecting hook plugin by plugin; one that raises, does not come back or has no end is recorded as
        broken there and skipped."""
        found: list[tuple[PluginRecord, Any]] = []
        with last_resort() as resort:
            for record, plugin in self.active():
                for implementation in self._implementations(hook, plugin):
                    logger.debug("calling %s of plugin %s", hook, record.qualified)
                    resort.wait(self._seconds)
                    what = f"{hook} of plugin {record.qualified}"
                    try:
                        with contained(what, self._seconds):
                            items = under_name(what, partial(_collected, implementation))
                    except Exception as error:
                        record.status = Status.BROKEN
                        record.add_problem(f"{hook} raised {describe(error)}")
                        logger.debug("hook %s of plugin %s raised", hook, record.qualified, exc_info=True)
                        continue
                    found += [(record, item) for item in items]
        return found

    def first(self, hook: str, **arguments: Any) -> tuple[PluginRecord, Any] | None:
        """Calls a deciding hook plugin by plugin until one answers, each for as long as importing it may take; one that
        raises is named in a warning."""
        for record, result in self.each(hook, self._seconds, **arguments):
            if result is not None:
                return record, result
        return None

    def notify(self, hook: str, **arguments: Any) -> None:
        """Calls a lifecycle hook of every plugin."""
        for _ in self.each(hook, **arguments):
            pass

    def each(self, hook: str, seconds: float = 0.0, /, **arguments: Any) -> Iterator[tuple[PluginRecord, Any]]:
        """Calls a hook plugin by plugin. One that raises is named in a warning and not called again for this hook; an
        error that is meant for the user (``RganKitError``) goes through where the hook is one of ``REFUSING``."""
        for record, plugin in self.active():
            if (record.qualified, hook) in self._silenced:
                continue
            for implementation, names in self._with_arguments(hook, plugin):
                logger.debug("calling %s of plugin %s", hook, record.qualified)
                try:
                    with contained(f"{hook} of plugin {record.qualified}", seconds):
                        result = implementation(**{name: arguments[name] for name in names})
                except Exception as error:
                    if isinstance(error, RganKitError) and hook in REFUSING:
                        raise
                    self._silenced.add((record.qualified, hook))
                    record.add_problem(f"{hook} raised {describe(error)}")
                    logger.warning("plugin %s: %s raised %s; it is not called again", record.qualified, hook,
                                   describe(error))  # fmt: skip
                    continue
                yield record, result

    def _implementations(self, hook: str, plugin: object) -> list[Any]:
        return [function for function, _ in self._with_arguments(hook, plugin)]

    def _with_arguments(self, hook: str, plugin: object) -> list[tuple[Any, tuple[str, ...]]]:
        caller = getattr(self._manager.hook, hook)
        return [(impl.function, impl.argnames) for impl in caller.get_hookimpls() if impl.plugin is plugin]

    def insist(self) -> None:
        """Under ``RGANKIT_STRICT=1``, raises ``PluginError`` where any plugin is broken."""
        broken = [record for record in self.records if record.status is Status.BROKEN]
        if self.strict and broken:
            faults = "; ".join(f"{record.qualified}: {record.problem}" for record in broken)
            raise PluginError(
                f"RGANKIT_STRICT=1 and {len(broken)} plugin(s) are broken: {faults}",
                "Fix or uninstall them, leave them out with RGANKIT_BLOCK, or unset RGANKIT_STRICT.",
            )


def _names(text: str) -> set[str]:
    return {name.strip() for name in text.split(",") if name.strip()}


def timeout(environ: Mapping[str, str] = os.environ) -> float:
    """Seconds that importing a plugin may take; 0 for as long as it likes.

    Raises:
        UsageError: ``RGANKIT_TIMEOUT`` is no number of seconds.
    """
    text = environ.get("RGANKIT_TIMEOUT", "")
    try:
        seconds = float(text or TIMEOUT)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise UsageError(f"RGANKIT_TIMEOUT={text}: this is no number of seconds.", "0 is for as long as it takes.")
    return seconds


def _collected(implementation: Callable[[], Any]) -> list[Any]:
    """What a collecting hook returns.

    Raises:
        PluginError: it has no end, as far as one can see.
    """
    items = list(islice(implementation() or (), MOST_ITEMS + 1))
    if len(items) > MOST_ITEMS:
        raise PluginError(f"it returns more than {MOST_ITEMS:,} items, none of which is used", "Let it come to an end.")
    return items


def _where(plugin: object, record: PluginRecord) -> str:
    """What an entry point names, and the file where Python found it, which may not be the one that was meant."""
    module = plugin if isinstance(plugin, ModuleType) else sys.modules.get(record.target.partition(":")[0])
    return f"{record.target} ({getattr(module, '__file__', None) or 'built in'})"


def _hint(error: BaseException, entry: EntryPoint, record: PluginRecord) -> str:
    """What went wrong while a plugin was loaded, with the hint where the fault is a known one."""
    if isinstance(error, ModuleNotFoundError) and error.name == entry.module.partition(".")[0]:
        return (
            f"there is no module {error.name}, which it is: install it again, or take away what an uninstall has left "
            f"(pip uninstall {record.distribution})"
        )
    if isinstance(error, pluggy.PluginValidationError):
        known = sorted(name for name in vars(hookspecs) if name.startswith(PREFIX))
        named = next((name for name in known if f"for hook {name!r}" in str(error)), None)
        if named is not None:  # it asks for an argument that there is not, or not yet
            taken = ", ".join(inspect.signature(getattr(hookspecs, named)).parameters) or "none"
            return f"{describe(error)} (arguments of {named}: {taken})"
        return f"{describe(error)} (hooks: {', '.join(known)})"
    return describe(error)


@cache
def installed_host() -> PluginHost:
    """The host of every installed plugin, made once in a process."""
    entries, unreadable = discover()
    host = PluginHost(entries)
    host.records += unreadable
    return host
