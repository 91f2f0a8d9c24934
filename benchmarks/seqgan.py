"""What one generator step of SeqGAN costs, and a step of maximum likelihood, in CPU-seconds of one thread.

    python benchmarks/seqgan.py [--rollouts 16] [--vocabulary 5000] [--length 20] [--batch 64] [--size 32] [--repeats 5]
        [--discriminators lstm,lstm-bidirectional,cnn] [--json]

The generator is an LSTM whose embedding and hidden size are ``--size``; so is the recurrent discriminator. An untrained
generator hardly ever ends a sequence, so every rollout goes on to the full length. Seconds are of the whole process
(``time.process_time``).
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch

from rgan_kit.contracts import Batch, StepContext, TokenSpec
from rgan_kit_plugins.discriminators import DISCRIMINATORS
from rgan_kit_plugins.generators import GENERATORS
from rgan_kit_plugins.generators.token_policy import RecurrentPolicy as Policy
from rgan_kit_plugins.objectives import OBJECTIVES

PAD, BOS, EOS = 0, 1, 2


def build(specs: Any, name: str, data: TokenSpec, **options: Any) -> Any:
    """A part by its name."""
    spec = next(each for each in specs if each.name == name)
    return spec.build(spec.options(**options), data).train()


def discriminator(name: str, data: TokenSpec, size: int) -> Any:
    """``lstm`` reads one way, ``lstm-bidirectional`` both, ``cnn`` has its defaults."""
    if name == "cnn":
        return build(DISCRIMINATORS, name, data, embedding_size=size)
    cell, _, ways = name.partition("-")
    return build(DISCRIMINATORS, cell, data, embedding_size=size, hidden_size=size, bidirectional=ways != "")


@contextmanager
def timed(spent: Counter[str], owner: Any, part: str, *names: str) -> Iterator[None]:
    """Adds up the seconds in some methods of a class or an object."""
    originals = {name: getattr(owner, name) for name in names}

    def wrapped(original: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            began = time.process_time()
            try:
                return original(*args, **kwargs)
            finally:
                spent[part] += time.process_time() - began  # type: ignore[assignment]

        return call

    try:
        for name, original in originals.items():
            setattr(owner, name, wrapped(original))
        yield
    finally:
        for name, original in originals.items():
            setattr(owner, name, original)


def seqgan_step(generator: Any, critic: Any, rollouts: int, context: StepContext) -> Callable[[], dict[str, float]]:
    """One generator step; returns its parts' seconds."""
    spec = next(each for each in OBJECTIVES if each.name == "seqgan")
    networks = {"generator": generator, "discriminator": critic}
    objective = spec.build(spec.options(rollouts=rollouts, likelihood_weight=0.0), networks, generator.data)
    optimizer = torch.optim.AdamW(generator.parameters(), fused=True)
    judging = [name for name in ("read", "judge", "forward") if hasattr(critic, name)]

    def step() -> dict[str, float]:
        spent: Counter[str] = Counter()
        began = time.process_time()
        with (
            timed(spent, Policy, "draws", "draw"),
            timed(spent, Policy, "generator", "advance"),
            timed(spent, critic, "discriminator", *judging),
        ):
            loss = objective.generator_loss(context)
        loss.value.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        total = time.process_time() - began
        return {"total": total, **spent, "rest": total - sum(spent.values())}

    return step


def likelihood_step(generator: Any, context: StepContext) -> Callable[[], dict[str, float]]:
    """One step of maximum likelihood."""
    spec = next(each for each in OBJECTIVES if each.name == "maximum-likelihood")
    objective = spec.build(spec.options(), {"generator": generator}, generator.data)
    loss = objective.stages()[0].phases[0].loss
    optimizer = torch.optim.AdamW(generator.parameters(), fused=True)

    def step() -> dict[str, float]:
        began = time.process_time()
        loss(context).value.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        return {"total": time.process_time() - began}

    return step


def repeated(step: Callable[[], dict[str, float]], repeats: int) -> dict[str, list[float]]:
    """Seconds by part, of every repeat but a first one that pays for start-up."""
    step()
    rounds = [step() for _ in range(repeats)]
    return {part: [each[part] for each in rounds] for part in rounds[0]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("rollouts", 16), ("vocabulary", 5000), ("length", 20), ("batch", 64), ("size", 32)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--discriminators", default="lstm,lstm-bidirectional,cnn")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    data = TokenSpec(arguments.vocabulary, BOS, EOS, PAD, max_length=arguments.length)
    sizes = {"embedding_size": arguments.size, "hidden_size": arguments.size}
    values = torch.randint(3, arguments.vocabulary, (arguments.batch, arguments.length))
    context = StepContext(Batch(values, torch.full((arguments.batch,), arguments.length)), 0.0, arguments.length)
    results = {}
    for name in arguments.discriminators.split(","):
        generator, critic = build(GENERATORS, "lstm", data, **sizes), discriminator(name, data, arguments.size)
        results[name] = repeated(seqgan_step(generator, critic, arguments.rollouts, context), arguments.repeats)
    step = likelihood_step(build(GENERATORS, "lstm", data, **sizes), context)
    results["maximum-likelihood"] = repeated(step, 10 * arguments.repeats)
    if arguments.json:
        print(json.dumps(results, indent=2))
        return
    print("CPU-seconds a step: least (median)")
    parts = ("total", "draws", "generator", "discriminator", "rest")
    print(f"| step | {' | '.join(parts)} |")
    print("|---" * (1 + len(parts)) + "|")
    for name, seconds in results.items():
        cells = [f"{min(seconds[p]):.3f} ({statistics.median(seconds[p]):.3f})" if p in seconds else "" for p in parts]
        print(f"| {name} | {' | '.join(cells)} |")
    rates = [arguments.batch / each for each in results["maximum-likelihood"]["total"]]
    print(f"maximum likelihood: {max(rates):.0f} (median {statistics.median(rates):.0f}) sequences per CPU-second")


if __name__ == "__main__":
    main()
