"""Metrics of token samples. What depends on the data alone is computed once for each data set."""

from __future__ import annotations

from functools import cached_property
from typing import Final
from weakref import WeakKeyDictionary

import numpy as np

from rgan_kit.contracts import Dataset, SampleSet, Sequences, TokenSpec, Windows, evenly
from rgan_kit.evaluation import (
    NGramModel,
    batch_rows,
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
        self._coverages: dict[int, float] = {}

    @cached_property
    def held_out(self) -> Sequences:
        return source_rows(self._validation, _MOST_COUNTED)

    @cached_property
    def training_keys(self) -> frozenset[bytes]:
        return frozenset(row_keys(source_rows(self._train), self.spec.eos))

    @cached_property
    def held_out_keys(self) -> list[bytes]:
        return list(row_keys(self.held_out, self.spec.eos))

    def some_real_keys(self, most: int) -> list[bytes]:
        """So many real rows, from all over them since files are often sorted: held-out ones, or training ones where
        there are not so many of those."""
        if len(self.held_out_keys) >= most or len(self._train) <= len(self._validation):
            return [self.held_out_keys[i] for i in evenly(len(self.held_out_keys), most)]
        batch = self._train.take(evenly(len(self._train), most))
        return row_keys(batch_rows(batch.values, batch.lengths), self.spec.eos)

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

    def coverage(self, rows: Sequences) -> float:
        """Nats a token of held-out data under a trigram model of these rows."""
        judge = NGramModel(rows, vocab_size=self.spec.vocab_size, bos=self.spec.bos)
        return judge.nats_per_token(self.held_out, self.spec.unknown)

    def training_coverage(self, count: int) -> float:
        """The same of as many training rows."""
        if count not in self._coverages:
            self._coverages[count] = self._coverage_of_training(count)
        return self._coverages[count]

    def _coverage_of_training(self, count: int) -> float:
        batch = self._train.take(evenly(len(self._train), count))
        return self.coverage(batch_rows(batch.values, batch.lengths))

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
    """``distinct``, and ``heldout_distinct`` of as many real rows: the share falls with their number."""
    reference = _reference(samples.dataset)
    keys = row_keys(sampled_rows(samples.outputs), reference.spec.eos)
    control = reference.some_real_keys(len(keys))
    return {"distinct": distinct_share(keys), "heldout_distinct": distinct_share(control)}


def verbatim(samples: SampleSet) -> dict[str, float]:
    """``verbatim`` and ``heldout_verbatim``."""
    reference = _reference(samples.dataset)
    return {
        "verbatim": reference.verbatim(sampled_rows(samples.outputs)),
        "heldout_verbatim": reference.held_out_verbatim,
    }


def ngram_nll(samples: SampleSet) -> dict[str, float]:
    """Trigram nats a token both ways, end tokens counted: ``ngram_nll`` of samples under a model of the training data,
    with ``heldout_ngram_nll``; and ``coverage_nll`` of held-out data under a model of the samples, with
    ``heldout_coverage_nll`` under one of as many training rows. The first is low for a generator that has collapsed to
    what is likeliest, the second for none but one that makes all that real data has, and as often."""
    reference, rows = _reference(samples.dataset), sampled_rows(samples.outputs)
    return {
        "ngram_nll": reference.ngrams.nats_per_token(rows),
        "heldout_ngram_nll": reference.held_out_nll,
        "coverage_nll": reference.coverage(rows),
        "heldout_coverage_nll": reference.training_coverage(len(rows)),
    }


def length(samples: SampleSet) -> dict[str, float]:
    """``length`` and ``heldout_length``, symbols, end tokens not counted."""
    reference = _reference(samples.dataset)
    return {
        "length": mean_length(sampled_rows(samples.outputs), reference.spec.eos),
        "heldout_length": reference.held_out_length,
    }
