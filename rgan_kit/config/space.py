"""What a search may choose: options with the values that they may have, as a TOML file says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from rgan_kit.config.layers import read_toml
from rgan_kit.errors import UsageError

_KEYS = frozenset({"low", "high", "log", "step"})


class Suggesting(Protocol):
    """Whoever chooses; a trial of Optuna does."""

    def suggest_int(self, name: str, low: int, high: int, *, step: int = 1, log: bool = False) -> int:
        """A whole number."""
        ...

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float:
        """A number."""
        ...

    def suggest_categorical(self, name: str, choices: Any) -> Any:
        """One of several."""
        ...


@dataclass(frozen=True)
class Range:
    """Numbers from ``low`` to ``high``, whole ones where both are."""

    low: float
    high: float
    log: bool = False
    step: float | None = None

    def suggested(self, option: str, trial: Suggesting) -> float:
        """One that a trial takes."""
        if isinstance(self.low, int) and isinstance(self.high, int):
            return trial.suggest_int(option, self.low, self.high, step=int(self.step or 1), log=self.log)
        return trial.suggest_float(option, self.low, self.high, step=self.step, log=self.log)


@dataclass(frozen=True)
class Choice:
    """One of several texts, numbers or switches."""

    values: tuple[str | float | bool, ...]

    def suggested(self, option: str, trial: Suggesting) -> str | float | bool:
        """The one that a trial takes."""
        chosen: str | float | bool = trial.suggest_categorical(option, list(self.values))
        return chosen


Space = Mapping[str, Range | Choice]
"""By option, as ``generator.hidden_size``."""


def read_space(path: Path) -> Space:
    """The space that a file describes.

    ``"generator.hidden_size" = { low = 32, high = 256, log = true }`` is a range, ``dropout = [0.0, 0.3]`` below
    ``[generator]`` a choice.

    Raises:
        UsageError: no such file, no TOML, or what is neither.
    """
    space: dict[str, Range | Choice] = {}
    for key, value in read_toml(path).items():
        inner = isinstance(value, Mapping) and "low" not in value and "." not in key
        for name, each in value.items() if inner else ((None, value),):
            option = key if name is None else f"{key}.{name}"
            space[option] = _entry(f"{path}: {option}", each)
    if not space:
        raise UsageError(f"{path}: names no option.", 'Write, for example: "generator.hidden_size" = [32, 64, 128]')
    return space


def _entry(where: str, value: Any) -> Range | Choice:
    hint = "Write a range, { low = 32, high = 256, log = true }, or a list of values, [0.0, 0.3]."
    if isinstance(value, list) and value and all(isinstance(each, str | int | float) for each in value):
        return Choice(tuple(value))
    if not isinstance(value, Mapping) or not {"low", "high"} <= value.keys() <= _KEYS:
        raise UsageError(f"{where}: this is neither a range nor a list of values.", hint)
    low, high, step, log = value["low"], value["high"], value.get("step"), value.get("log", False)
    numbers = [each for each in (low, high, step) if each is not None]
    if any(isinstance(each, bool) or not isinstance(each, int | float) for each in numbers) or log not in (True, False):
        raise UsageError(f"{where}: low, high and step have to be numbers, and log true or false.", hint)
    if not low < high or (log and (low <= 0 or step is not None)) or (step is not None and step <= 0):
        raise UsageError(
            f"{where}: low has to lie below high, both above 0 where log is true, and a step goes without log.", hint
        )
    return Range(low, high, bool(log), step)
