"""Built-in metrics of samples, each beside its control on held-out data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from rgan_kit.contracts import KINDS, Kind, MetricSpec, SampleSet
from rgan_kit_plugins.metrics import token_metrics

_TOKENS: Final[frozenset[Kind]] = frozenset({"tokens"})


def _truth(samples: SampleSet) -> Mapping[str, float]:
    truth = samples.dataset.truth
    return {} if truth is None else truth.measure(samples.samples)


METRICS: Final = (
    MetricSpec(
        name="truth",
        summary="figures under the known source of the data, where there is one",
        kinds=frozenset(KINDS),
        compute=_truth,
    ),
    MetricSpec(
        name="distinct",
        summary="share of distinct samples among the samples",
        kinds=_TOKENS,
        compute=token_metrics.distinct,
    ),
    MetricSpec(
        name="verbatim",
        summary="share of samples that stand verbatim in the training data, beside the share of held-out ones",
        kinds=_TOKENS,
        compute=token_metrics.verbatim,
    ),
    MetricSpec(
        name="ngram_nll",
        summary="nats a token under a trigram model of the training data, of samples and of held-out data",
        kinds=_TOKENS,
        compute=token_metrics.ngram_nll,
        selects=("ngram_nll",),
        paper="Witten & Bell 1991, The zero-frequency problem; Chen & Goodman 1999",
    ),
    MetricSpec(
        name="length",
        summary="mean length of samples and of held-out data, end tokens not counted",
        kinds=_TOKENS,
        compute=token_metrics.length,
    ),
)
