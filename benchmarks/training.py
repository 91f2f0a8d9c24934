"""What a training spends its time on, against torch's own: recurrences and the output layer.

    OMP_NUM_THREADS=1 python benchmarks/training.py [--rounds 5]

Forward and backward passes on one processor, each against its rivals in turn within a round; milliseconds of the
quickest round, and the median of the rounds' ratios. The first table has a GRU against torch's GRU and LSTM of the same
size (inputs of 128, batches of 64), the second one `linear_cross_entropy` (as the generators of symbols call it)
against the cross-entropy of whole logits (128 features, 1,280 positions).
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Mapping

import torch
from torch import nn
from torch.nn import functional as F

from rgan_kit.nn import Recurrence
from rgan_kit_plugins.generators.linear_cross_entropy import linear_cross_entropy

SIZES = ((192, 128), (192, 20), (64, 24), (512, 64))
"""Units and steps."""

VOCABULARIES = (1000, 5000, 10_000, 50_000)


def rounds(rivals: Mapping[str, Callable[[], torch.Tensor]], count: int) -> dict[str, list[float]]:
    """Milliseconds of CPU for a forward and a backward pass of each, round by round."""
    found: dict[str, list[float]] = {name: [] for name in rivals}
    for number in range(count + 1):
        for name, forward in rivals.items():
            began = time.process_time()
            forward().backward()
            if number:  # the first round warms up
                found[name].append(1000 * (time.process_time() - began))
    return found


def row(label: str, found: Mapping[str, list[float]]) -> str:
    """The quickest of each, and the first one's ratio to the others."""
    own, *others = found.values()
    ratios = [statistics.median(a / b for a, b in zip(own, other, strict=True)) for other in others]
    cells = [f"{min(values):.1f}" for values in found.values()] + [f"{ratio:.2f}" for ratio in ratios]
    return f"| {label} | {' | '.join(cells)} |"


def recurrences(count: int) -> None:
    """The first table."""
    print("| units, steps | GRU, ms | torch's GRU | LSTM | ratio to torch's GRU | ratio to the LSTM |")
    print("|---" * 6 + "|")
    for units, steps in SIZES:
        inputs = torch.randn(64, steps, 128)
        gru, lstm = Recurrence("gru", 128, units), Recurrence("lstm", 128, units)
        passes = {
            "ours": lambda gru=gru, inputs=inputs: gru(inputs).square().sum(),
            "torch": lambda gru=gru, inputs=inputs: gru.rnn(inputs)[0].square().sum(),
            "lstm": lambda lstm=lstm, inputs=inputs: lstm(inputs).square().sum(),
        }
        print(row(f"{units}, {steps}", rounds(passes, count)), flush=True)


def outputs(count: int) -> None:
    """The second table."""
    print("\n| symbols | ours, ms | whole logits | ratio |\n|---|---|---|---|")
    for symbols in VOCABULARIES:
        inputs = torch.randn(1280, 128, requires_grad=True)
        layer, targets = nn.Linear(128, symbols), torch.randint(symbols, (1280,))
        passes = {
            "ours": lambda i=inputs, n=layer, t=targets: linear_cross_entropy(i, n.weight, n.bias, t).mean(),
            "whole": lambda i=inputs, n=layer, t=targets: F.cross_entropy(n(i), t),
        }
        print(row(f"{symbols:,}", rounds(passes, count)), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    recurrences(arguments.rounds)
    outputs(arguments.rounds)


if __name__ == "__main__":
    main()
