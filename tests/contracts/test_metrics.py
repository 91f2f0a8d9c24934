"""Every built-in metric meets the requirements of its contract."""

from __future__ import annotations

import pytest

from rgan_kit.testing import MetricContract
from rgan_kit_plugins.metrics import METRICS

QUICK = ("truth", "ngram_nll", "marginal", "judge", "frame_pixels")
"""Some of each kind; the others are tried with the slow ones."""

for each in METRICS:
    values = {"spec": each, "plugin": "rgan_kit_plugins"}
    if each.name not in QUICK:
        values["pytestmark"] = pytest.mark.slow
    elif each.name == "truth":
        values["domains"] = ("text", "series")
    globals()[f"TestMetric_{each.name}"] = type(f"TestMetric_{each.name}", (MetricContract,), values)
