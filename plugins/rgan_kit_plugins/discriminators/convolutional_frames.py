"""Convolutional discriminators of clips: of single frames, of motion, and the two together as MoCoGAN has them
(Tulyakov et al. 2018, arXiv:1707.04993)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from rgan_kit.contracts import Batch, DataSpec, FrameSpec, Scores
from rgan_kit.nn import padding_mask
from rgan_kit_plugins.convolutions import FrameReader
from rgan_kit_plugins.discriminators.frame_scores import SequenceScore, StepScores, WholeClipScore, mean_over_time
from rgan_kit_plugins.discriminators.regularisers import MinibatchStatistics, spectrally_normalised

if TYPE_CHECKING:
    from rgan_kit_plugins.discriminators import ClipOptions, ConvolutionalFrameOptions


class FrameDiscriminator(nn.Module):
    """Reads every frame for itself; the clip's score is the mean of its frames' scores."""

    def __init__(self, options: ConvolutionalFrameOptions, data: DataSpec) -> None:
        super().__init__()
        assert isinstance(data, FrameSpec)
        width = options.hidden_size
        self.reader = FrameReader(data.height, data.width, data.channels, options.channels, width)
        self.dropout = nn.Dropout(options.dropout)
        self.statistics = MinibatchStatistics() if options.minibatch_statistics else None
        added = MinibatchStatistics.added if options.minibatch_statistics else 0
        self.steps = StepScores(width + added, len(data.labels))
        if options.spectral_norm:
            spectrally_normalised(self)

    def forward(self, batch: Batch[Tensor]) -> Scores:
        """Logits of being real; padding changes nothing."""
        mask = padding_mask(batch.lengths, batch.values.shape[1])  # [batch, time]
        features = self.dropout(self.reader(batch.values, mask))  # [batch, time, hidden_size]
        if self.statistics is not None:
            added = self.statistics(mean_over_time(features, mask))[:, None, features.shape[2] :]
            features = torch.cat([features, added.expand(-1, features.shape[1], -1)], dim=2)
        steps = self.steps(features, mask, batch.labels)
        return Scores(mean_over_time(steps, mask), steps)


class ClipDiscriminator(nn.Module):
    """3-D convolutions over time and space (Tran et al. 2015, arXiv:1412.0767). They stride over space alone, so that a
    clip may have any length and every frame a score for what happens around it."""

    def __init__(self, options: ClipOptions, data: DataSpec) -> None:
        super().__init__()
        self.reader = _clip_reader(options, data)
        self.dropout = nn.Dropout(options.dropout)
        self.steps = StepScores(options.hidden_size, len(data.labels))
        self.sequence = _clip_score(options, data)
        if options.spectral_norm:
            spectrally_normalised(self)

    def forward(self, batch: Batch[Tensor]) -> Scores:
        """Logits of being real; padding changes nothing."""
        mask = padding_mask(batch.lengths, batch.values.shape[1])  # [batch, time]
        features = self.dropout(self.reader(batch.values, mask))
        return Scores(self.sequence(features, mask, batch.labels), self.steps(features, mask, batch.labels))


class MocoganDiscriminator(nn.Module):
    """Both of MoCoGAN's: 3-D convolutions score the clip, ``FrameDiscriminator`` its frames, with weights of their own.

    The paper draws one frame of a clip for the latter; here it sees them all, which is the same in expectation.
    """

    def __init__(self, options: ClipOptions, data: DataSpec) -> None:
        super().__init__()
        self.reader = _clip_reader(options, data)
        self.dropout = nn.Dropout(options.dropout)
        self.sequence = _clip_score(options, data)
        if options.spectral_norm:
            spectrally_normalised(self)
        self.frames = FrameDiscriminator(options, data)

    def forward(self, batch: Batch[Tensor]) -> Scores:
        """Logits of being real; padding changes nothing."""
        mask = padding_mask(batch.lengths, batch.values.shape[1])  # [batch, time]
        features = self.dropout(self.reader(batch.values, mask))
        return Scores(self.sequence(features, mask, batch.labels), self.frames(batch).steps)


def _clip_reader(options: ClipOptions, data: DataSpec) -> FrameReader:
    assert isinstance(data, FrameSpec)
    return FrameReader(data.height, data.width, data.channels, options.channels, options.hidden_size, time_kernel=3)


def _clip_score(options: ClipOptions, data: DataSpec) -> SequenceScore | WholeClipScore:
    assert isinstance(data, FrameSpec)
    width = options.hidden_size
    if options.whole_clip:
        return WholeClipScore(width, data.length, len(data.labels), options.minibatch_statistics)
    return SequenceScore(width, width, len(data.labels), options.minibatch_statistics)
