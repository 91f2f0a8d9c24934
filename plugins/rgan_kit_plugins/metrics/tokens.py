"""What is measured of tokens while a model trains."""

from __future__ import annotations

from typing import Final

from rgan_kit.contracts import Figure, Kind, MetricSpec
from rgan_kit_plugins.metrics import token_metrics
from rgan_kit_plugins.metrics.common import DISTINCT

_TOKENS: Final[frozenset[Kind]] = frozenset({"tokens"})

METRICS: Final = (
    MetricSpec(
        name="distinct",
        summary="share of distinct samples among the samples",
        kinds=_TOKENS,
        compute=token_metrics.distinct,
        figures=(DISTINCT,),
    ),
    MetricSpec(
        name="verbatim",
        summary="share of samples that stand verbatim in the training data, beside the share of held-out ones",
        kinds=_TOKENS,
        compute=token_metrics.verbatim,
        figures=(
            Figure(
                name="verbatim",
                meaning="samples that stand, whole and word for word, in the training data, at any offset",
                unit="share",
            ),
        ),
    ),
    MetricSpec(
        name="ngram_nll",
        summary="trigram nats a token of samples under the training data, and of held-out data under the samples",
        kinds=_TOKENS,
        compute=token_metrics.ngram_nll,
        selects=("coverage_nll",),
        paper="Witten & Bell 1991, The zero-frequency problem; Chen & Goodman 1999",
        figures=(
            Figure(
                name="ngram_nll",
                title="3-gram nats",
                meaning="nats a token of the samples under a trigram model of the training data",
                unit="nats a token",
            ),
            Figure(
                name="coverage_nll",
                title="coverage nats",
                meaning="nats a token of held-out data under a trigram model of the samples",
                unit="nats a token",
                better="lower",
            ),
        ),
    ),
    MetricSpec(
        name="length",
        summary="mean length of samples and of held-out data, end tokens not counted",
        kinds=_TOKENS,
        compute=token_metrics.length,
        figures=(Figure(name="length", meaning="mean length of the samples", unit="tokens"),),
    ),
)
