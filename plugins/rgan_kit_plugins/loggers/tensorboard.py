"""Metrics into TensorBoard event files, for ``rgankit train --set train.loggers=tensorboard``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rgan_kit import hookimpl
from rgan_kit.errors import DeviceError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rgan_kit.contracts import RunInfo

NAME = "tensorboard"


class TensorBoardLogger:
    """Writes to ``<run>/tensorboard``; look at it with ``tensorboard --logdir runs``."""

    def __init__(self) -> None:
        self._writer: Any = None

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
        if self._writer is not None:
            for name, value in metrics.items():
                self._writer.add_scalar(name, value, step)

    @hookimpl
    def rgankit_train_end(self) -> None:
        """Closes the event file."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None


logger = TensorBoardLogger()
