"""Contract tests: subclass one for your part in a test module, and pytest tries every requirement on it.

>>> class TestMyGenerator(GeneratorContract):  # doctest: +SKIP
...     spec, plugin = MY_GENERATOR, "my_plugin"
...     options = {"hidden_size": 8}

Needs pytest; nothing here is imported by the program itself.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rgan_kit.testing.companions import CompanionContract
    from rgan_kit.testing.discriminators import DiscriminatorContract
    from rgan_kit.testing.domains import DomainContract
    from rgan_kit.testing.emissions import EmissionContract
    from rgan_kit.testing.encoders import EncoderContract
    from rgan_kit.testing.generators import GeneratorContract
    from rgan_kit.testing.loggers import LoggerContract
    from rgan_kit.testing.metrics import MetricContract
    from rgan_kit.testing.objectives import ObjectiveContract
    from rgan_kit.testing.recipes import RecipeContract

__all__ = [
    "CompanionContract",
    "DiscriminatorContract",
    "DomainContract",
    "EmissionContract",
    "EncoderContract",
    "GeneratorContract",
    "LoggerContract",
    "MetricContract",
    "ObjectiveContract",
    "RecipeContract",
]

_ROOMS = {
    "CompanionContract": "companions",
    "DiscriminatorContract": "discriminators",
    "DomainContract": "domains",
    "EmissionContract": "emissions",
    "EncoderContract": "encoders",
    "GeneratorContract": "generators",
    "LoggerContract": "loggers",
    "MetricContract": "metrics",
    "ObjectiveContract": "objectives",
    "RecipeContract": "recipes",
}


def __getattr__(name: str) -> Any:
    """Contracts by name, each from its room when it is asked for."""
    if name not in _ROOMS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_ROOMS[name]}"), name)
