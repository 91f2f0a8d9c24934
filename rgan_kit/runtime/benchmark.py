"""How fast a model file is on this machine."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np

from rgan_kit.runtime.model import load

ROUNDS: Final = (5, 200)
"""Fewest and most calls that a figure is of."""


@dataclass(frozen=True)
class Row:
    """Figures of one way to draw.

    Attributes:
        runner: ``onnxruntime`` or ``torch``.
        provider: what it really ran on.
        batch, length: samples of a call and steps of each.
        first_ms: the first call, what is made ready in it included.
        p50_ms, p95_ms: of the calls after it.
        samples_per_s: by the median.
        calls: how many were timed.
    """

    runner: str
    provider: str
    batch: int
    length: int
    first_ms: float
    p50_ms: float
    p95_ms: float
    samples_per_s: float
    calls: int


def measure(call: Callable[[], Any], batch: int, length: int, runner: str, provider: str, seconds: float = 2.0) -> Row:
    """Times a call again and again, for about so many seconds."""
    began = time.perf_counter()
    call()
    first = time.perf_counter() - began
    times: list[float] = []
    while len(times) < ROUNDS[0] or (len(times) < ROUNDS[1] and sum(times) < seconds):
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    median = statistics.median(times)
    return Row(
        runner=runner,
        provider=provider,
        batch=batch,
        length=length,
        first_ms=round(first * 1e3, 3),
        p50_ms=round(median * 1e3, 3),
        p95_ms=round(float(np.quantile(times, 0.95)) * 1e3, 3),
        samples_per_s=round(batch / median, 1),
        calls=len(times),
    )


def measure_file(
    path: Path,
    *,
    provider: str = "auto",
    threads: int = 1,
    batches: Sequence[int] = (1, 16, 256),
    length: int | None = None,
) -> tuple[float, list[Row]]:
    """A model file by onnxruntime.

    Returns:
        Seconds from the file to the first sample in this process, in which onnxruntime may have been loaded before;
        and a row for each batch.

    Raises:
        As ``load`` and ``Model.outputs`` do.
    """
    began = time.perf_counter()
    model = load(path, provider=provider, threads=threads)
    model.outputs(1, length=length)
    first = time.perf_counter() - began
    time_steps = length or model.manifest.max_length
    rows = []
    for batch in batches:
        call = partial(model.opened.run, model.inputs(batch, length=time_steps))
        rows.append(measure(call, batch, time_steps, "onnxruntime", model.provider))
    return first, rows
