"""The ``samples/`` folder of a run: decoded samples of some steps, as the domain writes them."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from rgan_kit.contracts import Dataset, SampleSet, write_samples
from rgan_kit.storage import cannot_write

MOMENTS = 6
"""Earlier than the newest, whose pictures stay."""

ANIMATIONS = 6

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
        """Deletes all but the newest ``keep`` and those of the best evaluation; of some earlier moments, evenly spread,
        pictures stay, which reports show."""
        older = [step for step in self.steps()[:-keep] if step != best]
        spread = thinned(older, MOMENTS)
        for step in older:
            if step not in spread or not _keep_pictures(self.path(step)):
                shutil.rmtree(self.path(step), ignore_errors=True)


def thinned(steps: list[int], most: int) -> list[int]:
    """At most so many of them, the first and the last among them; what goes is what has its neighbours nearest."""
    kept = list(steps)
    while len(kept) > max(2, most):
        gaps = [after - before for before, after in zip(kept, kept[2:], strict=False)]
        del kept[1 + gaps.index(min(gaps))]
    return kept


def _keep_pictures(folder: Path) -> bool:
    """Deletes all but the first picture and the first animations; whether anything is left."""
    files = sorted(each for each in folder.rglob("*") if each.is_file())
    pictures = [each for each in files if each.suffix == ".png"][:1]
    pictures += [each for each in files if each.suffix == ".gif"][:ANIMATIONS]
    for each in files:
        if each not in pictures:
            each.unlink(missing_ok=True)
    return bool(pictures)
