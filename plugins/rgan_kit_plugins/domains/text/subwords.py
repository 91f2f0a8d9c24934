"""Byte-pair encoding: frequent pairs of symbols become symbols themselves (Sennrich et al. 2016, arXiv:1508.07909).

Merges are learnt by the ``tokenizers`` library on the training samples alone, within the pieces of ``pieces.py``, and
start from characters, not from bytes: so every symbol is text, and joining symbols is all that decoding takes, in any
language. A character that the training samples lack becomes the unknown symbol. Cutting text takes the merges and
nothing else.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Final

from rgan_kit.contracts import DeviceError
from rgan_kit_plugins.domains.text.pieces import pieces

_REMEMBERED: Final = 2**16  # pieces; natural text repeats its words
_NO_CHARACTER: Final = "\0"  # text holds none


class Merges:
    """Cuts text into subwords.

    Args:
        pairs: symbols that become one, in the order in which they were learnt.
    """

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        self.pairs = tuple(pairs)
        self._ranks = {pair: rank for rank, pair in enumerate(self.pairs)}
        self._remembered = lru_cache(_REMEMBERED)(self._merge)

    @property
    def symbols(self) -> list[str]:
        """What merging gives, each once, in the order of the merges."""
        return list(dict.fromkeys(left + right for left, right in self.pairs))

    def cut(self, text: str) -> list[str]:
        """The subwords of a text; ``"".join`` of them is the text."""
        return [part for piece in pieces(text) for part in self._remembered(piece)]

    def _merge(self, piece: str) -> tuple[str, ...]:
        parts = list(piece)
        never = len(self._ranks)
        while len(parts) > 1:
            rank, place = min((self._ranks.get(pair, never), place) for place, pair in enumerate(pairwise(parts)))
            if rank == never:
                break
            parts[place : place + 2] = [parts[place] + parts[place + 1]]
        return tuple(parts)


def learn_merges(texts: Sequence[str], alphabet: Collection[str], count: int) -> Merges:
    """At most ``count`` merges of the characters ``alphabet``, each of a pair that occurs twice or more in ``texts``.

    Raises:
        DeviceError: the library ``tokenizers`` is not installed.
    """
    try:
        from tokenizers import Tokenizer
        from tokenizers.models import BPE
        from tokenizers.trainers import BpeTrainer
    except ImportError as error:
        raise DeviceError(
            "domain.level=subword needs tokenizers, which this environment does not have.",
            'Install it with: pip install "rgan-kit[text]", or choose domain.level=character.',
        ) from error
    known = set(alphabet)
    foreign = str.maketrans({sign: _NO_CHARACTER for text in texts for sign in set(text) - known})
    learner = Tokenizer(BPE())
    trainer = BpeTrainer(
        vocab_size=len(alphabet) + count,
        min_frequency=2,
        initial_alphabet=sorted(alphabet),
        limit_alphabet=len(alphabet),
        show_progress=False,
    )
    runs = (run for text in texts for run in text.translate(foreign).split(_NO_CHARACTER))
    learner.train_from_iterator((piece for run in runs for piece in pieces(run)), trainer)
    model = json.loads(learner.to_str())["model"]
    return Merges([(left, right) for left, right in model["merges"]])
