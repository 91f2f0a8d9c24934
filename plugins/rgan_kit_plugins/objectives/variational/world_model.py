"""Frames by a codec, clips by a recurrent density over its codes, one trained after the other (Ha & Schmidhuber 2018,
"World Models", arXiv:1803.10122: a variational autoencoder of frames, and a recurrent mixture density of its latents).

Together they bound the likelihood of a clip: ``log p(x) ≥ E_q(z|x) Σ_t log p(x_t | z_t) + log p(z_t | z_<t) - log
q(z_t | x_t)``. For codes on a grid ``q`` is certain of one code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from rgan_kit.contracts import Batch, Loss, Network, NetworkName, Phase, Stage, StepContext
from rgan_kit.nn import padding_mask
from rgan_kit_plugins.codecs.frames import Codes
from rgan_kit_plugins.objectives.likelihood.teacher_forcing import mean_nats
from rgan_kit_plugins.objectives.variational import WorldModelOptions


class WorldModel:
    """The codec by the evidence lower bound of single frames, then the density by the likelihood of its codes."""

    def __init__(self, options: WorldModelOptions, networks: Mapping[NetworkName, Network]) -> None:
        self.options = options
        self.codec: Any = networks["codec"]
        self.density: Any = networks["generator"]

    def stages(self) -> tuple[Stage, ...]:
        """``codec`` and ``density``; a stage without a share is left out."""
        share = self.options.codec_share
        codec = Phase("codec", ("codec",), self.codec_loss)
        density = Phase("density", ("generator",), self.density_loss, frozen=("codec",))
        stages = Stage("codec", share, (codec,)), Stage("density", 1 - share, (density,))
        return tuple(stage for stage in stages if stage.share > 0)

    def codec_loss(self, context: StepContext) -> Loss:
        """``-log p(x | z) + KL(q(z | x) || N(0, 1))`` of some frames of every clip, in nats a number of a frame.

        Figures: ``reconstruction`` and ``divergence``, in nats a frame.
        """
        clips = some_frames(context.batch, self.options.frames_a_clip)
        codes: Codes = self.codec.encode(clips)
        inside = padding_mask(clips.lengths, clips.values.shape[1])
        reconstruction = -self.codec.log_prob(clips.values, codes.values)[inside].mean()
        divergence = codes.divergence[inside].mean()
        loss = (reconstruction + divergence) / clips.values[0, 0].numel()
        return Loss(loss, {"reconstruction": reconstruction, "divergence": divergence})

    def density_loss(self, context: StepContext) -> Loss:
        """``-log p(z)``, in nats a frame."""
        with torch.no_grad():
            codes: Codes = self.codec.encode(context.batch)
        coded = replace(context.batch, values=codes.values)
        return Loss(mean_nats(self.density.log_probs(coded), coded))


def some_frames(clips: Batch[Tensor], most: int) -> Batch[Tensor]:
    """So many frames of each clip, at random and in any order; all of one that has no more."""
    size, time = clips.values.shape[:2]
    order = torch.rand(size, time, device=clips.values.device)
    order = order.masked_fill(~padding_mask(clips.lengths, time), 2.0).argsort(dim=1)[:, :most]
    rows = torch.arange(size, device=order.device)[:, None]
    return Batch(clips.values[rows, order], clips.lengths.clamp(max=most), clips.labels)


def bound(networks: Mapping[NetworkName, Any], batch: Batch[Tensor], counts: Tensor) -> Tensor:
    """The bound on the log-likelihood of clips, with one draw of their codes: nats ``[batch]`` of the frames that
    count, boolean ``[batch, time]``."""
    codec, density = networks["codec"], networks["generator"]
    codes: Codes = codec.encode(batch)
    prior = density.log_probs(replace(batch, values=codes.values))
    nats: Tensor = codec.log_prob(batch.values, codes.values) + prior - codes.nats
    return nats.masked_fill(~counts, 0.0).sum(dim=1)
