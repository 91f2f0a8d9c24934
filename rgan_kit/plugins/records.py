"""What became of each plugin: the host keeps one record for every entry point it met."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class Status(StrEnum):
    """How far a plugin came."""

    LOADED = "loaded"
    BLOCKED = "blocked"
    BROKEN = "broken"
    CONFLICTING = "conflicting"


@dataclass
class PluginRecord:
    """One entry point.

    Attributes:
        name: the entry point's name.
        distribution: the distribution that brings it.
        version: of the distribution.
        target: ``module`` or ``module:attribute`` that the entry point names.
        status: what became of it.
        problem: why it is not (or not wholly) in use, in one line; empty where all is well.
        seconds: what importing it took.
        offers: names by collection, e.g. ``{"generator": ["lstm"]}``.
        hooks: names of the hooks that it implements.
    """

    name: str
    distribution: str
    version: str
    target: str
    status: Status = Status.LOADED
    problem: str = ""
    seconds: float = 0.0
    offers: dict[str, list[str]] = field(default_factory=dict)
    hooks: list[str] = field(default_factory=list)

    @property
    def qualified(self) -> str:
        """``distribution:name``, which is never ambiguous."""
        return f"{self.distribution}:{self.name}"

    @property
    def names(self) -> tuple[str, str, str]:
        """What it may be called: by its own name, in full, or by its distribution's name."""
        return (self.name, self.qualified, self.distribution)

    def add_problem(self, problem: str) -> None:
        """Adds to what is wrong, keeping what was said before."""
        self.problem = f"{self.problem}; {problem}" if self.problem else problem
