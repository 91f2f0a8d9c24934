"""Small networks on series, and a batch for them."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from rgan_kit.contracts import Batch, SeriesSpec
from rgan_kit_plugins.discriminators import DISCRIMINATORS
from rgan_kit_plugins.encoders import ENCODERS
from rgan_kit_plugins.generators import GENERATORS

CELLS = ("rnn", "lstm", "gru")
LATENT = 3
LOW, HIGH = np.array([-3, 10], np.float32), np.array([5, 11], np.float32)


def spec(*labels: str) -> SeriesSpec:
    return SeriesSpec(2, 8, ("height", "speed"), LOW, HIGH, labels)


def generator(cell: str = "lstm", data: SeriesSpec | None = None, **options: Any) -> Any:
    torch.manual_seed(0)
    chosen = next(each for each in GENERATORS if each.name == cell)
    small = {"hidden_size": 6, "noise_size": 4, "dropout": 0.0, **options}
    return chosen.build(chosen.options(**small), data or spec())


def discriminator(cell: str = "lstm", data: SeriesSpec | None = None, **options: Any) -> Any:
    torch.manual_seed(0)
    chosen = next(each for each in DISCRIMINATORS if each.name == cell)
    small = {"hidden_size": 6, "embedding_size": 5, "dropout": 0.0, **options}
    return chosen.build(chosen.options(**small), data or spec())


def encoder(cell: str = "lstm", data: SeriesSpec | None = None, **options: Any) -> Any:
    torch.manual_seed(0)
    chosen = next(each for each in ENCODERS if each.name == cell)
    small = {"hidden_size": 6, "embedding_size": 5, "dropout": 0.0, **options}
    return chosen.build(chosen.options(**small), data or spec(), LATENT)


def batch(labels: bool = False) -> Batch[torch.Tensor]:
    values = torch.from_numpy(np.random.default_rng(1).uniform(-1, 1, (3, 5, 2)).astype(np.float32))
    lengths = torch.tensor([5, 2, 1])
    values[torch.arange(5) >= lengths[:, None]] = 0
    return Batch(values, lengths, torch.tensor([0, 1, 1]) if labels else None)


def own_units(values: torch.Tensor) -> torch.Tensor:
    return torch.from_numpy(LOW) + (values + 1) / 2 * torch.from_numpy(HIGH - LOW)
