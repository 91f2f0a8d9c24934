"""Symbols of the token representations by name: a kind and a number, such as ``pitch_60``, or ``metre_6/8``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from typing import Final

import numpy as np

from rgan_kit_plugins.domains.music.metres import Metre

PAD: Final = 0
BOS: Final = 1
EOS: Final = 2
SPECIAL: Final = ("<pad>", "<bos>", "<eos>")
SPECIAL_TOKENS: Final = {"pad": PAD, "bos": BOS, "eos": EOS}
MOST_NAMES: Final = 2**16

LONGEST: Final = 64 * 24
"""Steps in the longest bar, shift or duration."""

RANGES: Final[Mapping[str, tuple[int, int]]] = {
    "pitch": (0, 127),
    "rest": (0, 0),
    "hold": (0, 0),
    "tempo": (1, 1000),
    "shift": (1, LONGEST),
    "track": (0, 15),
    "duration": (1, LONGEST),
    "velocity": (1, 127),
    "bar": (0, 0),
    "position": (0, LONGEST),
    "program": (0, 127),
    "drum": (0, 127),
    "metre": (0, 0),
}
"""Numbers that a symbol of each kind may have; those without a choice are written without their number. A metre is
written as such, and its number is ``number_of``."""

_NAME: Final = re.compile(r"([a-z]+)(?:_(0|[1-9][0-9]{0,3}))?")
_METRE: Final = re.compile(r"metre_([1-9][0-9]?)/([1-9][0-9]?)")
_PLACES: Final = 100


class EventVocabulary:
    """Names of tokens, the three special ones first.

    Args:
        names: symbols by token.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        parsed = [("", 0)] * len(SPECIAL) + [_parse(name) for name in self.names[len(SPECIAL) :]]
        self.kinds = [kind for kind, _ in parsed]
        self.numbers = np.array([number for _, number in parsed], np.int64)

    @classmethod
    def of(cls, numbers: Mapping[str, Iterable[int]]) -> EventVocabulary:
        """A vocabulary with the symbols of each kind in the order given."""
        return cls([*SPECIAL, *(name(kind, number) for kind, own in numbers.items() for number in own)])

    def __len__(self) -> int:
        return len(self.names)

    def __contains__(self, kind: str) -> bool:
        return kind in self.tokens

    @cached_property
    def tokens(self) -> dict[str, dict[int, int]]:
        """Token by kind and number."""
        found: dict[str, dict[int, int]] = {}
        for token in range(len(SPECIAL), len(self)):
            found.setdefault(self.kinds[token], {})[int(self.numbers[token])] = token
        return found

    def block(self, kind: str) -> range:
        """The tokens of a kind, where they stand in one row by rising number."""
        own = list(self.tokens[kind].values())
        return range(own[0], own[-1] + 1)

    def nearest(self, kind: str, most: int) -> np.ndarray:
        """The token whose number is nearest to each from 0 to ``most``: int64 ``[most + 1]``; zeros where there are
        none of this kind."""
        own = self.tokens.get(kind)
        if not own:
            return np.zeros(most + 1, np.int64)
        numbers = np.array(list(own))
        edges = (numbers[1:] + numbers[:-1]) / 2  # the kind's numbers rise
        return np.asarray(np.array(list(own.values()))[np.searchsorted(edges, np.arange(most + 1), side="left")])

    def of_metres(self, metres: np.ndarray) -> np.ndarray:
        """The token of each metre (int64 ``[bars, 2]``), or of the one whose bar is nearest in length."""
        distinct, rows = np.unique(metres, axis=0, return_inverse=True)
        known = {number: metre_of(number) for number in self.tokens["metre"]}
        tokens = []
        for each in distinct.tolist():
            own = Metre(*each)
            best = min(known, key=lambda number: (known[number] != own, abs(known[number].units - own.units)))
            tokens.append(self.tokens["metre"][best])
        return np.asarray(np.array(tokens, np.int64)[rows.ravel()])

    def allowed_next(self, follows: Mapping[str, Iterable[str]]) -> np.ndarray:
        """Boolean ``[vocabulary, vocabulary]`` from which kinds may follow a kind; ``<bos>`` and ``<eos>`` are kinds
        of their own, and kinds that it does not have mean nothing."""
        kinds = np.array([*SPECIAL, *self.kinds[len(SPECIAL) :]])
        allowed = np.zeros((len(self), len(self)), np.bool_)
        for before, after in follows.items():
            allowed[np.ix_(kinds == before, np.isin(kinds, list(after)))] = True
        return allowed


def name(kind: str, number: int) -> str:
    """The name of a symbol."""
    if kind == "metre":
        return f"metre_{metre_of(number)}"
    low, high = RANGES[kind]
    return kind if low == high else f"{kind}_{number}"


def number_of(metre: Metre) -> int:
    """A metre as the number of its symbol."""
    return metre.numerator * _PLACES + metre.denominator


def metre_of(number: int) -> Metre:
    """And back."""
    return Metre(*divmod(number, _PLACES))


def _parse(text: str) -> tuple[str, int]:
    """Kind and number; raises ``ValueError`` for what is no name."""
    if match := _METRE.fullmatch(text):
        metre = Metre(int(match[1]), int(match[2]))
        if metre.usable:
            return "metre", number_of(metre)
    match = _NAME.fullmatch(text)
    low, high = RANGES.get(match[1], (1, 0)) if match and match[1] != "metre" else (1, 0)
    if match is None or low > high or (match[2] is None) != (low == high) or not low <= int(match[2] or 0) <= high:
        raise ValueError(f"vocabulary holds {text!r:.40}, which is no symbol")
    return match[1], int(match[2] or 0)


def check_names(names: Sequence[str], kinds: Sequence[str], needed: Sequence[str]) -> None:
    """Raises ``ValueError`` where a vocabulary that may come from a stranger is none.

    Args:
        names: symbols by token.
        kinds: that there may be.
        needed: that there have to be.
    """
    if tuple(names[: len(SPECIAL)]) != SPECIAL:
        raise ValueError(f"vocabulary does not begin with {', '.join(SPECIAL)}")
    if len(set(names)) < len(names):
        raise ValueError("vocabulary holds a name twice")
    own = EventVocabulary(names)
    wrong = [each for each, kind in zip(own.names, own.kinds, strict=True) if kind and kind not in kinds]
    if wrong:
        raise ValueError(f"vocabulary holds {wrong[0]!r:.40}, which is none of {', '.join(kinds)}")
    missing = [kind for kind in needed if kind not in own]
    if missing:
        raise ValueError(f"vocabulary holds no {' and no '.join(missing)}")
    for kind, tokens in own.tokens.items():
        rising = all(
            later[0] > earlier[0] and later[1] == earlier[1] + 1 for earlier, later in pairwise(tokens.items())
        )
        if not rising:
            raise ValueError(f"vocabulary does not hold its {kind} names in one row by rising number")
