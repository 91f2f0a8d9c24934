"""The ``samples/`` folder of a run: decoded samples of some steps, as the domain writes them."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from rgan_kit.contracts import Dataset, SampleSet, write_samples
from rgan_kit.storage import cannot_write

_NAME = re.compile(r"step-(\d{8,})")


class Gallery:
    """Samples by the step that they were drawn after.

    Args:
        folder: ``samples/`` of a run.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, step: int) -> Path:
        """Where the samples of a step lie."""
        return self.folder / f"step-{step:08d}"

    def steps(self) -> list[int]:
        """Steps that have samples, in order."""
        if not self.folder.is_dir():
            return []
        matches = (_NAME.fullmatch(entry.name) for entry in self.folder.iterdir() if entry.is_dir())
        return sorted(int(match[1]) for match in matches if match)

    def write(self, step: int, drawn: SampleSet, dataset: Dataset) -> list[Path]:
        """Has the domain write samples; returns the files.

        Raises:
            RganKitError: they cannot be written.
        """
        folder = self.path(step)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            return write_samples(dataset.decoder, drawn.samples, folder, drawn.labels)
        except OSError as error:
            raise cannot_write(folder, error) from error

    def prune(self, keep: int, best: int | None) -> None:
        """Deletes all but the newest ``keep`` and those of the best evaluation."""
        for step in self.steps()[:-keep]:
            if step != best:
                shutil.rmtree(self.path(step), ignore_errors=True)
