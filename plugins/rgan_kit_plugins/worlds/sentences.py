"""The embedded language: ninety-two English words whose grammar is known exactly.

A verb agrees in number with its subject, across prepositional phrases and relative clauses that hold nouns of either
number; determiners agree with their nouns; verbs take an object or do not. Only a subject takes a phrase or a clause
behind it, so that no sentence has two derivations, and nothing nests deeper than one clause, so that the language is
finite: 3 to 16 words a sentence, 6.6 on average, at 1.99 nats a token.

Samples are measured against the grammar, which is known exactly.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from rgan_kit_plugins.worlds.grammar import Grammar

Alternatives = list[tuple[float, str]]

_BEINGS: Final = (
    ("dog", "dogs"), ("cat", "cats"), ("child", "children"), ("bird", "birds"),
    ("teacher", "teachers"), ("farmer", "farmers"), ("woman", "women"), ("king", "kings"),
)  # fmt: skip
_INTRANSITIVE: Final = (
    ("sleeps", "sleep"), ("waits", "wait"), ("sings", "sing"), ("runs", "run"), ("laughs", "laugh"), ("rests", "rest"),
)  # fmt: skip
_TRANSITIVE: Final = (
    ("sees", "see"), ("likes", "like"), ("follows", "follow"), ("hears", "hear"), ("helps", "help"),
    ("knows", "know"), ("calls", "call"),
)  # fmt: skip
_PLACES: Final = (
    "river", "house", "tree", "garden", "bridge", "tower", "field", "market", "harbour", "mill", "lake", "forest",
)  # fmt: skip
_ADJECTIVES: Final = (
    "small", "young", "old", "happy", "tired", "quiet", "brave", "tall", "clever", "hungry", "proud", "gentle",
)  # fmt: skip
_PREPOSITIONS: Final = ("near", "behind", "beside", "above", "below", "beyond", "inside")
_ADVERBS: Final = ("often", "today", "here", "now", "gladly", "again", "there", "slowly", "alone")
_DETERMINERS: Final[tuple[Alternatives, Alternatives]] = (
    [(0.4, "this"), (0.4, "a"), (0.2, "every")],
    [(0.4, "these"), (0.35, "some"), (0.25, "many")],
)


def _falling(words: tuple[str, ...]) -> Alternatives:
    """Weights that fall with the rank as in natural text, but not so far that a word becomes rare."""
    return [(1 / (rank + 2), word) for rank, word in enumerate(words)]


def _rules_of(number: str, form: int) -> dict[str, Alternatives]:
    """The symbols that exist once for the singular and once for the plural, ``form`` 0 and 1."""
    return {
        f"determiner_{number}": _DETERMINERS[form],
        f"being_{number}": _falling(tuple(pair[form] for pair in _BEINGS)),
        f"intransitive_{number}": _falling(tuple(pair[form] for pair in _INTRANSITIVE)),
        f"transitive_{number}": _falling(tuple(pair[form] for pair in _TRANSITIVE)),
        f"noun_phrase_{number}": [(1.0, f"determiner_{number} adjective? being_{number}")],
        f"subject_{number}": [
            (0.66, f"noun_phrase_{number}"),
            (0.17, f"noun_phrase_{number} prepositional_phrase"),
            (0.17, f"noun_phrase_{number} that relative_{number}"),
        ],
        f"relative_{number}": [
            (0.4, f"intransitive_{number}"),
            (0.6, f"transitive_{number} object"),
        ],
        f"predicate_{number}": [
            (0.40, f"intransitive_{number} adverb? prepositional_phrase?"),
            (0.60, f"transitive_{number} object adverb? prepositional_phrase?"),
        ],
        f"short_clause_{number}": [
            (0.5, f"noun_phrase_{number} intransitive_{number}"),
            (0.5, f"noun_phrase_{number} transitive_{number} object"),
        ],
        f"sentence_{number}": [
            (0.92, f"subject_{number} predicate_{number}"),
            (0.08, f"short_clause_{number} conjunction short_clause"),
        ],
    }  # fmt: skip


@cache
def embedded_grammar() -> Grammar:
    """The grammar of the embedded language, made once in a process."""
    shared: dict[str, Alternatives] = {
        "sentence": [(0.5, "sentence_singular"), (0.5, "sentence_plural")],
        "short_clause": [(0.5, "short_clause_singular"), (0.5, "short_clause_plural")],
        "object": [(0.6, "noun_phrase_singular"), (0.4, "noun_phrase_plural")],
        "prepositional_phrase": [(1.0, "preposition the place")],
        "place": _falling(_PLACES),
        "prepositional_phrase?": [(0.8, ""), (0.2, "prepositional_phrase")],
        "adverb?": [(0.8, ""), (0.2, "adverb")],
        "adjective?": [(0.82, ""), (0.18, "adjective")],
        "adjective": _falling(_ADJECTIVES),
        "preposition": _falling(_PREPOSITIONS),
        "adverb": _falling(_ADVERBS),
        "conjunction": [(0.6, "and"), (0.4, "while")],
    }
    return Grammar(shared | _rules_of("singular", 0) | _rules_of("plural", 1), "sentence")


@dataclass
class GrammarTruth:
    """Measures sentences, words joined by one space, under a grammar."""

    grammar: Grammar
    name: str = "embedded grammar"

    def measure(self, samples: Sequence[Any]) -> dict[str, float]:
        """``valid``: share of the samples that the grammar can say. ``grammar_nll``: nats a token (the end of a
        sentence counts as one) of the valid samples under the grammar. Both are nan where there is none to count."""
        sentences = [str(sample).split(" ") for sample in samples]
        likelihoods = [self.grammar.log_likelihood(sentence) for sentence in sentences]
        valid = [i for i, likelihood in enumerate(likelihoods) if likelihood > -math.inf]
        tokens = sum(len(sentences[i]) + 1 for i in valid)
        return {
            "valid": len(valid) / len(samples) if samples else math.nan,
            "grammar_nll": -math.fsum(likelihoods[i] for i in valid) / tokens if valid else math.nan,
        }

    def reference(self) -> dict[str, float]:
        """What the grammar itself reaches, exactly: its entropy rate is also the fewest nats that any model can give
        held-out data."""
        rate = self.grammar.entropy_rate
        return {"valid": 1.0, "grammar_nll": rate, "heldout_nll": rate}
