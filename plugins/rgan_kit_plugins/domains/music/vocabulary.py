"""Symbols of the token representations by name: a kind and a number, such as ``pitch_60`` or ``duration_4``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from typing import Final

import numpy as np

PAD: Final = 0
BOS: Final = 1
EOS: Final = 2
SPECIAL: Final = ("<pad>", "<bos>", "<eos>")
SPECIAL_TOKENS: Final = {"pad": PAD, "bos": BOS, "eos": EOS}

LONGEST: Final = 64 * 24
"""Steps in the longest shift or duration."""

RANGES: Final[Mapping[str, tuple[int, int]]] = {
    "pitch": (0, 127),
    "rest": (0, 0),
    "hold": (0, 0),
    "tempo": (1, 1000),
    "shift": (1, LONGEST),
    "track": (0, 15),
    "duration": (1, LONGEST),
    "velocity": (1, 127),
}
"""Numbers that a symbol of each kind may have; those without a choice are written without their number."""

_NEEDED: Final = ("pitch", "rest", "hold", "shift", "duration")
_NAME: Final = re.compile(r"([a-z]+)(?:_(0|[1-9][0-9]{0,3}))?")


class Vocabulary:
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
    def of(cls, numbers: Mapping[str, Iterable[int]]) -> Vocabulary:
        """A vocabulary with the symbols of each kind in the order given."""
        return cls([*SPECIAL, *(name(kind, number) for kind, own in numbers.items() for number in own)])

    def __len__(self) -> int:
        return len(self.names)

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

    def allowed_next(self, follows: Mapping[str, Sequence[str]]) -> np.ndarray:
        """Boolean ``[vocabulary, vocabulary]`` from which kinds may follow a kind; ``<bos>`` and ``<eos>`` are kinds
        of their own."""
        kinds = np.array([*SPECIAL, *self.kinds[len(SPECIAL) :]])
        allowed = np.zeros((len(self), len(self)), np.bool_)
        for before, after in follows.items():
            allowed[np.ix_(kinds == before, np.isin(kinds, after))] = True
        return allowed


def name(kind: str, number: int) -> str:
    """The name of a symbol."""
    low, high = RANGES[kind]
    return kind if low == high else f"{kind}_{number}"


def _parse(text: str) -> tuple[str, int]:
    match = _NAME.fullmatch(text)
    assert match is not None
    return match[1], int(match[2] or 0)


def problems_of_names(names: object, kinds: Sequence[str]) -> Iterator[str]:
    """Everything that is wrong with a vocabulary that may come from a stranger."""
    if not isinstance(names, list | tuple) or not len(SPECIAL) < len(names) <= 2**16:
        yield "vocabulary is no list of 4 to 65,536 names"
        return
    if tuple(names[: len(SPECIAL)]) != SPECIAL:
        yield f"vocabulary does not begin with {', '.join(SPECIAL)}"
        return
    wrong = [each for each in names[len(SPECIAL) :] if not _is_name(each, kinds)]
    if wrong:
        yield f"vocabulary holds {wrong[0]!r:.40}, which is none of {', '.join(kinds)} with a number in its range"
        return
    if len(set(names)) < len(names):
        yield "vocabulary holds a name twice"
    present = [_parse(each) for each in names[len(SPECIAL) :]]
    missing = [kind for kind in kinds if kind in _NEEDED and all(kind != own for own, _ in present)]
    if missing:
        yield f"vocabulary holds no {' and no '.join(missing)}"
    for kind in kinds:
        tokens = [(place, number) for place, (own, number) in enumerate(present) if own == kind]
        if any(later[0] != earlier[0] + 1 or later[1] <= earlier[1] for earlier, later in pairwise(tokens)):
            yield f"vocabulary does not hold its {kind} names in one row by rising number"


def _is_name(text: object, kinds: Sequence[str]) -> bool:
    match = _NAME.fullmatch(text) if isinstance(text, str) else None
    if match is None or match[1] not in kinds:
        return False
    low, high = RANGES[match[1]]
    return match[2] is None if low == high else match[2] is not None and low <= int(match[2]) <= high
