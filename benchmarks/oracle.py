"""Recipes for text on the oracle of SeqGAN and Texygen: the pair (NLL_oracle, NLL_test), and the curve of temperature.

    python benchmarks/oracle.py [--recipes lstm-lm,gru-lm] [--seeds 0] [--temperatures 0.7,0.8,0.9,1.0,1.1]
        [--sequences 10000] [--samples 2000] [--set k=v …]

NLL_oracle: nats a symbol of samples under the oracle, which is quality. NLL_test: nats a symbol of held-out sequences
of the oracle under the model, which is diversity too. Both are the oracle's entropy for a perfect model; either alone
can be had cheaply. The first recipe, which should be a language model, is shown at every temperature: its curve is what
the others have to leave (Caccia et al. 2020, arXiv:1811.02549). They are shown at temperature 1. Weights are those that
are kept. Samples that are not of 20 symbols count in `valid` alone. Minutes are of one processor.
"""

from __future__ import annotations

import argparse
import copy
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from rgan_kit.contracts import Batch
from rgan_kit.plugins.registry import default_registry
from rgan_kit.runtime import noise
from rgan_kit.training.engine import Engine
from rgan_kit.training.session import load_dataset, load_trained
from rgan_kit_plugins.worlds.oracle import ENTROPY, LENGTH

Row = dict[str, float]


def trained(recipe: str, seed: int, arguments: argparse.Namespace, folder: Path) -> tuple[Path, float]:
    """A run, as a user would have it, and its CPU-minutes."""
    run = folder / f"{recipe}-{seed}"
    words = ["train", "--plugin", recipe, "--domain", "text", "--seed", str(seed), "--run", str(run), "--json"]
    given = ("domain.embedded=oracle", f"domain.embedded_sentences={arguments.sequences}", "train.threads=1")
    for setting in (*given, *arguments.set):
        words += ["--set", setting]
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    subprocess.run([sys.executable, "-m", "rgan_kit", *words], check=True, stdout=subprocess.DEVNULL)
    return run, (resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before) / 60


@torch.no_grad()
def pairs(run: Path, temperatures: list[float], count: int) -> list[Row]:
    """The figures at each temperature."""
    kept = load_trained(run, None, default_registry())
    dataset, found = load_dataset(kept.config), []
    assert dataset.truth is not None
    batch = Engine("cpu", "float32", 0).place(
        dataset.validation.take(torch.arange(len(dataset.validation)).numpy()), dataset.spec
    )
    for temperature in temperatures:
        generator = load_trained(run, None, default_registry()).generator
        inputs = {
            "noise": torch.from_numpy(noise.uniform(1, 0, count, dataset.spec.max_length + 1)),
            "temperature": torch.tensor(temperature),
        }
        latent = getattr(generator, "latent_size", 0)
        if latent:
            inputs["latent"] = torch.from_numpy(noise.latent(1, 0, count, latent))
        tokens, lengths = generator.sampler()(**inputs)
        samples = dataset.decoder.decode({"tokens": tokens.numpy(), "lengths": lengths.numpy()})
        figures = dataset.truth.measure(samples)
        row = {"NLL_oracle": figures["oracle_nll"], "valid": figures["valid"], "distinct": len(set(samples)) / count}
        if not latent:  # else the likelihood is a bound, which the run's own table has
            row["NLL_test"] = -float(nats(generator, batch, temperature)[:, :LENGTH].double().mean())
        found.append(row)
    return found


def nats(generator: Any, batch: Batch[Tensor], temperature: float) -> Tensor:
    """Of each symbol under the generator with its logits divided by the temperature: ``[batch, time]``."""
    output = copy.deepcopy(generator)
    if temperature != 1:  # weights of the last layer alone, since the matrix may be that of the input too
        output.output = torch.nn.Linear(output.output.in_features, output.output.out_features)
        output.output.weight.copy_(generator.output.weight / temperature)
        output.output.bias.copy_(generator.output.bias / temperature)
    found: Tensor = output.log_probs(batch)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipes", default="lstm-lm")
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--temperatures", default="0.7,0.8,0.9,1.0,1.1")
    parser.add_argument("--sequences", type=int, default=10_000)
    parser.add_argument("--samples", type=int, default=2000)
    parser.add_argument("--set", action="append", default=[])
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    names = ("NLL_oracle", "NLL_test", "valid", "distinct", "minutes")
    print(f"| recipe | temperature | {' | '.join(names)} |")
    print("|---" * (2 + len(names)) + "|")
    with tempfile.TemporaryDirectory() as folder:
        for number, recipe in enumerate(arguments.recipes.split(",")):
            temperatures = [1.0] if number else [float(each) for each in arguments.temperatures.split(",")]
            of_seeds = []
            for seed in map(int, arguments.seeds.split(",")):
                run, minutes = trained(recipe, seed, arguments, Path(folder))
                of_seeds.append([{**row, "minutes": minutes} for row in pairs(run, temperatures, arguments.samples)])
            for place, temperature in enumerate(temperatures):
                cells = [cell(name, [rows[place][name] for rows in of_seeds if name in rows[place]]) for name in names]
                print(f"| {recipe} | {temperature:g} | {' | '.join(cells)} |", flush=True)
    print(f"the oracle itself: {ENTROPY:.3f} nats a symbol, either way")


def cell(name: str, values: list[float]) -> str:
    """Mean, and range over several seeds."""
    if not values:
        return "–"
    scale, unit, digits = (100, " %", 1) if name in ("valid", "distinct") else (1, "", 3)
    mean = f"{scale * statistics.mean(values):.{digits}f}{unit}"
    if len(values) == 1:
        return mean
    return f"{mean} ({scale * min(values):.{digits}f}–{scale * max(values):.{digits}f})"


if __name__ == "__main__":
    main()
