"""Where samples of series and frames end: after their whole length, or after one that is drawn for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from rgan_kit.nn import Lengths, padding_mask

if TYPE_CHECKING:
    from rgan_kit.contracts import FrameSpec, SeriesSpec

STATE = (2,)
"""Shape of what a step file carries on: the length of the sample (0 before its first step) and the steps done."""


def ends_of(data: SeriesSpec | FrameSpec) -> Ends:
    """Of samples as the data has them."""
    return Ends(None if data.length_shares is None else Lengths(data.length_shares))


class Ends(nn.Module):
    """Lengths of samples, and what steps are told of them; without ``lengths_drawn`` all have the whole length.

    Attributes:
        noise: numbers more that a step takes.
        size: numbers that a step sees.
    """

    def __init__(self, lengths_drawn: Lengths | None) -> None:
        super().__init__()
        self.drawn = lengths_drawn
        self.noise = 0 if lengths_drawn is None else 1
        self.size = 0 if lengths_drawn is None else lengths_drawn.size

    def lengths(self, noise: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Lengths int64 ``[batch]`` as they are, or those of noise ``[batch, time, noise_size]``; they may exceed its
        time."""
        if lengths is not None and self.drawn is not None:
            return lengths
        if self.drawn is None:
            return torch.full((noise.shape[0],), noise.shape[1], device=noise.device)
        return self.drawn.draw(noise[:, 0, -1])

    def told(self, lengths: Tensor, time: int) -> Tensor | None:
        """What each step is told, ``[batch, time, size]``; None where there is nothing to tell."""
        if self.drawn is None:
            return None
        steps = torch.arange(time, device=lengths.device)
        return self.drawn.told((lengths[:, None] - 1 - steps).to(torch.float32))

    def own(self, noise: Tensor) -> Tensor:
        """The noise without what lengths are drawn from."""
        return noise if self.drawn is None else noise[..., :-1]

    def join(self, noise: Tensor, lengths: Tensor | None = None) -> Tensor:
        """What the steps of noise ``[batch, time, noise_size]`` take in: ``[batch, time, n]``."""
        told = self.told(self.lengths(noise, lengths), noise.shape[1])
        return noise if told is None else torch.cat([self.own(noise), told], dim=2)

    def finish(self, made: Tensor, noise: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        """Samples ``[batch, time, ...]``, with zeros after the end of each and the lengths where they differ."""
        if self.drawn is None:
            return made
        lengths = self.lengths(noise)
        mask = padding_mask(lengths, made.shape[1]).to(made.dtype)
        time = noise.shape[1]
        return made * mask.reshape(*mask.shape, *[1] * (made.ndim - 2)), torch.clamp(lengths, max=time)

    def step(self, noise: Tensor, state: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """One step of a step file.

        Args:
            noise: ``[batch, noise_size]``.
            state: ``[batch, 2]``, see ``STATE``.

        Returns:
            What the step is told ``[batch, size]``, whether the sample goes on ``[batch]`` (1 or 0), its length int64
            ``[batch]`` and the next state.
        """
        assert self.drawn is not None
        begun = (state[:, 0] > 0).to(state.dtype)
        whole = begun * state[:, 0] + (1 - begun) * self.drawn.draw(noise[:, -1]).to(state.dtype)
        goes_on = (state[:, 1] < whole).to(state.dtype)
        told = self.drawn.told(whole - 1 - state[:, 1])
        return told, goes_on, whole.to(torch.int64), torch.stack([whole, state[:, 1] + 1], dim=1)
