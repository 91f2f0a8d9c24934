"""What the trainer costs: its steps a second, divided by those of a bare loop over the same modules, losses and
optimizers.

Both run in this process, in turn, a few steps each; a ratio of 1 is no overhead. The trainer seeds, clips, guards
against NaN, averages weights and writes metrics; the bare loop does none of this.

    python benchmarks/overhead.py [--recipe lstm-gan] [--rounds 30] [--json]
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

import torch

from rgan_kit.config import Request, resolve
from rgan_kit.plugins.registry import default_registry
from rgan_kit.training.session import load_dataset, make_trainer
from rgan_kit.training.trainer import Trainer

STEPS_A_TURN = 20


def bare(trainer: Trainer, start: int, steps: int) -> None:
    """The loop that a researcher would write."""
    parameters = {name: list(network.parameters()) for name, network in trainer.networks.items()}
    for step in range(start, start + steps):
        place = trainer.schedule.at(start)
        context = trainer.batches.of_step(step, place)
        for phase in place.stage.phases:
            moved = [parameter for name in phase.networks for parameter in parameters[name]]
            for parameter in moved:
                parameter.grad = None
            phase.loss(context).value.backward(inputs=moved)
            for name in phase.networks:
                trainer.updater.optimizers[name].step()


def ours(trainer: Trainer, start: int, steps: int) -> None:
    """The trainer, with its lines of metrics."""
    trainer.state.step = start
    for _ in range(steps):
        trainer.advance(trainer.schedule.at(trainer.state.step))


def made(recipe: str, folder: Path) -> Trainer:
    """A trainer of the embedded language with the recipe's defaults."""
    registry = default_registry()
    config = resolve(Request(recipe=recipe, settings=["train.threads=1"]), registry)
    trainer = make_trainer(config, load_dataset(config), registry, folder)
    for network in trainer.networks.values():
        network.train()
    trainer.events.open(config, folder, 0)
    return trainer


def measure(recipe: str, rounds: int) -> list[dict[str, object]]:
    """One row a stage."""
    rows: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as name:
        pair = [made(recipe, Path(name)) for _ in range(2)]
        for stage, start, _ in pair[0].schedule.spans:
            turns: dict[str, list[float]] = {"bare": [], "ours": []}
            for round_number in range(rounds + 1):
                for label, function, trainer in (("bare", bare, pair[0]), ("ours", ours, pair[1])):
                    for network in trainer.networks.values():
                        network.requires_grad_(True)
                    began = time.perf_counter()
                    function(trainer, start, STEPS_A_TURN)
                    if round_number:  # the first is a warm-up
                        turns[label].append((time.perf_counter() - began) / STEPS_A_TURN)
            ratios = [b / o for b, o in zip(turns["bare"], turns["ours"], strict=True)]
            rows.append(
                {
                    "stage": stage.name,
                    "bare_ms_a_step": round(1000 * statistics.median(turns["bare"]), 2),
                    "ours_ms_a_step": round(1000 * statistics.median(turns["ours"]), 2),
                    "ratio_median": round(statistics.median(ratios), 3),
                    "ratio_lowest": round(min(ratios), 3),
                    "ratio_highest": round(max(ratios), 3),
                }
            )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipe", default="lstm-gan")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    rows = measure(arguments.recipe, arguments.rounds)
    if arguments.json:
        print(json.dumps(rows, indent=2))
        return
    for row in rows:
        print("  ".join(f"{key} {value}" for key, value in row.items()))


if __name__ == "__main__":
    main()
