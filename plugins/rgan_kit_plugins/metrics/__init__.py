"""Built-in metrics of samples, each beside its control on held-out data."""

from __future__ import annotations

from typing import Final

from rgan_kit_plugins.metrics import (
    classes,
    columns,
    content,
    frames,
    learnt_features,
    music,
    privacy,
    published,
    series,
    texts,
    tokens,
    truth,
)

METRICS: Final = (
    *truth.METRICS,
    *tokens.METRICS,
    *series.METRICS,
    *frames.METRICS,
    *published.METRICS,
    *columns.METRICS,
    *texts.METRICS,
    *music.METRICS,
    *learnt_features.METRICS,
    *content.METRICS,
    *classes.METRICS,
    *privacy.METRICS,
)
