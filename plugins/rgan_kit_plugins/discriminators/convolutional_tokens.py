"""A convolutional discriminator of symbols: filters of several widths and their maxima over time (Kim 2014,
arXiv:1408.5882), with the highway layer that SeqGAN adds (Yu et al. 2017, arXiv:1609.05473) and, on request, several
embedded representations of every sequence, as in RelGAN (Nie, Narodytska & Patel 2019).

A filter sees a symbol and those before it, and zeros before the first one. So there are as many windows as symbols
however short the sequence is, none of them reaches into padding, and the score of a step, a linear function of the
filters' answers there, depends on nothing after it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rgan_kit.contracts import Batch, DataSpec, Scores, TokenSpec
from rgan_kit.nn import State, padding_mask
from rgan_kit_plugins.discriminators.regularisers import MinibatchStatistics, spectrally_normalised

if TYPE_CHECKING:
    from rgan_kit_plugins.discriminators import ConvolutionalTokenOptions

TRANSFORM_BIAS = -2.0
"""Of the highway's gate: in the beginning it carries (Srivastava et al. 2015, section 2.2)."""


class ConvolutionalTokenDiscriminator(nn.Module):
    """Scores tokens, or one-hot vectors that gradients flow through to the generator.

    RelGAN averages the losses of the representations; here their scores are averaged, so that any objective applies.

    Attributes:
        causal: the score of a step depends on nothing after it.
        incremental: whether a sequence can also be read symbol by symbol, by ``start``, ``read`` and ``judge``.
    """

    causal = True

    def __init__(self, options: ConvolutionalTokenOptions, data: DataSpec) -> None:
        super().__init__()
        assert isinstance(data, TokenSpec)
        self.incremental = not options.minibatch_statistics
        self.representations, self.width = options.representations, options.embedding_size
        self.reach = max(options.widths) - 1
        self.embedding = nn.Embedding(data.vocab_size, self.representations * self.width)
        nn.init.normal_(self.embedding.weight, std=self.width**-0.5)
        self.convolutions = nn.ModuleList(nn.Conv1d(self.width, options.filters, width) for width in options.widths)
        features = options.filters * len(options.widths)
        self.highway = Highway(features) if options.highway else None
        self.dropout = nn.Dropout(options.dropout)
        self.from_label = nn.Embedding(len(data.labels), features) if data.labels else None
        self.statistics = MinibatchStatistics() if options.minibatch_statistics else None
        self.step_score = nn.Linear(features, 1)
        self.sequence_score = nn.Linear(features + (0 if self.statistics is None else self.statistics.added), 1)
        if options.spectral_norm:
            spectrally_normalised(self)

    def embed(self, values: Tensor) -> Tensor:
        """``[batch, time]`` tokens or ``[batch, time, vocabulary]`` one-hot, to ``[batch, time, representations *
        embedding_size]``."""
        if values.is_floating_point():
            return values @ self.embedding.weight
        return F.embedding(values, self.embedding.weight)

    def forward(self, batch: Batch[Tensor]) -> Scores:
        """Logits of being real; padding changes nothing."""
        time = batch.values.shape[1]
        mask = padding_mask(batch.lengths, time)
        inputs = self._represent(self.dropout(self.embed(batch.values)))  # [batch, time, representations, width]
        inputs = F.pad(inputs.permute(2, 0, 3, 1).flatten(0, 1), (self.reach, 0))  # [representations * batch, width, …]
        answers = F.relu(torch.cat([self._convolve(inputs, layer, time) for layer in self.convolutions], dim=1))
        answers = answers.view(self.representations, len(mask), -1, time) * mask[:, None]  # nothing is below 0
        steps = self.step_score(self.dropout(answers).transpose(2, 3))[..., 0].mean(dim=0)
        if self.from_label is not None and batch.labels is not None:
            steps = steps + torch.einsum("bf,rbft->bt", self.from_label(batch.labels), answers) / self.representations
        return Scores(self._sequence_score(answers.amax(dim=3), batch.labels), steps * mask)

    def _represent(self, embedded: Tensor) -> Tensor:
        return embedded.view(*embedded.shape[:-1], self.representations, self.width)

    @staticmethod
    def _convolve(inputs: Tensor, layer: nn.Module, time: int) -> Tensor:
        """A filter of every width answers once for every symbol: windows that end before the first one are left out."""
        answers: Tensor = layer(inputs)
        return answers[:, :, answers.shape[2] - time :]

    def _sequence_score(self, peak: Tensor, labels: Tensor | None) -> Tensor:
        """``[representations, batch, features]``, the filters' maxima over time, to ``[batch]``."""
        features = peak if self.highway is None else self.highway(peak)
        read = self.dropout(features)
        if self.statistics is not None:
            read = torch.stack([self.statistics(each) for each in read])
        score: Tensor = self.sequence_score(read)[..., 0]
        if self.from_label is not None and labels is not None:
            # Projection (Miyato & Koyama 2018): how well the label goes with what was read.
            score = score + (self.from_label(labels) * features).sum(dim=2)
        return score.mean(dim=0)

    # --- symbol by symbol, for rollouts, which share what they have read; without dropout ---

    def start(self, like: Tensor) -> State:
        """Nothing read yet, for as many sequences as ``like`` (``[batch, ...]``) has. The batch is in the second
        dimension of a state's tensors: the symbols that filters still see, and the filters' maxima."""
        weight = self.embedding.weight
        window = weight.new_zeros(self.representations, len(like), self.width, self.reach)
        return window, weight.new_zeros(self.representations, len(like), self.step_score.in_features)

    def read(self, state: State, tokens: Tensor) -> State:
        """The state after one more symbol, int64 ``[batch]``."""
        window, peak = state
        latest = self._represent(self.embed(tokens)).transpose(0, 1)
        window = torch.cat([window, latest[..., None]], dim=3)  # [representations, batch, width, reach + 1]
        answers = [self._answer(window, layer) for layer in self.convolutions]
        return window[..., 1:], torch.maximum(peak, F.relu(torch.cat(answers, dim=2)))

    @staticmethod
    def _answer(window: Tensor, layer: Any) -> Tensor:
        weight: Tensor = layer.weight  # [filters, embedding_size, width]
        return F.linear(window[..., -weight.shape[2] :].flatten(2), weight.flatten(1), layer.bias)

    def judge(self, state: State, labels: Tensor | None = None) -> Tensor:
        """``Scores.sequence`` of what was read: ``[batch]``."""
        return self._sequence_score(state[1], labels)


class Highway(nn.Module):
    """``t ⊙ relu(W_h x + b_h) + (1 - t) ⊙ x`` with ``t = σ(W_t x + b_t)`` (Srivastava et al. 2015, 1505.00387)."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.change = nn.Linear(features, features)
        self.gate = nn.Linear(features, features)
        nn.init.constant_(self.gate.bias, TRANSFORM_BIAS)

    def forward(self, inputs: Tensor) -> Tensor:
        """``[..., features]`` to the same."""
        gate = torch.sigmoid(self.gate(inputs))
        return gate * F.relu(self.change(inputs)) + (1 - gate) * inputs
