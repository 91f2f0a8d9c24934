"""How long a training takes here: a few steps of every stage, rehearsed or really taken."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import torch

from rgan_kit.nn import as_they_are
from rgan_kit.training.snapshot import stored

if TYPE_CHECKING:
    from rgan_kit.contracts import Stage
    from rgan_kit.training.trainer import Trainer


SHORT = 1.0
"""Seconds of a pass below which it is measured once more."""


def rehearsal(trainer: Trainer, spans: Sequence[tuple[Stage, int, int]] = ()) -> Callable[[], None]:
    """Forward and backward passes of one step of every stage, moving nothing: what a thread count is timed by.

    Args:
        trainer: whose networks stay as they are.
        spans: stages with their first steps and those after their last, others than all of the run.
    """
    networks = stored(trainer).values()
    changing = [buffer for network in networks for buffer in network.buffers()]

    def passes() -> None:
        before = [buffer.clone() for buffer in changing]  # spectral norms and baselines move in a forward pass
        for stage, start, _ in spans or trainer.schedule.spans:
            context = trainer.batches.of_step(0, trainer.schedule.at(start))
            for phase in stage.phases:
                trainer.engine.seed_step(0)
                with as_they_are(*(trainer.networks[name] for name in phase.frozen)):
                    phase.loss(context).value.backward()  # type: ignore[no-untyped-call]
        trainer.engine.wait()
        for network in networks:
            network.zero_grad(set_to_none=True)
        for buffer, value in zip(changing, before, strict=True):
            buffer.copy_(value)

    return passes


def rehearsed_seconds(trainer: Trainer) -> float:
    """Seconds of what is left of a training, without its evaluations, by a pass of every phase; nothing moves.

    Optimizers and averages are left out, which take little beside the passes.
    """
    total, parts = 0.0, trainer.config.train.accumulate
    for stage, start, end in trainer.schedule.spans:
        left = end - max(start, trainer.state.step)
        for phase in stage.phases if left > 0 else ():
            alone = rehearsal(trainer, [(replace(stage, phases=(phase,)), start, end)])
            seconds = _timed(alone)
            if seconds < SHORT:
                seconds = _timed(alone)  # the first one pays for start-up
            total += seconds * parts * left * phase.repeats / phase.interval
    return total


def _timed(passes: Callable[[], None]) -> float:
    began = time.perf_counter()
    passes()
    return time.perf_counter() - began


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
