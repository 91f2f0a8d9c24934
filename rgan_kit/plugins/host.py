"""The plugin host: finds plugins by entry point, keeps their faults to themselves, and calls their hooks.

Entry points are walked here and not by pluggy's own loader, since one bad import would end that walk and the second
of two equal names would be dropped in silence.
"""

from __future__ import annotations

import inspect
import logging
import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.metadata import EntryPoint, distributions
from typing import Any

import pluggy

from rgan_kit import hookspecs
from rgan_kit.errors import PluginError, RganKitError
from rgan_kit.hookspecs import ENTRY_POINT_GROUP, PROJECT
from rgan_kit.plugins.origins import Origin
from rgan_kit.plugins.records import PluginRecord, Status

logger = logging.getLogger(__name__)

PREFIX = f"{PROJECT}_"


def describe(error: BaseException) -> str:
    """An exception in one line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


class PluginHost:
    """All plugins of this process.

    Args:
        entries: the entry points to walk.
        environ: where ``RGANKIT_PLUGINS`` (names to allow), ``RGANKIT_BLOCK`` (names to leave out) and
            ``RGANKIT_STRICT=1`` (any broken plugin is fatal) are read; names are short or ``distribution:name``,
            joined by commas.
    """

    def __init__(self, entries: Iterable[EntryPoint], environ: Mapping[str, str] = os.environ) -> None:
        self._allowed = _names(environ.get("RGANKIT_PLUGINS", ""))
        self._blocked = _names(environ.get("RGANKIT_BLOCK", ""))
        self.strict = environ.get("RGANKIT_STRICT", "") == "1"
        self.records: list[PluginRecord] = []
        self._manager = pluggy.PluginManager(PROJECT)
        self._manager.add_hookspecs(hookspecs)
        self._silenced: set[tuple[str, str]] = set()
        met = [(Origin.of(entry), entry) for entry in entries]
        for origin, entry in sorted(met, key=lambda pair: (pair[0].name, pair[1].name)):
            self._admit(entry, origin)
        self._mark_equal_names()

    def _admit(self, entry: EntryPoint, origin: Origin) -> None:
        record = PluginRecord(entry.name, origin.name, origin.version, entry.value)
        if any(known.qualified == record.qualified and known.target == record.target for known in self.records):
            return  # the same distribution seen twice on the path (an editable install beside its own folder)
        self.records.append(record)
        names = {record.name, record.qualified}
        if names & self._blocked:
            record.status, record.problem = Status.BLOCKED, "left out by RGANKIT_BLOCK"
        elif self._allowed and not names & self._allowed:
            record.status, record.problem = Status.BLOCKED, "not among RGANKIT_PLUGINS"
        elif origin.refusal:
            record.status, record.problem = Status.BROKEN, origin.refusal
        else:
            self._load(entry, record)

    def _load(self, entry: EntryPoint, record: PluginRecord) -> None:
        started = time.perf_counter()
        try:
            plugin = entry.load()
            self._check_markers(plugin)
            self._manager.register(plugin, name=record.qualified)
            self._manager.check_pending()
            callers = self._manager.get_hookcallers(plugin) or []
            self._refuse_wrappers(plugin, [caller.name for caller in callers])
            record.hooks = sorted(caller.name for caller in callers)
        except (KeyboardInterrupt, GeneratorExit):
            raise
        except BaseException as error:  # a plugin may even call sys.exit() while it is imported
            if self._manager.has_plugin(record.qualified):
                self._manager.unregister(name=record.qualified)
            record.status, record.problem = Status.BROKEN, _hint(error)
            logger.debug("plugin %s is broken", record.qualified, exc_info=True)
        record.seconds = time.perf_counter() - started

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
        for record in self.records:
            plugin = self._manager.get_plugin(record.qualified)
            if plugin is not None:
                yield record, plugin

    def collect(self, hook: str) -> Iterator[tuple[PluginRecord, Any]]:
        """Calls a collecting hook plugin by plugin; one that raises is recorded as broken there and skipped."""
        for record, plugin in self.active():
            for implementation in self._implementations(hook, plugin):
                try:
                    result = implementation()
                    items = [] if result is None else list(result)
                except Exception as error:
                    record.status = Status.BROKEN
                    record.add_problem(f"{hook} raised {describe(error)}")
                    logger.debug("hook %s of plugin %s raised", hook, record.qualified, exc_info=True)
                    continue
                for item in items:
                    yield record, item

    def first(self, hook: str, **arguments: Any) -> tuple[PluginRecord, Any] | None:
        """Calls a deciding hook plugin by plugin until one answers; one that raises is named in a warning."""
        for record, result in self.each(hook, **arguments):
            if result is not None:
                return record, result
        return None

    def notify(self, hook: str, **arguments: Any) -> None:
        """Calls a lifecycle hook of every plugin."""
        for _ in self.each(hook, **arguments):
            pass

    def each(self, hook: str, **arguments: Any) -> Iterator[tuple[PluginRecord, Any]]:
        """Calls a hook plugin by plugin. One that raises is named in a warning and not called again for this hook;
        an error that is meant for the user (``RganKitError``) goes through."""
        for record, plugin in self.active():
            if (record.qualified, hook) in self._silenced:
                continue
            for implementation, names in self._with_arguments(hook, plugin):
                try:
                    result = implementation(**{name: arguments[name] for name in names})
                except RganKitError:
                    raise
                except Exception as error:
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
                "Mend or uninstall them, leave them out with RGANKIT_BLOCK, or unset RGANKIT_STRICT.",
            )


def _names(text: str) -> set[str]:
    return {name.strip() for name in text.split(",") if name.strip()}


def _hint(error: BaseException) -> str:
    """What went wrong while a plugin was loaded, with the mend where the fault is a known one."""
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
    entries: list[EntryPoint] = []
    unreadable: list[PluginRecord] = []
    for distribution in distributions():
        try:
            entries += [entry for entry in distribution.entry_points if entry.group == ENTRY_POINT_GROUP]
        except Exception as error:  # a malformed entry_points.txt; entry_points() would end the whole walk
            problem = f"its entry points cannot be read: {describe(error)}"
            name = str(distribution.metadata["Name"] or "unknown")
            unreadable.append(PluginRecord("?", name, distribution.version or "", "?", Status.BROKEN, problem))
    host = PluginHost(entries)
    host.records += unreadable
    return host
