"""The syntax of SMILES (Weininger 1988; OpenSMILES 1.0): tokens, which may follow which, and what is wrong with a text.

Valences are no matter of syntax; see ``validity.py``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import numpy as np

_ELEMENTS: Final = (
    "He|Li|Be|Ne|Na|Mg|Al|Si|Cl|Ar|Ca|Sc|Ti|Cr|Mn|Fe|Co|Ni|Cu|Zn|Ga|Ge|As|Se|"
    "Br|Kr|Rb|Sr|Zr|Nb|Mo|Tc|Ru|Rh|Pd|Ag|Cd|In|Sn|Sb|Te|Xe|Cs|Ba|La|Ce|Pr|Nd|"
    "Pm|Sm|Eu|Gd|Tb|Dy|Ho|Er|Tm|Yb|Lu|Hf|Ta|Re|Os|Ir|Pt|Au|Hg|Tl|Pb|Bi|Po|At|"
    "Rn|Fr|Ra|Ac|Th|Pa|Np|Pu|Am|Cm|Bk|Cf|Es|Fm|Md|No|Lr|Rf|Db|Sg|Bh|Hs|Mt|Ds|"
    "Rg|Cn|Nh|Fl|Mc|Lv|Ts|Og|H|B|C|N|O|F|P|S|K|V|Y|I|W|U"
)
_AROMATIC: Final = "se|as|te|b|c|n|o|p|s"

_BRACKET: Final = re.compile(
    r"\[(?:\d{1,3})?"  # isotope
    rf"(?:{_AROMATIC}|{_ELEMENTS}|\*)"
    r"(?:@(?:@|TH[12]|AL[12]|SP[1-3]|TB\d{1,2}|OH\d{1,2})?)?"  # chirality
    r"(?:H\d?)?"
    r"(?:\+\+|--|[+-]\d{0,2})?"  # charge
    r"(?::\d{1,4})?\]",  # class
    re.ASCII,
)
_TOKEN: Final = re.compile(
    r"(?P<atom>\[[^\[\]]*\]|Br|Cl|[BCNOPSFI]|[bcnops]|\*)|(?P<ring>%\d\d|\d)|(?P<bond>[-=#$:/\\])|(?P<dot>\.)"
    r"|(?P<open>\()|(?P<close>\))",
    re.ASCII,
)
_DIRECTIONS: Final = frozenset("/\\")

_AFTER: Final[dict[str, tuple[str, ...]]] = {
    "start": ("atom",),
    "atom": ("atom", "ring", "bond", "dot", "open", "close", "end"),
    "ring": ("atom", "ring", "bond", "dot", "open", "close", "end"),
    "bond": ("atom", "ring"),
    "dot": ("atom",),
    "open": ("atom", "bond", "dot"),
    "close": ("atom", "bond", "dot", "open", "close", "end"),
}
"""Which kind of token may come after which. A ring number stands at its atom, before any branch."""


def tokens_of(text: str) -> list[str] | None:
    """The tokens of a text; None where some of it is none."""
    found = [match.group() for match in _TOKEN.finditer(text)]
    return found if sum(map(len, found)) == len(text) else None


def kind_of(token: str) -> str:
    """``atom``, ``ring``, ``bond``, ``dot``, ``open`` or ``close``.

    Raises:
        ValueError: it is no token.
    """
    match = _TOKEN.fullmatch(token)
    if match is None or match.lastgroup is None:
        raise ValueError(f"{token!r} is no token of SMILES")
    return match.lastgroup


def problem_of(text: str) -> str | None:
    """What is wrong with the syntax of a text, in words; None where it can be read."""
    tokens = tokens_of(text)
    if not tokens:
        return "empty" if tokens is not None else "has a character that SMILES has not"
    kinds = [kind_of(token) for token in tokens]
    for token, kind in zip(tokens, kinds, strict=True):
        if kind == "atom" and token[0] == "[" and not _BRACKET.fullmatch(token):
            return f"{token[:20]} is no atom"
    for number, (before, after) in enumerate(zip(("start", *kinds), (*kinds, "end"), strict=True)):
        if after not in _AFTER[before]:
            here = "the end" if after == "end" else f"{tokens[number]} at token {number + 1}"
            return f"{here} cannot stand there"
    graph = _Graph()
    problems = (graph.read(token, kind) for token, kind in zip(tokens, kinds, strict=True))
    return next((problem for problem in problems if problem), None) or graph.unfinished()


class _Graph:
    """The atoms and bonds of a text, as far as it was read."""

    def __init__(self) -> None:
        self._atoms = 0
        self._last: int | None = None  # the atom that the next one is bonded to
        self._bond = ""
        self._branches: list[int | None] = []
        self._rings: dict[int, tuple[int | None, str]] = {}
        self._bonded: set[tuple[int | None, int | None]] = set()

    def read(self, token: str, kind: str) -> str | None:
        """Takes one more token; says what is wrong with it."""
        if kind == "ring":
            return self._ring(int(token.lstrip("%")))
        if kind == "atom":
            self._bonded.add((self._last, self._atoms))
            self._last, self._atoms = self._atoms, self._atoms + 1
        elif kind == "dot":
            self._last = None
        elif kind == "open":
            self._branches.append(self._last)
        elif kind == "close":
            if not self._branches:
                return "a branch is closed that was never opened"
            self._last = self._branches.pop()
        self._bond = token if kind == "bond" else ""
        return None

    def _ring(self, number: int) -> str | None:
        here, self._bond = self._bond, ""
        if number not in self._rings:
            self._rings[number] = self._last, here
            return None
        other, there = self._rings.pop(number)
        if other == self._last or (other, self._last) in self._bonded:
            return f"ring {number} bonds two atoms that are one, or bonded already"
        if here and there and here != there and not {here, there} <= _DIRECTIONS:
            return f"ring {number} is closed by another bond than it was opened by"
        self._bonded.add((other, self._last))
        return None

    def unfinished(self) -> str | None:
        """What is still open at the end."""
        if self._branches:
            return "a branch is not closed"
        return f"ring {min(self._rings)} is not closed" if self._rings else None


def allowed_next(vocabulary: Sequence[str], bos: int, eos: int, unknown: int) -> np.ndarray:
    """Boolean ``[vocabulary, vocabulary]``, row = token before, column = token after.

    Args:
        vocabulary: tokens by number, the special ones anything.
        bos, eos, unknown: numbers of special tokens; what is unknown may be anything.
    """
    special = {bos: "start", eos: "end", unknown: ""}
    written = [number for number, token in enumerate(vocabulary) if _TOKEN.fullmatch(token)]
    kinds = {number: kind_of(vocabulary[number]) for number in written} | special
    allowed = np.zeros((len(vocabulary), len(vocabulary)), np.bool_)
    for before, kind in kinds.items():
        for after, other in kinds.items():
            allowed[before, after] = other != "start" and (not kind or not other or other in _AFTER.get(kind, ()))
    return allowed
