"""Every built-in objective meets the requirements of its contract."""

from __future__ import annotations

import pytest

from rgan_kit.testing import ObjectiveContract
from rgan_kit_plugins.objectives import OBJECTIVES

GENERATOR = {"hidden_size": 6, "embedding_size": 5, "channels": 4, "noise_size": 2, "latent_size": 3}
OTHERS = {"hidden_size": 4, "embedding_size": 4, "channels": 4}
FAST = ("maximum-likelihood", "non-saturating", "evidence-lower-bound", "seqgan")
"""One of each family; the others are tried with the slow ones."""

MORE = {"scratchgan": {"bidirectional": False}}

for each in OBJECTIVES:
    if "generator" not in each.needs or each.kind_of("generator") == "network":
        continue  # of networks of their own: test_latent_series.py, test_world_model.py
    needs_likelihood = "discriminator" not in each.needs or "encoder" in each.needs
    likelihood = {"autoregressive": True, "likelihood": True} if needs_likelihood else {}
    values = {
        "spec": each,
        "plugin": "rgan_kit_plugins",
        "networks": {"generator": "lstm", "discriminator": "gru", "encoder": "gru"},
        "network_options": {
            "generator": {**GENERATOR, **likelihood},
            "discriminator": {**OTHERS, **MORE.get(each.name, {})},
            "encoder": OTHERS,
        },
    }
    made = type(f"TestObjective_{each.name}", (ObjectiveContract,), values)
    globals()[made.__name__] = made if each.name in FAST else pytest.mark.slow(made)
