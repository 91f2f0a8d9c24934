"""Clips by way of codes: a recurrent density draws a code for every frame, and the codec draws the frames (Ha &
Schmidhuber 2018, "World Models", arXiv:1803.10122, whose actions are the class here)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from torch import Tensor, nn

from rgan_kit.contracts import Batch, BuildContext, DataSpec, FrameSpec, PluginError, Relaxation
from rgan_kit.nn import exportable, to_uint8
from rgan_kit_plugins.generators import RecurrentGeneratorOptions
from rgan_kit_plugins.generators.autoregressive_series import AutoregressiveSeriesGenerator
from rgan_kit_plugins.generators.ends import Ends

if TYPE_CHECKING:
    from rgan_kit_plugins.codecs import CodeDensityOptions
    from rgan_kit_plugins.codecs.frames import CodeWriter


def density_of(options: CodeDensityOptions, data: DataSpec, context: BuildContext) -> AutoregressiveSeriesGenerator:
    """The density of the codes that the network called ``codec`` makes: an autoregressive generator of series.

    Raises:
        PluginError: there is no such network before it.
    """
    codec: Any = context.networks.get("codec")
    if codec is None:
        raise PluginError(
            f"The {context.name} is a density of codes, and no network called 'codec' comes before it.",
            "Name a codec first in the recipe's networks.",
        )
    given = options.model_dump(exclude={"cell"})
    recurrent = RecurrentGeneratorOptions(**given, autoregressive=True, emission="auto", latent_size=0)
    return AutoregressiveSeriesGenerator(options.cell, recurrent, codec.series)


class CodedFrameGenerator(nn.Module):
    """``x_t = D(z_t)`` with ``z_t ~ p(z_t | z_<t, label)``, of which the content is drawn with the first frame.

    Args:
        writer: of the codec.
        density: of its codes.
        data: what clips are.
    """

    latent_size = 0

    def __init__(self, writer: CodeWriter, density: AutoregressiveSeriesGenerator, data: DataSpec) -> None:
        super().__init__()
        assert isinstance(data, FrameSpec)
        self.data, self.writer, self.density = data, writer, density
        self.noise_size = density.noise_size

    @property
    def variable(self) -> bool:
        """Whether clips have lengths of their own."""
        return self.density.variable

    @property
    def ends(self) -> Ends:
        """Where clips end."""
        return self.density.ends

    def forward(self, noise: Tensor, labels: Tensor | None = None) -> Tensor:
        """``noise`` ``[batch, time, noise_size]`` and labels int64 ``[batch]``, where there are classes, to frames."""
        return self.writer.decode(self.density(noise, None, labels))

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
        coded = self.density.generate(size, length, labels=labels, lengths=lengths)
        return Batch(self.writer.decode(coded.values), coded.lengths, coded.labels)

    def sampler(self) -> nn.Module:
        """The frozen sampler of the model file."""
        return CodedFrameSampler(self)

    def stepper(self) -> nn.Module:
        """The frozen module of the step file."""
        from rgan_kit_plugins.generators.steppers import CodedFrameStepper

        return CodedFrameStepper(CodedFrameSampler(self))


class CodedFrameSampler(nn.Module):
    """Clips from standard normal numbers, by the contract of ``docs/model-file.md``."""

    def __init__(self, generator: CodedFrameGenerator) -> None:
        super().__init__()
        self.network = exportable(generator)

    def forward(self, noise: Tensor, labels: Tensor | None = None) -> Tensor | tuple[Tensor, Tensor]:
        """``noise`` ``[batch, time, noise_size]`` to uint8 ``[batch, time, height, width, channels]``, and lengths
        where they differ."""
        return self.network.ends.finish(to_uint8(self.network(noise, labels)), noise)
