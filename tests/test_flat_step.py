"""The page that writes a training step of ``lstm-gan`` flat computes what the parts and the trainer compute."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

from rgan_kit.config import Request, resolve
from rgan_kit.contracts import Stage, StepContext
from rgan_kit.plugins.registry import installed_registry
from rgan_kit.testing.examples import LENGTH, example_batch, example_spec
from rgan_kit.training.building import build_networks, build_objective
from rgan_kit.training.engine import Engine
from rgan_kit.training.schedule import Place
from rgan_kit.training.updates import Updater

PAGE = (Path(__file__).parent.parent / "docs" / "tutorials" / "flat.md").read_text(encoding="utf-8")
CODE = re.search(r'^```python title="lstm_gan.py"\n(.*?)^```$', PAGE, re.S | re.M)[1]
SIZES = ("generator.hidden_size=7", "generator.embedding_size=6", "discriminator.hidden_size=5")
PROGRESS = 0.4


@pytest.fixture(scope="module")
def flat() -> Any:
    module = ModuleType("lstm_gan")
    exec(compile(CODE, "lstm_gan.py", "exec"), vars(module))  # the page's own code
    return module


@pytest.fixture(scope="module")
def config() -> Any:
    chosen = Request(recipe="lstm-gan", domain="text", settings=(*SIZES, "discriminator.embedding_size=5"))
    return resolve(chosen, installed_registry())


PAIRS = {
    "generator": {
        "embedding.weight": "embedding.weight", "recurrence.rnn.*": "lstm.*", "project.*": "project.*",
        "output.bias": "bias.0",
    },
    "discriminator": {
        "embedding.weight": "embedding.weight", "forwards.rnn.*": "lstm.*", "backwards.rnn.*": "lstm.*_reverse",
        "step_score.*": "step.*", "sequence_score.*": "sequence.*",
    },
}  # fmt: skip
"""Names of weights, there and here."""


def pairs(kind: str, there: torch.nn.Module, here: torch.nn.Module) -> list[tuple[str, Any, Any]]:
    """Every weight of a part with the one that stands for it on the page."""
    mine, found = dict(here.named_parameters()), []
    for name, parameter in there.named_parameters():
        for pattern, other in PAIRS[kind].items():
            if match := re.fullmatch(
                pattern.replace(".", r"\.").replace("*", "(.+)").replace(r"\.(.+)", r"\.(.+)"), name
            ):
                found.append((name, parameter, mine.pop(other.replace("*", *match.groups() or ("",)))))
    assert not mine, f"the page has weights that the part has not: {list(mine)}"
    assert len(found) == len(list(there.parameters()))
    return found


def test_the_flat_step_gives_the_losses_gradients_and_weights_of_the_parts(flat, config):
    data, batch = example_spec("tokens"), example_batch(example_spec("tokens"))
    parts = build_networks(config, data)
    objective: Any = build_objective(config, parts, data)
    for network in parts.values():
        network.train()
    made = dict(zip(("generator", "discriminator"), flat.networks(data.vocab_size, 6, 7, 5), strict=True))
    for kind, network in made.items():
        with torch.no_grad():
            for _, theirs, mine in pairs(kind, parts[kind], network):
                mine.copy_(theirs)
    average = copy.deepcopy(made["generator"])

    stage: Stage = next(each for each in objective.stages() if each.name == "adversarial")
    updater = Updater(parts, config.train.model_copy(update={"schedule": "constant"}), Engine("cpu", "float32", 0))
    torch.manual_seed(5)
    context, place = StepContext(batch, PROGRESS, LENGTH), Place(stage, 0, PROGRESS, False)
    losses = [updater.run(phase, context, place)[f"{phase.name}/loss"] for phase in stage.phases]
    gradients = {name: grad.grad.clone() for name, grad in parts["generator"].named_parameters()}

    rates = {"generator": 5e-4, "discriminator": config.train.discriminator_learning_rate}
    betas = (config.train.beta1, config.train.beta2)
    optimizers = {
        kind: torch.optim.AdamW(network.parameters(), lr=rates[kind], betas=betas, weight_decay=0.0)
        for kind, network in made.items()
    }
    temperature = 2.0 * (0.5 / 2.0) ** PROGRESS
    masks = parts["generator"].in_data, parts["generator"].generated
    torch.manual_seed(5)
    found = flat.step((*made.values(), average), optimizers, batch.values, batch.lengths, temperature, *masks, LENGTH)

    torch.testing.assert_close(torch.stack(found).detach(), torch.stack(losses), rtol=1e-5, atol=1e-6)
    for name, _, mine in pairs("generator", parts["generator"], made["generator"]):
        torch.testing.assert_close(mine.grad, gradients[name], rtol=1e-4, atol=1e-6, msg=f"gradient of {name}")
    for kind, network in made.items():
        for name, theirs, mine in pairs(kind, parts[kind], network):
            torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=2e-5, msg=f"{kind}: {name}")
    for name, theirs, mine in pairs("generator", updater.averaged["generator"], average):
        torch.testing.assert_close(mine, theirs, rtol=1e-4, atol=2e-5, msg=f"average of {name}")


def test_the_page_is_short_and_needs_torch_alone():
    lines = [line for line in CODE.splitlines() if line.strip()]
    assert len(lines) <= 100
    assert set(re.findall(r"^(?:from|import) (\w+)", CODE, re.M)) == {"torch"}
