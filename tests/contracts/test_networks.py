"""Every built-in generator, discriminator and encoder meets the requirements of its contract."""

from __future__ import annotations

from typing import Any

import pytest

from rgan_kit.testing import DiscriminatorContract, EncoderContract, GeneratorContract
from rgan_kit_plugins.discriminators import DISCRIMINATORS
from rgan_kit_plugins.encoders import ENCODERS
from rgan_kit_plugins.generators import GENERATORS

SMALL: dict[str, Any] = {
    "hidden_size": 5, "embedding_size": 4, "channels": 4, "filters": 3, "dropout": 0.0, "latent_size": 3,
    "noise_size": 2,
}  # fmt: skip

LIKEWISE = ("rnn", "gru")
"""Parts that differ from ``lstm`` in their cell alone, tried with the slow ones."""


def small(spec: Any, **more: Any) -> dict[str, Any]:
    """Small values of those options that the part has."""
    known = spec.options.model_fields
    return {name: value for name, value in SMALL.items() if name in known} | more


def contract(base: type, spec: Any, name: str, **more: Any) -> type:
    """A test class of a part; bases of chance stand in for a subclass written out."""
    values = {"spec": spec, "plugin": "rgan_kit_plugins", "options": small(spec, **more)}
    made = type(f"Test{name}", (base,), values)
    return pytest.mark.slow(made) if spec.name in LIKEWISE else made


for each in GENERATORS:
    globals()[f"TestGenerator_{each.name}"] = contract(GeneratorContract, each, f"Generator_{each.name}")
AUTOREGRESSIVE = {"autoregressive": True, "latent_size": 0, "word_dropout": 0.5}
globals()["TestGenerator_mixture"] = contract(
    GeneratorContract, GENERATORS[1], "Generator_mixture", mixture=3, **AUTOREGRESSIVE
)
globals()["TestGenerator_autoregressive"] = pytest.mark.slow(
    contract(GeneratorContract, GENERATORS[1], "Generator_autoregressive", **AUTOREGRESSIVE)
)
for each in DISCRIMINATORS:
    globals()[f"TestDiscriminator_{each.name}"] = contract(DiscriminatorContract, each, f"Discriminator_{each.name}")
for each in ENCODERS:
    globals()[f"TestEncoder_{each.name}"] = contract(EncoderContract, each, f"Encoder_{each.name}")
