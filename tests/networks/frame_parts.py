"""Small networks on clips, and clips for them."""

from __future__ import annotations

import torch

from rgan_kit.contracts import Batch, FrameSpec
from rgan_kit_plugins.discriminators import DISCRIMINATORS
from rgan_kit_plugins.encoders import ENCODERS
from rgan_kit_plugins.generators import GENERATORS

CELLS = ("rnn", "lstm", "gru")
CRITICS = (*CELLS, "image", "conv3d", "mocogan")


def spec(height: int = 8, width: int = 10, channels: int = 2, labels: tuple[str, ...] = ()) -> FrameSpec:
    return FrameSpec(6, height, width, channels, 8.0, labels)


def part(specs, name: str, data: FrameSpec, *arguments, **options):
    torch.manual_seed(0)
    chosen = next(each for each in specs if each.name == name)
    small = {"hidden_size": 6, "channels": 3, "dropout": 0.0}
    small |= {"noise_size": 3} if specs is GENERATORS else {}
    small |= {"embedding_size": 5} if specs is not GENERATORS and name in CELLS else {}
    return chosen.build(chosen.options(**(small | options)), data, *arguments)


def generator(cell: str = "gru", data: FrameSpec | None = None, **options):
    return part(GENERATORS, cell, data or spec(), **options)


def critic(name: str, data: FrameSpec | None = None, **options):
    return part(DISCRIMINATORS, name, data or spec(), **options)


def encoder(cell: str = "gru", data: FrameSpec | None = None, **options):
    return part(ENCODERS, cell, data or spec(), 4, **options)


def clips(size: int = 3, time: int = 5, data: FrameSpec | None = None) -> Batch[torch.Tensor]:
    data = data or spec()
    drawn = torch.rand(size, time, data.channels, data.height, data.width, generator=torch.Generator().manual_seed(1))
    lengths = torch.tensor([time, *range(1, size)])[:size]
    return Batch(drawn * 2 - 1, lengths, torch.arange(size) % len(data.labels) if data.labels else None)


def longer(batch: Batch[torch.Tensor]) -> Batch[torch.Tensor]:
    """The same sequences in a longer batch, with rubbish for padding."""
    steps = torch.arange(batch.values.shape[1] + 3)
    values = torch.cat([batch.values, torch.full_like(batch.values[:, :3], 0.7)], 1)
    values[steps >= batch.lengths[:, None]] = -0.9
    return Batch(values, batch.lengths, batch.labels)
