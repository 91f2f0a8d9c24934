"""Built-in objectives, one package a family: descriptions in its ``__init__``, losses beside it."""

from __future__ import annotations

from typing import Final

from rgan_kit_plugins.objectives import adversarial, latent, likelihood, policy_gradient, variational

OBJECTIVES: Final = (
    *likelihood.OBJECTIVES,
    *adversarial.OBJECTIVES,
    *variational.OBJECTIVES,
    *policy_gradient.OBJECTIVES,
    *latent.OBJECTIVES,
)
