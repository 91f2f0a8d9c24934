"""Whether what a clip shows stays what it is."""

from __future__ import annotations

from typing import Final
from weakref import WeakKeyDictionary

import numpy as np

from rgan_kit.contracts import Dataset, Figure, Measured, MetricSpec, SampleSet, SequenceSource, evenly

MOST: Final = 500


def drift(frames: np.ndarray) -> float:
    """How much the mean brightness of each colour channel changes from frame to frame and from the first to the last,
    as a share of the full range, the mean over clips.

    Args:
        frames: uint8 ``[clips, time, height, width, channels]``.
    """
    means = frames.mean((2, 3), dtype=np.float64) / 255  # [clips, time, channels]
    ends = np.abs(means[:, -1] - means[:, 0]).mean()
    steps = np.abs(np.diff(means, axis=1)).mean()
    return float(ends + steps)


_known: Final[WeakKeyDictionary[Dataset, float]] = WeakKeyDictionary()


def compute(samples: SampleSet) -> dict[str, Measured]:
    """``content_drift``, and that of held-out clips. Nothing for pictures."""
    frames = samples.outputs["frames"]
    if frames.shape[1] < 2 or not len(frames):
        return {}
    dataset = samples.dataset
    if dataset not in _known:
        _known[dataset] = drift(_some(dataset.validation))
    return {"content_drift": Measured(drift(frames[evenly(len(frames), MOST)]), _known[dataset])}


def _some(source: SequenceSource) -> np.ndarray:
    batch = source.take(evenly(len(source), MOST))
    return batch.values[:, : int(batch.lengths.min())]


METRICS: Final = (
    MetricSpec(
        name="content",
        summary="how much the colours of a clip change on its way",
        kinds=frozenset({"frames"}),
        compute=compute,
        thorough=True,
        figures=(
            Figure(
                name="content_drift",
                title="content drift",
                meaning="change of each colour's mean brightness along a clip, as a share of the full range",
            ),
        ),
    ),
)
