"""Sharpening a language model against what adversarial training does, on the embedded language.

    python benchmarks/temperature.py RUN… [--samples 2000] [--temperatures 0.6,0.7,0.8,0.9,1.0]

For each run, at each temperature, the pair: nats a token of its samples under the grammar (and the share that the
grammar can say at all), and nats a token of held-out sentences under the model at that temperature. The first run,
which should be the language model, gives the curve that the others have to leave.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import torch

from rgan_kit.plugins.registry import default_registry
from rgan_kit.runtime import noise
from rgan_kit.training.engine import Engine
from rgan_kit.training.session import load_dataset, load_trained


def tempered(generator: Any, temperature: float) -> Any:
    """The generator with its logits divided by the temperature."""
    plain = type(generator).logits
    generator.logits = lambda hidden, previous: plain(generator, hidden, previous) / temperature
    return generator


@torch.no_grad()
def pair(run: Path, temperature: float, count: int) -> dict[str, float]:
    """Figures of samples under the grammar, and of held-out data under the model."""
    trained = load_trained(run, None, default_registry())
    dataset, generator = load_dataset(trained.config), trained.generator
    inputs = {
        "noise": torch.from_numpy(noise.uniform(1, 0, count, dataset.spec.max_length)),
        "temperature": torch.tensor(temperature),
    }
    if generator.latent_size:
        inputs["latent"] = torch.from_numpy(noise.latent(1, 0, count, generator.latent_size))
    tokens, lengths = generator.sampler()(**inputs)
    samples = dataset.decoder.decode({"tokens": tokens.numpy(), "lengths": lengths.numpy()})
    figures = dataset.truth.measure(samples)
    engine = Engine("cpu", "float32", 0)
    batch = engine.place(dataset.validation.take(torch.arange(len(dataset.validation)).numpy()), dataset.spec)
    nats = -tempered(generator, temperature).log_probs(batch).double().sum() / batch.lengths.sum()
    return {**figures, "distinct": len(set(samples)) / count, "heldout_nll": float(nats)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--samples", type=int, default=2000)
    parser.add_argument("--temperatures", default="0.6,0.7,0.8,0.9,1.0")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    print(
        "| run | temperature | valid | nats of samples under the grammar | held-out nats under the model | distinct |"
    )
    print("|---|---|---|---|---|---|")
    for run in arguments.runs:
        for temperature in map(float, arguments.temperatures.split(",")):
            figures = pair(run, temperature, arguments.samples)
            print(
                f"| {run.name} | {temperature:g} | {figures['valid']:.1%} | {figures['grammar_nll']:.3f} | "
                f"{figures['heldout_nll']:.3f} | {figures['distinct']:.1%} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
