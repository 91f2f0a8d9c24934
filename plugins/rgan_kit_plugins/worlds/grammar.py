"""Probabilistic context-free grammars without recursion, with everything about them computed exactly.

The likelihood of a sentence is a sum over its derivations, taken word by word over the stacks that a leftmost
derivation may hold (the prefix probabilities of Jelinek and Lafferty 1991, made simple by the lack of recursion).
Entropy and mean length obey linear recursions over the rules (Grenander 1976; Chi 1999, "Statistical properties of
probabilistic context-free grammars"); the entropy is that of derivations, which is that of sentences wherever no
sentence has two derivations.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, product
from typing import Final

import numpy as np

END: Final = ""
"""Stands for the end of a sentence among the words that may come next."""

Stack = tuple[str, ...]


@dataclass(frozen=True)
class Rule:
    """One way to rewrite a symbol: with ``probability``, into ``symbols`` (none of them, for the empty one)."""

    probability: float
    symbols: Stack


class Grammar:
    """A probabilistic context-free grammar in which no symbol leads back to itself.

    Args:
        rules: for each symbol its alternatives as (weight, symbols joined by spaces); a symbol without rules is a
            word, and an empty alternative is written ``""``. Weights of a symbol need not sum to one.
        start: the symbol of a whole sentence.

    Raises:
        ValueError: a weight is not positive, ``start`` has no rules, or a symbol leads back to itself.
    """

    def __init__(self, rules: Mapping[str, Sequence[tuple[float, str]]], start: str) -> None:
        if start not in rules:
            raise ValueError(f"the start symbol {start} has no rules")
        self.start = start
        self.rules = {symbol: _normalise(symbol, alternatives) for symbol, alternatives in rules.items()}
        self._cumulative = {
            symbol: list(accumulate(rule.probability for rule in own)) for symbol, own in self.rules.items()
        }
        self._bottom_up = self._order()
        self._continuations: dict[Stack, Mapping[str, Mapping[Stack, float]]] = {(): {END: {(): 1.0}}}

    def _order(self) -> list[str]:
        """Symbols that the start leads to, each after those that it leads to itself."""
        done: dict[str, None] = {}

        def visit(symbol: str, above: Stack) -> None:
            if symbol in above:
                raise ValueError(f"{symbol} leads back to itself: {' > '.join([*above, symbol])}")
            if symbol in self.rules and symbol not in done:
                for rule in self.rules[symbol]:
                    for part in rule.symbols:
                        visit(part, (*above, symbol))
                done[symbol] = None

        visit(self.start, ())
        return list(done)

    @cached_property
    def words(self) -> tuple[str, ...]:
        """Every word that the grammar can say, sorted."""
        parts = {part for symbol in self._bottom_up for rule in self.rules[symbol] for part in rule.symbols}
        return tuple(sorted(parts - self.rules.keys()))

    def sample(self, rng: np.random.Generator) -> list[str]:
        """The words of one sentence."""
        words, stack = [], [self.start]
        while stack:
            symbol = stack.pop()
            if symbol not in self.rules:
                words.append(symbol)
                continue
            cumulative = self._cumulative[symbol]
            chosen = min(bisect_right(cumulative, rng.random()), len(cumulative) - 1)
            stack.extend(reversed(self.rules[symbol][chosen].symbols))
        return words

    def next_words(self, prefix: Sequence[str]) -> dict[str, float]:
        """Probability of each word (``END`` for the end) after ``prefix``; empty where no sentence begins so."""
        stacks: Mapping[Stack, float] = {(self.start,): 1.0}
        for word in prefix:
            stacks, _ = self._read(stacks, word)
        found: defaultdict[str, float] = defaultdict(float)
        for stack, probability in stacks.items():
            for word, after in self._continue(stack).items():
                found[word] += probability * sum(after.values())
        return dict(found)

    def log_likelihood(self, sentence: Sequence[str]) -> float:
        """Natural logarithm of the probability of the whole sentence, its end included; minus infinity for no
        sentence of the grammar."""
        stacks: Mapping[Stack, float] = {(self.start,): 1.0}
        total = 0.0
        for word in (*sentence, END):
            stacks, probability = self._read(stacks, word)
            if probability == 0.0:
                return -math.inf
            total += math.log(probability)
        return total

    def is_member(self, sentence: Sequence[str]) -> bool:
        """Whether the grammar can say this sentence."""
        return END not in sentence and self.log_likelihood(sentence) > -math.inf

    def _read(self, stacks: Mapping[Stack, float], word: str) -> tuple[Mapping[Stack, float], float]:
        """Stacks after one more word, with their probabilities given all words so far, and that of the word."""
        found: defaultdict[Stack, float] = defaultdict(float)
        for stack, probability in stacks.items():
            for after, share in self._continue(stack).get(word, {}).items():
                found[after] += probability * share
        total = sum(found.values())
        return {stack: probability / total for stack, probability in found.items()}, total

    def _continue(self, stack: Stack) -> Mapping[str, Mapping[Stack, float]]:
        """First words of what ``stack`` derives, each with the probabilities of it and what then remains."""
        known = self._continuations.get(stack)
        if known is not None:
            return known
        top, rest = stack[0], stack[1:]
        if top not in self.rules:
            return self._continuations.setdefault(stack, {top: {rest: 1.0}})
        found: defaultdict[str, defaultdict[Stack, float]] = defaultdict(lambda: defaultdict(float))
        for rule in self.rules[top]:
            for word, stacks in self._continue(rule.symbols + rest).items():
                for after, probability in stacks.items():
                    found[word][after] += rule.probability * probability
        return self._continuations.setdefault(stack, {word: dict(stacks) for word, stacks in found.items()})

    @cached_property
    def entropy(self) -> float:
        """Entropy of a derivation in nats."""
        entropy: defaultdict[str, float] = defaultdict(float)  # a word has none
        for symbol in self._bottom_up:
            entropy[symbol] = sum(
                rule.probability * (sum(entropy[part] for part in rule.symbols) - math.log(rule.probability))
                for rule in self.rules[symbol]
            )
        return entropy[self.start]

    @cached_property
    def mean_length(self) -> float:
        """Expected number of words in a sentence, its end not counted."""
        length: defaultdict[str, float] = defaultdict(lambda: 1.0)  # a word is one word long
        for symbol in self._bottom_up:
            length[symbol] = sum(r.probability * sum(length[part] for part in r.symbols) for r in self.rules[symbol])
        return length[self.start]

    @property
    def entropy_rate(self) -> float:
        """Nats a token, the end of a sentence counted as one."""
        return self.entropy / (self.mean_length + 1)

    def derivations(self) -> Iterator[tuple[tuple[str, ...], float]]:
        """Every derivation's words and probability, one after the other: for small grammars."""
        return self._derive(self.start)

    def _derive(self, symbol: str) -> Iterator[tuple[tuple[str, ...], float]]:
        if symbol not in self.rules:
            yield (symbol,), 1.0
            return
        for rule in self.rules[symbol]:
            for parts in product(*(list(self._derive(part)) for part in rule.symbols)):
                words = tuple(word for part, _ in parts for word in part)
                yield words, rule.probability * math.prod(probability for _, probability in parts)


def _normalise(symbol: str, alternatives: Sequence[tuple[float, str]]) -> tuple[Rule, ...]:
    weights = [weight for weight, _ in alternatives]
    if not weights or min(weights) <= 0:
        raise ValueError(f"{symbol} needs alternatives, each of a positive weight")
    total = math.fsum(weights)
    return tuple(Rule(weight / total, tuple(text.split())) for weight, text in alternatives)
