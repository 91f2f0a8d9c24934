"""A recurrent generator of clips with motion and content apart, after MoCoGAN (Tulyakov et al. 2018, arXiv:1707.04993).

One latent of the whole sequence says what is seen; a recurrent network makes of fresh noise in every frame how it
moves; transposed convolutions draw each frame from the two.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rgan_kit.contracts import Batch, DataSpec, FrameSpec, Relaxation
from rgan_kit.nn import Cell, Recurrence, exportable, padding_mask, to_uint8
from rgan_kit_plugins.convolutions import FrameWriter
from rgan_kit_plugins.generators.ends import ends_of

if TYPE_CHECKING:
    from rgan_kit_plugins.generators import RecurrentGeneratorOptions


class RecurrentFrameGenerator(nn.Module):
    """``x_t = D(z_C, z_M(t))`` with ``z_M`` from an RNN, LSTM or GRU over noise and, if there is one, a label.

    ``latent`` is ``z_C``, the content, and may have size 0: then noise alone decides what is seen. The paper starts the
    recurrence in a random state; here every step sees the noise of the first one beside its own, so that where a
    movement leads can be drawn once for the clip.
    """

    latent_moves = False
    """Whether the recurrence sees the latent too."""

    def __init__(self, cell: Cell, options: RecurrentGeneratorOptions, data: DataSpec) -> None:
        super().__init__()
        assert isinstance(data, FrameSpec)
        self.data = data
        self.latent_size = options.latent_size
        self.ends = ends_of(data)
        self.motion_noise = options.noise_size
        self.noise_size = options.noise_size + self.ends.noise
        self.from_label = nn.Embedding(len(data.labels), options.noise_size) if data.labels else None
        entering = options.noise_size * (3 if data.labels else 2) + (options.latent_size if self.latent_moves else 0)
        entering += self.ends.size
        self.recurrence = Recurrence(cell, entering, options.hidden_size, options.layers, options.dropout)
        self.dropout = nn.Dropout(options.dropout)
        # Few and bounded numbers cannot outvote the content (in the paper 10 beside 50), which styles every layer then.
        self.styled = options.latent_size if options.motion_size else 0
        self.to_motion = nn.Linear(options.hidden_size, options.motion_size) if options.motion_size else None
        features = options.latent_size + (options.motion_size or options.hidden_size)
        picture = data.height, data.width, data.channels
        self.writer = FrameWriter(features, options.channels, *picture, style=self.styled)

    @property
    def variable(self) -> bool:
        """Whether clips have lengths of their own."""
        return self.data.variable

    def frames(
        self,
        noise: Tensor,
        latent: Tensor | None = None,
        labels: Tensor | None = None,
        lengths: Tensor | None = None,
    ) -> Tensor:
        """Frames of given chance; a latent or labels that the model needs are drawn where None, and lengths are those
        of the noise.

        Args:
            noise: ``[batch, time, noise_size]``.
            latent: ``[batch, latent_size]``.
            labels, lengths: int64 ``[batch]``.

        Returns:
            ``[batch, time, channels, height, width]`` in [-1, 1].
        """
        size, time = noise.shape[:2]
        every_step: list[Tensor] = []
        if self.latent_size:
            if latent is None:
                latent = torch.randn(size, self.latent_size, device=noise.device)
            every_step.append(latent[:, None].expand(-1, time, -1))
        told, noise = self.ends.told(self.ends.lengths(noise, lengths), time), self.ends.own(noise)
        moving = [noise, noise[:, :1].expand(-1, time, -1), *(every_step if self.latent_moves else [])]
        if self.from_label is not None:
            if labels is None:
                labels = torch.randint(len(self.data.labels), (size,), device=noise.device)
            moving.append(self.from_label(labels)[:, None].expand(-1, time, -1))
        if told is not None:
            moving.append(told)
        hidden = self.dropout(self.recurrence(self.dropout(torch.cat(moving, dim=2))))  # [batch, time, hidden_size]
        vectors = torch.cat([*every_step, self.motion(hidden)], dim=2)
        return self.written(vectors.flatten(0, 1)).view(size, time, *self._picture)

    def written(self, vectors: Tensor) -> Tensor:
        """Pictures ``[n, channels, height, width]`` of contents and motions, ``[n, latent_size + ...]``."""
        return cast("Tensor", self.writer(vectors, vectors[:, : self.styled] if self.styled else None))

    def motion(self, hidden: Tensor) -> Tensor:
        """What the recurrence ``[..., hidden_size]`` says of a frame, ``z_M``."""
        return hidden if self.to_motion is None else torch.tanh(self.to_motion(hidden))

    @property
    def _picture(self) -> tuple[int, int, int]:
        return self.data.channels, self.data.height, self.data.width

    def generate(
        self,
        size: int,
        length: int,
        *,
        latent: Tensor | None = None,
        labels: Tensor | None = None,
        relaxation: Relaxation = Relaxation(),  # noqa: B008 - frozen
        lengths: Tensor | None = None,
    ) -> Batch[Tensor]:
        """Clips with gradients: ``values`` ``[size, length, channels, height, width]`` in [-1, 1]; where clips differ
        in length, lengths are drawn where None."""
        if labels is None and self.data.labels:
            labels = torch.randint(len(self.data.labels), (size,), device=self.device)
        noise = torch.randn(size, length, self.noise_size, device=self.device)
        lengths = self.ends.lengths(noise, lengths)
        return Batch(self.frames(noise, latent, labels, lengths), lengths.clamp(max=length), labels)

    @property
    def device(self) -> torch.device:
        """Where its weights are."""
        return self.writer.enter.weight.device

    def sampler(self) -> nn.Module:
        """The frozen sampler of the model file."""
        return RecurrentFrameSampler(self)

    def stepper(self) -> nn.Module:
        """The frozen module of the step file."""
        from rgan_kit_plugins.generators.steppers import FrameStepper

        return FrameStepper(RecurrentFrameSampler(self))


class LikelihoodFrameGenerator(RecurrentFrameGenerator):
    """The decoder of a variational autoencoder: the same network, whose recurrence sees the latent in every step, for
    that is all that the encoder can tell it of the motion; and a likelihood."""

    latent_moves = True

    finest = 2 / 255
    """Smallest deviation of a pixel: a file knows it no better than this."""

    haste = 10
    """How many times faster than other weights the deviation moves: Adam takes each a learning rate further a step, and
    this one has to follow while the reconstruction becomes many times better."""

    def __init__(self, cell: Cell, options: RecurrentGeneratorOptions, data: DataSpec) -> None:
        super().__init__(cell, options, data)
        self.log_deviation = nn.Parameter(torch.tensor(math.log(0.5) / self.haste))

    @property
    def deviation(self) -> Tensor:
        """Of a pixel around its mean, a scalar: learnt, so that no weight of the reconstruction has to be chosen
        (Rybkin et al. 2021, arXiv:2006.13202)."""
        return (self.haste * self.log_deviation).exp() + self.finest

    def log_probs(self, batch: Batch[Tensor], latent: Tensor | None = None) -> Tensor:
        """Log-density in nats of each frame given the latent, ``[batch, time]``, zero on padding: pixels are
        independent normal variables around what the network draws, with one deviation for all.

        The noise of the motion is drawn from its prior, so by Jensen's inequality the result is, in expectation, a
        lower bound of the log-density with the noise integrated out. Given the latent a frame depends on no other one.
        """
        frames = batch.values
        noise = torch.randn(*frames.shape[:2], self.noise_size, device=frames.device)
        # Every pixel is a normal variable around what the network draws: [batch, time, channels, height, width].
        mean = self.frames(noise, latent, batch.labels, batch.lengths).float()
        squared = F.mse_loss(mean, frames.float(), reduction="none").flatten(2).sum(dim=2)  # [batch, time]
        pixels = math.prod(self._picture)
        nats = squared / (2 * self.deviation.square()) + pixels * (self.deviation.log() + math.log(2 * math.pi) / 2)
        # How long a clip is counts with its first frame.
        masked = -nats * padding_mask(batch.lengths, frames.shape[1])
        if self.ends.drawn is None:
            return masked
        return torch.cat([masked[:, :1] + self.ends.drawn.log_prob(batch.lengths)[:, None], masked[:, 1:]], dim=1)


class RecurrentFrameSampler(nn.Module):
    """Clips from standard normal numbers, by the contract of ``docs/model-file.md``."""

    def __init__(self, generator: RecurrentFrameGenerator) -> None:
        super().__init__()
        self.network = exportable(generator)

    def forward(
        self, noise: Tensor, latent: Tensor | None = None, labels: Tensor | None = None
    ) -> Tensor | tuple[Tensor, Tensor]:
        """``noise`` ``[batch, time, noise_size]`` to uint8 ``[batch, time, height, width, channels]``, and lengths
        where they differ."""
        return self.network.ends.finish(to_uint8(self.network.frames(noise, latent, labels)), noise)
