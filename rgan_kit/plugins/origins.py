"""Where a plugin comes from: its distribution, and whether that distribution wants this rgan-kit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email import message_from_string
from functools import cache
from importlib.metadata import EntryPoint
from typing import Final

from rgan_kit import __version__

OURSELVES: Final = "rgan-kit"
_REQUIRES_US: Final = re.compile(r"rgan[-_.]kit(?![\w.-])", re.IGNORECASE)


@dataclass(frozen=True)
class Origin:
    """A distribution; empty strings where a broken uninstall has left it without metadata.

    Attributes:
        name, version: its own.
        requires: what it requires, as ``Requires-Dist`` has it.
    """

    name: str = "unknown"
    version: str = ""
    requires: tuple[str, ...] = ()

    @classmethod
    def of(cls, entry: EntryPoint) -> Origin:
        """That of an entry point. The headers are read here, once, because ``importlib.metadata`` parses the whole
        long description anew whenever it is asked for a name, which is what starting with many plugins would wait for.
        """
        try:
            text = (entry.dist.read_text("METADATA") or entry.dist.read_text("PKG-INFO") or "") if entry.dist else ""
            headers = message_from_string(text.replace("\r\n", "\n").partition("\n\n")[0])
        except Exception:  # not text, or not there any more
            return cls()
        requires = tuple(map(str, headers.get_all("Requires-Dist", [])))
        return cls(str(headers["Name"] or "unknown"), str(headers["Version"] or ""), requires)

    @property
    def refusal(self) -> str:
        """Why what it requires leaves out the rgan-kit that is installed; empty where it does not."""
        if self.name == OURSELVES:
            return ""
        pins = (_unmet(text) for text in self.requires if _REQUIRES_US.match(text))
        pin = next(filter(None, pins), "")
        return (
            f"it needs {OURSELVES} {pin}, and {__version__} is installed: upgrade the plugin, or install a version of "
            f"{OURSELVES} that it works with"
            if pin
            else ""
        )


@cache
def _unmet(requirement: str) -> str:
    """The pin of a requirement that this rgan-kit does not meet; empty where it does."""
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        wanted = Requirement(requirement)
    except InvalidRequirement:
        return ""
    applies = wanted.marker is None or wanted.marker.evaluate({"extra": ""})
    return str(wanted.specifier) if applies and not wanted.specifier.contains(__version__, prereleases=True) else ""
