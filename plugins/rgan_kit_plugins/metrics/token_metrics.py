"""Metrics of token samples. What depends on the data alone is computed once for each data set."""

from __future__ import annotations

from functools import cached_property
from typing import Final
from weakref import WeakKeyDictionary

import numpy as np

from rgan_kit.contracts import Dataset, SampleSet, Sequences, TokenSpec, Windows, evenly
from rgan_kit.evaluation import (
    NGramModel,
    distinct_share,
    mean_length,
    row_keys,
    sampled_rows,
    source_rows,
    verbatim_share,
    within_share,
)

_MOST_COUNTED: Final = 2_000_000
"""Symbols of the training data that the trigram model is made of: enough to judge, and counted in seconds."""

_MOST_SOUGHT: Final = 500
"""Held-out windows that are sought in the training text."""


class _Reference:
    """The training data of a data set as the judge, and the figures of its held-out data as the control."""

    def __init__(self, dataset: Dataset) -> None:
        assert isinstance(dataset.spec, TokenSpec)
        self.spec = dataset.spec
        self._train = dataset.train
        self._validation = dataset.validation

    @cached_property
    def held_out(self) -> Sequences:
        return source_rows(self._validation, _MOST_COUNTED)

    @cached_property
    def training_keys(self) -> frozenset[bytes]:
        return frozenset(row_keys(source_rows(self._train), self.spec.eos))

    @cached_property
    def held_out_keys(self) -> list[bytes]:
        return list(row_keys(self.held_out, self.spec.eos))

    def some_held_out_keys(self, most: int) -> list[bytes]:
        """At most so many held-out rows, from all over them: files are often sorted."""
        return [self.held_out_keys[i] for i in evenly(len(self.held_out_keys), most)]

    def verbatim(self, rows: Sequences) -> float:
        """Share of the rows that stand in the training data: as a sample of it, or anywhere in its running text."""
        if isinstance(self._train, Windows):
            return within_share(rows, self._train)
        return verbatim_share(row_keys(rows, self.spec.eos), self.training_keys)

    @cached_property
    def held_out_verbatim(self) -> float:
        """Of the rows that a generator could write: those without the unknown symbol, which look alike where the
        data differ."""
        if isinstance(self._train, Windows):
            return within_share(source_rows(self._validation, _MOST_SOUGHT * self.spec.max_length), self._train)
        rows = self.held_out
        keys = self.held_out_keys
        unknown = np.zeros(len(rows), np.bool_)
        if self.spec.unknown is not None:
            unknown[np.repeat(np.arange(len(rows)), rows.lengths)[rows.values == self.spec.unknown]] = True
        writable = [key for key, left_out in zip(keys, unknown, strict=True) if not left_out]
        return verbatim_share(writable, self.training_keys)

    @cached_property
    def ngrams(self) -> NGramModel:
        rows = source_rows(self._train, _MOST_COUNTED)
        return NGramModel(rows, vocab_size=self.spec.vocab_size, bos=self.spec.bos)

    @cached_property
    def held_out_nll(self) -> float:
        return self.ngrams.nats_per_token(self.held_out, self.spec.unknown)

    @cached_property
    def held_out_gap(self) -> float:
        """Nats a token by which two halves of held-out data differ; 0 where there are no two."""
        rows = self.held_out
        if len(rows) < 2:
            return 0.0
        halves = [
            Sequences.of([rows[i] for i in range(first, len(rows), 2)], fill=0, dtype=np.int64) for first in (0, 1)
        ]
        return abs(self.ngrams.nats_per_token(halves[0]) - self.ngrams.nats_per_token(halves[1]))

    @cached_property
    def held_out_length(self) -> float:
        return mean_length(self.held_out, self.spec.eos)


_references: Final[WeakKeyDictionary[Dataset, _Reference]] = WeakKeyDictionary()


def _reference(dataset: Dataset) -> _Reference:
    known = _references.get(dataset)
    if known is None:
        known = _references[dataset] = _Reference(dataset)
    return known


def distinct(samples: SampleSet) -> dict[str, float]:
    """``distinct``, and ``heldout_distinct`` of as many held-out rows: the share falls with their number."""
    reference = _reference(samples.dataset)
    keys = row_keys(sampled_rows(samples.outputs), reference.spec.eos)
    control = reference.some_held_out_keys(len(keys))
    return {"distinct": distinct_share(keys), "heldout_distinct": distinct_share(control)}


def verbatim(samples: SampleSet) -> dict[str, float]:
    """``verbatim`` and ``heldout_verbatim``."""
    reference = _reference(samples.dataset)
    return {
        "verbatim": reference.verbatim(sampled_rows(samples.outputs)),
        "heldout_verbatim": reference.held_out_verbatim,
    }


def ngram_nll(samples: SampleSet) -> dict[str, float]:
    """``ngram_nll`` and ``heldout_ngram_nll``, nats a token, end tokens counted; ``ngram_gap``, how far they are apart
    (samples that are likelier than real data are those of a collapse), and ``heldout_ngram_gap``, how far two halves of
    held-out data are."""
    reference = _reference(samples.dataset)
    nats, real = reference.ngrams.nats_per_token(sampled_rows(samples.outputs)), reference.held_out_nll
    return {
        "ngram_nll": nats,
        "heldout_ngram_nll": real,
        "ngram_gap": abs(nats - real),
        "heldout_ngram_gap": reference.held_out_gap,
    }


def length(samples: SampleSet) -> dict[str, float]:
    """``length`` and ``heldout_length``, symbols, end tokens not counted."""
    reference = _reference(samples.dataset)
    return {
        "length": mean_length(sampled_rows(samples.outputs), reference.spec.eos),
        "heldout_length": reference.held_out_length,
    }
