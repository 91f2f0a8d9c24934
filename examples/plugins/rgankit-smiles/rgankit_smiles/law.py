"""Molecules of a small law: chains of atoms and rings, with branches, whose likelihoods and entropy are exact.

A molecule is a chain; a chain is one or more units and perhaps a halogen; a carbon or nitrogen of the outermost chain
may carry a branch, which is a chain without branches. Every text has one derivation, and valences are kept.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

Unit = tuple[str, ...]

_UNITS: Final[dict[Unit, float]] = {
    ("C",): 0.46,
    ("N",): 0.12,
    ("O",): 0.1,
    ("S",): 0.04,
    ("C", "(", "=", "O", ")"): 0.1,
    ("c", "1", "c", "c", "c", "c", "c", "1"): 0.1,
    ("C", "1", "C", "C", "C", "C", "C", "1"): 0.08,
}
_CAPS: Final[dict[Unit, float]] = {(): 0.7, ("F",): 0.12, ("Cl",): 0.12, ("Br",): 0.06}
_BRANCHING: Final = frozenset({("C",), ("N",)})
_BRANCH: Final = 0.25
_STOP: Final = (0.2, 0.5)
"""Chance that a chain ends after a unit: of the outermost one, and of one in a branch."""

_LONGEST_FIRST: Final = sorted(_UNITS, key=len, reverse=True)


def draw(rng: np.random.Generator, depth: int = 0) -> list[str]:
    """The tokens of a molecule (``depth`` 1: of a branch)."""
    tokens: list[str] = []
    while True:
        unit = _choose(_UNITS, rng)
        tokens += unit
        if depth == 0 and unit in _BRANCHING and rng.random() < _BRANCH:
            tokens += ["(", *draw(rng, 1), ")"]
        if rng.random() < _STOP[depth]:
            return [*tokens, *_choose(_CAPS, rng)]


def _choose(chances: dict[Unit, float], rng: np.random.Generator) -> Unit:
    return list(chances)[rng.choice(len(chances), p=list(chances.values()))]


def log_likelihood(tokens: Sequence[str]) -> float:
    """Nats of a molecule under the law; minus infinity where it cannot say it."""
    nats, rest = _chain(tuple(tokens), 0)
    return -math.inf if rest else nats


def _chain(tokens: Unit, depth: int) -> tuple[float, Unit]:
    """Nats of the chain that tokens begin with, and what is left of them."""
    nats = 0.0
    while True:
        unit = next((unit for unit in _LONGEST_FIRST if tokens[: len(unit)] == unit), None)
        if unit is None:
            return -math.inf, tokens
        nats, tokens = nats + math.log(_UNITS[unit]), tokens[len(unit) :]
        if depth == 0 and unit in _BRANCHING:
            branched = tokens[:1] == ("(",)
            nats += math.log(_BRANCH if branched else 1 - _BRANCH)
            if branched:
                inner, tokens = _chain(tokens[1:], 1)
                if tokens[:1] != (")",):
                    return -math.inf, tokens
                nats, tokens = nats + inner, tokens[1:]
        cap = tokens[:1] if tokens[:1] in _CAPS else ()
        if cap or tokens[:1] in ((), (")",)):
            return nats + math.log(_STOP[depth]) + math.log(_CAPS[cap]), tokens[len(cap) :]
        nats += math.log(1 - _STOP[depth])


def entropy_rate() -> float:
    """Nats a token, the end token counted: no model can be below it on new molecules."""
    nats, length = _expected(0)
    return nats / (length + 1)


def _expected(depth: int) -> tuple[float, float]:
    """Nats and tokens of a chain on average."""
    nats = _entropy(_UNITS.values()) + _entropy((_STOP[depth], 1 - _STOP[depth]))
    length = sum(chance * len(unit) for unit, chance in _UNITS.items())
    if depth == 0:
        branching = sum(_UNITS[unit] for unit in _BRANCHING)
        inner, tokens = _expected(1)
        nats += branching * (_entropy((_BRANCH, 1 - _BRANCH)) + _BRANCH * inner)
        length += branching * _BRANCH * (tokens + 2)
    cap = sum(chance * len(unit) for unit, chance in _CAPS.items())
    return nats / _STOP[depth] + _entropy(_CAPS.values()), length / _STOP[depth] + cap


def _entropy(chances: Any) -> float:
    return -math.fsum(chance * math.log(chance) for chance in chances)


@dataclass
class MoleculeTruth:
    """Measures molecules under the law."""

    name: str = "law of molecules"

    def measure(self, samples: Sequence[Any]) -> dict[str, float]:
        """``valid``: share of the samples that the law can give. ``grammar_nll``: nats a token of those, the end
        counted. Both are nan where there is none to count."""
        from rgankit_smiles.syntax import tokens_of

        rows = [tokens_of(str(sample)) or [] for sample in samples]
        likelihoods = [log_likelihood(row) for row in rows]
        valid = [number for number, nats in enumerate(likelihoods) if nats > -math.inf]
        tokens = sum(len(rows[number]) + 1 for number in valid)
        return {
            "valid": len(valid) / len(rows) if rows else math.nan,
            "grammar_nll": -math.fsum(likelihoods[number] for number in valid) / tokens if valid else math.nan,
        }

    def reference(self) -> dict[str, float]:
        """What the law itself reaches, exactly."""
        rate = entropy_rate()
        return {"valid": 1.0, "grammar_nll": rate, "heldout_nll": rate}
