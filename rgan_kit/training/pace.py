"""How long a training takes here: a few steps of every stage, rehearsed or really taken."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import torch

from rgan_kit.nn import as_they_are
from rgan_kit.training.snapshot import stored

if TYPE_CHECKING:
    from rgan_kit.training.trainer import Trainer


def rehearsal(trainer: Trainer) -> Callable[[], None]:
    """Forward and backward passes of one step of every stage, moving nothing: what a thread count is timed by."""
    networks = stored(trainer).values()
    changing = [buffer for network in networks for buffer in network.buffers()]

    def passes() -> None:
        before = [buffer.clone() for buffer in changing]  # spectral norms and baselines move in a forward pass
        for stage, start, _ in trainer.schedule.spans:
            context = trainer.batches.of_step(0, trainer.schedule.at(start))
            for phase in stage.phases:
                trainer.engine.seed_step(0)
                with as_they_are(*(trainer.networks[name] for name in phase.frozen)):
                    phase.loss(context).value.backward()  # type: ignore[no-untyped-call]
        for network in networks:
            network.zero_grad(set_to_none=True)
        for buffer, value in zip(changing, before, strict=True):
            buffer.copy_(value)

    return passes


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
