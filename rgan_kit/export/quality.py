"""What smaller files cost: the same figures of the samples of several files of one run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from rgan_kit.contracts import SampleSet
from rgan_kit.errors import DataError
from rgan_kit.plugins.registry import Registry
from rgan_kit.runtime import load
from rgan_kit.training.metrics import Metrics
from rgan_kit.training.session import TrainedRun, load_dataset

SAMPLES = 500


def measure(run: TrainedRun, files: Mapping[str, Path], registry: Registry) -> dict[str, dict[str, float]]:
    """Figures of ``SAMPLES`` samples of each file, of the same noise.

    Args:
        run: that the files are from.
        files: by name.
        registry: whose metrics apply.

    Raises:
        DataError: the run's data is not at hand, or has changed.
    """
    dataset = load_dataset(run.config)
    if dataset.fingerprint != run.data.fingerprint:
        raise DataError(f"{run.config.data}: the data has changed since the training, so samples cannot be measured.")
    metrics = Metrics(registry, dataset.spec.kind)
    measured: dict[str, dict[str, float]] = {}
    for name, path in files.items():
        outputs = load(path, provider="cpu").outputs(SAMPLES, seed=0)
        measured[name] = metrics.figures(SampleSet(dataset.decoder.decode(outputs), outputs, dataset))
    return measured
