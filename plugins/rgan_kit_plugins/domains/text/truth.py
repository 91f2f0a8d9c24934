"""The embedded grammar as a known source: how well samples keep to it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rgan_kit_plugins.domains.text.grammar import Grammar


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
