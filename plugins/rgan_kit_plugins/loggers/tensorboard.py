"""Trainings into TensorBoard event files, for ``rgankit train --set train.loggers=tensorboard``."""

from __future__ import annotations

import wave
from typing import TYPE_CHECKING, Any, Final

from rgan_kit import hookimpl
from rgan_kit.errors import DeviceError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import numpy as np

    from rgan_kit.contracts import RunInfo

NAME: Final = "tensorboard"

LINES: Final = 32
"""Samples shown as text; all of them lie in the run's ``samples``."""

MOST_VALUES: Final = 100_000
"""That a histogram is made of."""

FEATURES: Final = 16
"""Of a series, that have a histogram each."""

SOUNDS: Final = 2
"""Samples that can be listened to."""


class TensorBoardLogger:
    """Writes to ``<run>/tensorboard``; look at it with ``tensorboard --logdir runs``. Metrics become scalars, samples
    text, their first picture (a contact sheet, where the domain writes one) an image, their first sounds audio, their
    lengths and values histograms, and so the weights of each checkpoint; warnings and the final table become text."""

    def __init__(self) -> None:
        self._writer: Any = None
        self._step = 0

    @hookimpl
    def rgankit_train_start(self, run: RunInfo, step: int) -> None:
        """Opens the event file, if this logger was asked for."""
        if NAME not in run.loggers:
            return
        try:
            from torch.utils.tensorboard import SummaryWriter
        except Exception as error:  # a damaged installation may raise anything
            missing = isinstance(error, ModuleNotFoundError) and error.name == NAME
            reason = "is not installed" if missing else f"does not load: {type(error).__name__}: {error}"
            raise DeviceError(
                f"train.loggers asks for tensorboard, which {reason}.",
                'Install it with: pip install "rgan-kit[tensorboard]"',
            ) from error
        self._writer = SummaryWriter(str(run.folder / NAME), purge_step=step or None)

    @hookimpl
    def rgankit_step_end(self, step: int, metrics: Mapping[str, float]) -> None:
        """One scalar for each metric."""
        self._step = step
        if self._writer is not None:
            for name, value in metrics.items():
                self._writer.add_scalar(name, value, step)

    @hookimpl
    def rgankit_samples(
        self, step: int, lines: Sequence[str], files: Sequence[Path], outputs: Mapping[str, np.ndarray]
    ) -> None:
        """Text, one picture, two sounds, histograms."""
        if self._writer is None:
            return
        for name, values in _distributions(outputs):
            self._histogram(f"samples/{name}", values, step)
        left = len(lines) - LINES
        more = [f"… and {left:,} more in the run's samples"] if left > 0 else []
        self._writer.add_text("samples", "\n".join(f"    {line}" for line in [*lines[:LINES], *more]), step)
        for file in [file for file in files if file.suffix == ".png"][:1]:
            self._writer.add_image("samples", _picture(file), step, dataformats="HWC")
        for number, file in enumerate([file for file in files if file.suffix == ".wav"][:SOUNDS], 1):
            with wave.open(str(file)) as sound:
                if sound.getsampwidth() == 2:
                    self._writer.add_audio(f"samples/{number}", _values(sound), step, sample_rate=sound.getframerate())

    @hookimpl
    def rgankit_checkpoint_saved(self, step: int, path: Path) -> None:
        """A histogram of each weight."""
        if self._writer is None:
            return
        from safetensors.torch import load_file

        for name, tensor in load_file(path / "model.safetensors").items():
            if not name.startswith("average_of_"):
                self._histogram(f"weights/{name}", tensor.float().flatten().numpy(), step)

    def _histogram(self, name: str, values: np.ndarray, step: int) -> None:
        """Of the finite ones, if there are any; of many, of some from all over them."""
        import numpy as np

        known = values[np.isfinite(values)][:: max(1, values.size // MOST_VALUES)]
        if known.size:
            self._writer.add_histogram(name, known, step)

    @hookimpl
    def rgankit_warning(self, step: int, text: str) -> None:
        """As text."""
        if self._writer is not None:
            self._writer.add_text("warnings", text, step)

    @hookimpl
    def rgankit_table(self, rows: Sequence[tuple[str, Mapping[str, float]]], reference: Mapping[str, float]) -> None:
        """As a table, a figure a line."""
        if self._writer is not None:
            columns = [*rows, ("known source", reference)] if reference else list(rows)
            self._writer.add_text("table", _table(columns), self._step)

    @hookimpl
    def rgankit_train_end(self) -> None:
        """Closes the event file."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None


def _distributions(outputs: Mapping[str, np.ndarray]) -> Iterator[tuple[str, np.ndarray]]:
    """Lengths, where samples have several, and the values of each feature of series, or of pixels, up to them."""
    import numpy as np

    lengths = outputs.get("lengths")
    if lengths is not None:
        yield "lengths", lengths
    for kind in ("series", "frames"):
        if (values := outputs.get(kind)) is not None:
            whole = np.full(len(values), values.shape[1])
            inside = np.arange(values.shape[1]) < (whole if lengths is None else lengths)[:, None]
            if kind == "frames":
                yield "pixels", values[inside].ravel()
            else:
                yield from ((f"feature {n + 1}", each) for n, each in enumerate(values[inside].T[:FEATURES]))


def _picture(file: Path) -> Any:
    """uint8 ``[height, width, 3]``."""
    import numpy as np
    from PIL import Image

    with Image.open(file) as image:
        return np.asarray(image.convert("RGB"))


def _values(sound: wave.Wave_read) -> Any:
    """The first channel of 16-bit sound, a float tensor ``[1, samples]`` from -1 to 1."""
    import numpy as np
    import torch

    values = np.frombuffer(sound.readframes(sound.getnframes()), "<i2")[:: sound.getnchannels()]
    return torch.from_numpy(values.astype(np.float32) / 2**15)[None]


def _table(columns: Sequence[tuple[str, Mapping[str, float]]]) -> str:
    """Markdown."""
    names = dict.fromkeys(name for _, figures in columns for name in figures)
    lines = [["", *(moment for moment, _ in columns)], ["---"] * (len(columns) + 1)]
    lines += [[name, *(f"{f[name]:.4g}" if name in f else "" for _, f in columns)] for name in names]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


logger = TensorBoardLogger()
