"""BLEU and Self-BLEU of a corpus, by all references at once.

Papineni et al. 2002, "BLEU: a method for automatic evaluation of machine translation", with every reference for every
hypothesis (as Texygen has it: Zhu et al. 2018, arXiv:1802.01886), counts summed over the corpus, the reference length
that is closest, and exponential smoothing where an order has no match (Post 2018, arXiv:1804.08771): the numbers are
those of sacrebleu's ``corpus_bleu`` on symbols that are cut already, divided by 100. sacrebleu itself takes a list of
references for each hypothesis, which for thousands of both is hours where this is a second.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from rgan_kit.contracts import Sequences
from rgan_kit.evaluation.overlap import hashes

ORDERS: Final = (2, 3, 4, 5)


def bleu(hypotheses: Sequences, references: Sequences, orders: tuple[int, ...] = ORDERS) -> dict[int, float]:
    """BLEU by the longest n-gram counted, from 0 to 1; nan without hypotheses or references.

    Args:
        hypotheses, references: rows of symbols, without end tokens.
        orders: longest n-grams.
    """
    if not len(hypotheses) or not len(references):
        return dict.fromkeys(orders, float("nan"))
    matches = []
    for size in range(1, max(orders) + 1):
        grams, counts = _counted(hypotheses, size)
        known, theirs = _counted(references, size)
        most = _largest(known, theirs)
        matches.append((int(np.minimum(counts, _look_up(most, grams)).sum()), int(counts.sum())))
    lengths = np.sort(references.lengths)
    closest = sum(_closest(lengths, length) for length in hypotheses.lengths.tolist())
    return {order: _score(matches[:order], int(hypotheses.lengths.sum()), closest) for order in orders}


def self_bleu(rows: Sequences, orders: tuple[int, ...] = ORDERS) -> dict[int, float]:
    """BLEU of every row with all the others as its references (never itself): high where samples repeat each other.
    nan for fewer than two."""
    if len(rows) < 2:
        return dict.fromkeys(orders, float("nan"))
    matches = []
    for size in range(1, max(orders) + 1):
        grams, counts = _counted(rows, size)
        order = np.lexsort((-counts, grams))
        first = np.ones(len(grams), np.bool_)
        first[1:] = grams[order][1:] != grams[order][:-1]
        places = np.flatnonzero(first)
        group = np.cumsum(first) - 1  # of each in order
        ends = np.append(places[1:], len(grams))
        has_second = places + 1 < ends
        second = np.where(has_second, counts[order][np.minimum(places + 1, len(grams) - 1)], 0)
        holder = np.arange(len(grams)) == places[group]  # whose count is the largest of its gram
        rest = np.where(holder, second[group], counts[order][places][group]) if len(grams) else counts
        matches.append((int(np.minimum(counts[order], rest).sum()), int(counts.sum())))
    lengths = np.sort(rows.lengths)
    closest = sum(_closest_other(lengths, place) for place in range(len(rows)))
    return {order: _score(matches[:order], int(rows.lengths.sum()), closest) for order in orders}


def _counted(rows: Sequences, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Of every row its different n-grams: uint64 their hashes, and int64 how often the row has each."""
    lengths = rows.lengths
    keys = hashes(rows.values, size)
    starts = np.repeat(rows.offsets[:-1], np.maximum(lengths - size + 1, 0))
    counts = np.maximum(lengths - size + 1, 0)
    within = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
    grams, owners = keys[starts + within], np.repeat(np.arange(len(rows)), counts)
    order = np.lexsort((grams, owners))
    grams, owners = grams[order], owners[order]
    first = np.ones(len(grams), np.bool_)
    first[1:] = (grams[1:] != grams[:-1]) | (owners[1:] != owners[:-1])
    places = np.flatnonzero(first)
    return grams[places], np.diff(np.append(places, len(grams)))


def _largest(grams: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Different n-grams, sorted, and the largest count that a row has of each."""
    order = np.lexsort((-counts, grams))
    grams, counts = grams[order], counts[order]
    first = np.ones(len(grams), np.bool_)
    first[1:] = grams[1:] != grams[:-1]
    return grams[first], counts[first]


def _look_up(table: tuple[np.ndarray, np.ndarray], grams: np.ndarray) -> np.ndarray:
    known, counts = table
    if not len(known):
        return np.zeros(len(grams), np.int64)
    places = np.minimum(np.searchsorted(known, grams), len(known) - 1)
    return np.where(known[places] == grams, counts[places], 0)


def _closest(lengths: np.ndarray, length: int) -> int:
    """Of sorted lengths the one nearest to ``length``; of two, the shorter."""
    place = int(np.searchsorted(lengths, length))
    near = lengths[max(0, place - 1) : place + 1]
    return int(near[np.argmin(np.abs(near - length))])


def _closest_other(lengths: np.ndarray, place: int) -> int:
    """The same for one of the lengths itself, less itself."""
    near = np.concatenate([lengths[max(0, place - 1) : place], lengths[place + 1 : place + 2]])
    return int(near[np.argmin(np.abs(near - lengths[place]))])


def _score(matches: list[tuple[int, int]], length: int, reference: int) -> float:
    """The geometric mean of precisions, less a penalty for brevity; 0 without any match."""
    logs, smoothing = 0.0, 1.0
    if not matches[0][0]:
        return 0.0
    for right, total in matches:
        if not total:
            return 0.0  # no hypothesis is so long
        if not right:
            smoothing *= 2
        logs += np.log(right / total if right else 1 / (smoothing * total))
    brevity = 1.0 if length >= reference else float(np.exp(1 - reference / length))
    return brevity * float(np.exp(logs / len(matches)))
