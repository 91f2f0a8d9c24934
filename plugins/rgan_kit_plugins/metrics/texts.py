"""Figures of texts as papers report them: BLEU, Self-BLEU, and the Fréchet distance of embeddings."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Final
from weakref import WeakKeyDictionary

import numpy as np

from rgan_kit.contracts import (
    Dataset,
    Figure,
    Measured,
    MetricSpec,
    SampleSet,
    Sequences,
    SequenceSource,
    TokenSpec,
    evenly,
)
from rgan_kit.evaluation.bleu import ORDERS, bleu, self_bleu
from rgan_kit.evaluation.clouds import frechet
from rgan_kit.evaluation.intervals import around, at_random, halves
from rgan_kit.evaluation.latent_semantics import Embedding

MOST: Final = 5000
"""Texts of each kind that are looked at."""

FEWEST: Final = 20

_WORDS_AT_LEAST: Final = 3.0


class Corpora:
    """Real texts as rows of numbers, one a word (one a character where texts hardly have words).

    Args:
        dataset: of texts.
    """

    def __init__(self, dataset: Dataset) -> None:
        self._numbers: dict[str, int] = {}
        self._train, self._validation = dataset.train, dataset.validation
        self._decoder, self._spec = dataset.decoder, dataset.spec
        texts = self._texts(self._train)
        self._by_word = sum(len(text.split()) for text in texts) >= _WORDS_AT_LEAST * max(1, len(texts))
        self.train = self.rows(texts)

    def _texts(self, source: SequenceSource) -> list[str]:
        assert isinstance(self._spec, TokenSpec)
        found: list[str] = []
        picked = evenly(len(source), MOST)
        for first in range(0, len(picked), 1024):
            batch = source.take(picked[first : first + 1024])
            found += self._decoder.decode({"tokens": batch.values, "lengths": batch.lengths - self._spec.ends})
        return found

    def rows(self, texts: list[str]) -> Sequences:
        """Each text as numbers of its words."""
        cut = [text.split() if self._by_word else list(text) for text in texts]
        numbers = [[self._numbers.setdefault(word, len(self._numbers)) for word in words] for words in cut]
        return Sequences.of(numbers, fill=0, dtype=np.int64)

    @cached_property
    def held_out(self) -> Sequences:
        """Held-out texts."""
        return self.rows(self._texts(self._validation))

    @cached_property
    def embedding(self) -> Embedding:
        """Learnt from training texts."""
        return Embedding(self.train)


_known: Final[WeakKeyDictionary[Dataset, Corpora]] = WeakKeyDictionary()


def corpora(dataset: Dataset) -> Corpora:
    """The real texts of a data set, read once."""
    if dataset not in _known:
        _known[dataset] = Corpora(dataset)
    return _known[dataset]


def rows_of(samples: SampleSet) -> Sequences | None:
    """Samples as numbers of words, in an order of their own; None where they are no texts, or too few."""
    texts: list[Any] = list(samples.samples)
    if len(texts) < FEWEST or not all(isinstance(text, str) for text in texts):
        return None
    if min(len(samples.dataset.train), len(samples.dataset.validation)) < FEWEST:
        return None
    texts.sort()
    return corpora(samples.dataset).rows([texts[number] for number in at_random(len(texts), MOST)])


def bleus(samples: SampleSet) -> dict[str, Measured]:
    """``bleu_2`` to ``bleu_5`` with all held-out texts as references, beside that of training texts; ``self_bleu_2`` to
    ``self_bleu_5``, beside that of as many real texts. Nothing for what is no text, and for fewer than 20 samples."""
    made = rows_of(samples)
    if made is None:
        return {}
    real = corpora(samples.dataset)
    count = min(len(made), len(real.train))
    made, train = some(made, at_random(len(made), count)), some(real.train, evenly(len(real.train), count))
    own, usual = bleu(made, real.held_out), bleu(train, real.held_out)
    itself, usually = self_bleu(made), self_bleu(train)
    parts = [some(made, half) for half in halves(count)]
    repeats = [bleu(part, real.held_out) for part in parts]
    itself_repeats = [self_bleu(part) for part in parts]
    found = {}
    for order in ORDERS:
        interval = around(own[order], [each[order] for each in repeats])
        found[f"bleu_{order}"] = Measured(own[order], usual[order], *interval)
    for order in ORDERS:
        interval = around(itself[order], [each[order] for each in itself_repeats])
        found[f"self_bleu_{order}"] = Measured(itself[order], usually[order], *interval)
    return found


def embeddings(samples: SampleSet) -> dict[str, Measured]:
    """``embedding_distance`` of samples from training texts, beside that of held-out ones, of each equally many."""
    made = rows_of(samples)
    if made is None:
        return {}
    real = corpora(samples.dataset)
    clouds = [real.embedding(rows) for rows in (real.train, made, real.held_out)]
    count = min(map(len, clouds))
    train, own, held_out = (cloud[at_random(len(cloud), count)] for cloud in clouds)
    value = frechet(train, own)
    interval = around(value, [frechet(train[half], own[half]) for half in halves(count)])
    return {"embedding_distance": Measured(value, frechet(train, held_out), *interval)}


def some(rows: Sequences, numbers: np.ndarray) -> Sequences:
    """The rows with these numbers."""
    return Sequences.of([rows[number] for number in numbers.tolist()], fill=0, dtype=np.int64)


_BLEU: Final = "of words (or characters), with all held-out texts as references; 1 is the most"
_SELF_BLEU: Final = "BLEU of each sample by all the others; high where they repeat each other"


def _figures(name: str, title: str, meaning: str) -> list[Figure]:
    """One for each order; the first says what it means."""
    return [
        Figure(name=f"{name}_{order}", title=f"{title}-{order}", meaning=meaning if order == ORDERS[0] else "")
        for order in ORDERS
    ]


METRICS: Final = (
    MetricSpec(
        name="bleu",
        summary="BLEU-2 to BLEU-5 by held-out texts, and Self-BLEU",
        kinds=frozenset({"tokens"}),
        compute=bleus,
        thorough=True,
        paper="Papineni et al. 2002; Zhu et al. 2018, Texygen, arXiv:1802.01886; Post 2018, arXiv:1804.08771",
        figures=(*_figures("bleu", "BLEU", _BLEU), *_figures("self_bleu", "Self-BLEU", _SELF_BLEU)),
    ),
    MetricSpec(
        name="embeddings",
        summary="Fréchet distance of text embeddings that are learnt from the training texts",
        kinds=frozenset({"tokens"}),
        compute=embeddings,
        thorough=True,
        paper="Deerwester et al. 1990, Indexing by latent semantic analysis; d'Autume et al. 2019, arXiv:1905.09922",
        figures=(
            Figure(
                name="embedding_distance",
                title="Fréchet distance",
                meaning="FID-like, of embeddings learnt from training texts; compare with real data's",
                better="lower",
            ),
        ),
    ),
)
