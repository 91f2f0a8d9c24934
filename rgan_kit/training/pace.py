"""How long a training will take here: a few steps of every stage, really taken."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from rgan_kit.training.trainer import Trainer


def expected_seconds(trainer: Trainer, steps: int = 2) -> float:
    """Seconds of a whole training, without its evaluations, on one thread of the CPU or on the device configured.

    Args:
        trainer: of the data and recipe in question; its networks move, so it is of no further use.
        steps: timed in every stage, after one that pays for start-up.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    total = 0.0
    try:
        for network in trainer.networks.values():
            network.train()
        for _, start, end in trainer.schedule.spans:
            trainer.state.step = start
            trainer.step()
            trainer.engine.wait()
            began, taken = time.perf_counter(), 0
            while taken < min(steps, end - start):
                trainer.state.step = start + taken
                trainer.step()
                taken += 1
            trainer.engine.wait()
            total += (time.perf_counter() - began) / max(taken, 1) * (end - start)
    finally:
        torch.set_num_threads(threads)
    return total
