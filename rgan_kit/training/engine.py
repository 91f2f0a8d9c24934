"""Where a training computes: device, precision, threads and random numbers."""

from __future__ import annotations

import hashlib
import logging
import os
import random
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import fields

import numpy as np
import torch
from torch import Tensor

from rgan_kit.contracts import Batch, DeviceError, TokenSpec
from rgan_kit.contracts.data import DataSpec

logger = logging.getLogger(__name__)


def resolve_device(request: str) -> torch.device:
    """``auto``, ``cpu``, ``cuda`` or ``cuda:N`` as a device that is there.

    Raises:
        DeviceError: CUDA was asked for, and there is none (or not that one).
    """
    if request == "cpu" or (request == "auto" and not torch.cuda.is_available()):
        return torch.device("cpu")
    device = torch.device("cuda" if request == "auto" else request)
    if not torch.cuda.is_available():
        raise DeviceError(
            f"train.device is {request}, but this torch ({torch.__version__}) sees no CUDA device.",
            "Use --device cpu, or install a CUDA build of torch and check that `nvidia-smi` lists the device.",
        )
    if (device.index or 0) >= torch.cuda.device_count():
        raise DeviceError(f"train.device is {request}, but there are only {torch.cuda.device_count()} CUDA device(s).")
    return device


class Engine:
    """Puts batches and networks where they are computed.

    Args:
        device: as in ``train.device``.
        precision: ``float32``, or ``bfloat16`` for autocast.
        seed: of the run.
    """

    def __init__(self, device: str, precision: str, seed: int) -> None:
        self.device = resolve_device(device)
        self.precision = precision
        self.seed = seed

    def autocast(self) -> AbstractContextManager[object]:
        """The context in which losses are computed."""
        if self.precision == "float32":
            return nullcontext()
        return torch.autocast(self.device.type, torch.bfloat16)

    def seed_step(self, step: int) -> None:
        """Makes every random number of a step a function of the run's seed and the step.

        So a resumed run draws what the uninterrupted one would have drawn, and nothing that is drawn in between
        (samples shown, evaluations, measurements) can change the training.
        """
        digest = hashlib.blake2b(f"{self.seed}/{step}".encode(), digest_size=8).digest()
        seed = int.from_bytes(digest, "little")
        torch.default_generator.manual_seed(seed)
        if self.device.type == "cuda":
            torch.cuda.manual_seed_all(seed)
        random.seed(seed)
        np.random.seed(seed & 0xFFFFFFFF)

    def place(self, batch: Batch[np.ndarray], spec: DataSpec) -> Batch[Tensor]:
        """A domain's batch as tensors on the device, scaled as networks see it."""
        values = torch.from_numpy(batch.values)
        if not isinstance(spec, TokenSpec):
            values = scale(values, spec)
        others = {field.name: getattr(batch, field.name) for field in fields(batch) if field.name != "values"}
        placed = {name: torch.from_numpy(each).to(self.device) for name, each in others.items() if each is not None}
        return Batch(values.to(self.device), **placed)

    def wait(self) -> None:
        """Until the device has done all that it was asked for."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def describe(self) -> dict[str, str | int]:
        """What the last bits of sums depend on, beside the run itself."""
        if self.device.type == "cuda":
            return {"device": torch.cuda.get_device_name(self.device), "torch": torch.__version__}
        instructions = torch.backends.cpu.get_cpu_capability()
        return {"device": f"cpu ({instructions})", "threads": torch.get_num_threads(), "torch": torch.__version__}

    def settle_threads(self, requested: int, one_step: Callable[[], object]) -> int:
        """Sets the number of CPU threads and returns it.

        Args:
            requested: the number, or 0 to choose the fastest of 1, 2, 4, … by timing ``one_step``. For small
                recurrent networks that is often 1.
        """
        if requested or self.device.type != "cpu":
            threads = requested or 1
        else:
            available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
            candidates = [1]
            while candidates[-1] * 2 <= available:
                candidates.append(candidates[-1] * 2)
            times = (
                {threads: _seconds(one_step, threads) for threads in candidates} if len(candidates) > 1 else {1: 0.0}
            )
            threads = min(times, key=lambda count: times[count])
            logger.info("threads: %s (seconds a step: %s)", threads, {n: round(s, 4) for n, s in times.items()})
        torch.set_num_threads(threads)
        return threads


def scale(values: Tensor, spec: DataSpec) -> Tensor:
    """Series and frames in the range -1..1 that networks see; frames as ``[batch, time, channels, height, width]``."""
    if spec.kind == "frames":
        return values.permute(0, 1, 4, 2, 3).float() / 127.5 - 1
    low, high = torch.from_numpy(spec.minimum), torch.from_numpy(spec.maximum)  # type: ignore[union-attr]
    return (values.float() - low) / (high - low).clamp(min=1e-12) * 2 - 1


def _seconds(one_step: Callable[[], object], threads: int, repeats: int = 3) -> float:
    torch.set_num_threads(threads)
    one_step()  # the first one pays for start-up
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        one_step()
        times.append(time.perf_counter() - started)
    return min(times)
