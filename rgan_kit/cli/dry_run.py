"""``rgankit train --dry-run``: the resolved configuration, the networks and the first batch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rgan_kit.cli.console import Results
from rgan_kit.cli.data import advising

if TYPE_CHECKING:
    from rgan_kit.config import RunConfig
    from rgan_kit.plugins.registry import Registry

SHOWN = 3


def show(config: RunConfig, registry: Registry, results: Results) -> None:
    """Prints what would be trained; writes nothing."""
    import tomli_w

    from rgan_kit.cli.progress import duration
    from rgan_kit.training.pace import expected_seconds
    from rgan_kit.training.session import load_dataset, make_trainer

    with advising(config.data):
        dataset = load_dataset(config)
    trainer = make_trainer(config, dataset, registry, Path("dry-run"))
    indices = trainer.batches.order.batch(0)
    batch = dataset.train.take(indices)
    seconds = expected_seconds(trainer)  # which moves them
    networks = {
        name: {"class": type(network).__name__, "parameters": sum(p.numel() for p in network.parameters())}
        for name, network in trainer.networks.items()
    }
    document: dict[str, Any] = {
        "config": trainer.config.to_dict(),
        "data": dict(dataset.summary),
        "networks": networks,
        "stages": [
            {"name": stage.name, "steps": end - start, "phases": [phase.name for phase in stage.phases]}
            for stage, start, end in trainer.schedule.spans
        ],
        "expected_seconds": seconds,
        "first_batch": {
            "shape": list(batch.values.shape),
            "lengths": batch.lengths.tolist(),
            "samples": _decoded(dataset, batch),
        },
    }
    if results.as_json:
        results.document(document)
        return
    results.line(tomli_w.dumps(document["config"]))
    for key, text in document["data"].items():
        results.line(f"{key}: {text}")
    for name, facts in networks.items():
        results.line(f"{name}: {facts['class']}, {facts['parameters']:,} parameters")
    for stage in document["stages"]:
        results.line(f"stage {stage['name']}: {stage['steps']} steps of {', '.join(stage['phases'])}")
    results.line(f"expected: {duration(seconds)} on one thread, and the evaluations")
    results.line(f"first batch: {document['first_batch']['shape']}, beginning with")
    for sample in document["first_batch"]["samples"]:
        results.line(f"  {sample}")


def _decoded(dataset: Any, batch: Any) -> list[str]:
    spec = dataset.spec
    if spec.kind == "tokens":
        outputs = {"tokens": batch.values[:SHOWN], "lengths": batch.lengths[:SHOWN] - 1}
    else:
        outputs = {spec.kind: batch.values[:SHOWN]}
    return [dataset.decoder.preview(sample) for sample in dataset.decoder.decode(outputs)]
