"""``rgankit train --seeds``: the same training with several seeds, and how much its figures differ by chance."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from rgan_kit.cli.console import Results, finite
from rgan_kit.errors import UsageError

if TYPE_CHECKING:
    from rgan_kit.config import Request, RunConfig
    from rgan_kit.contracts import Figure
    from rgan_kit.plugins.registry import Registry

MOST = 1000


def parse_seeds(text: str) -> list[int]:
    """``0-4`` or ``0,3,7`` as numbers.

    Raises:
        UsageError: it is neither, names a seed twice, or only one.
    """
    seeds: list[int] = []
    try:
        for part in text.split(","):
            first, dash, last = part.strip().partition("-")
            end = int(last) if dash else int(first)
            if not int(first) <= end < int(first) + MOST:
                raise ValueError
            seeds += range(int(first), end + 1)
    except ValueError:
        raise UsageError(f"--seeds {text}: these are no seeds.", "Write, for example: --seeds 0-4") from None
    if len(set(seeds)) < max(len(seeds), 2) or len(seeds) > MOST:
        raise UsageError(
            f"--seeds {text}: names one seed alone, one twice, or more than {MOST}.", "See --seed for one."
        )
    return seeds


def repeat(request: Request, seeds: Sequence[int], run: Path | None, registry: Registry, results: Results) -> None:
    """Trains every seed to its end, going on with what is there, and prints mean and spread of the figures.

    Args:
        request: what is trained.
        seeds: see ``parse_seeds``.
        run: ``RUN-seed-0`` and so on are the folders; None for a free name below ``runs``.
        registry: of what is installed.
        results: where the table goes.
    """
    from rgan_kit.config import resolve
    from rgan_kit.training.metrics import known_figures
    from rgan_kit.training.session import RUNS, stem_of

    configs = [resolve(replace(request, seed=seed), registry) for seed in seeds]
    base = run or _free(RUNS, stem_of(configs[0]), seeds[0])
    folders = [base.with_name(f"{base.name}-seed-{seed}") for seed in seeds]
    figures = [_one(config, folder, registry) for config, folder in zip(configs, folders, strict=True)]
    table = summary(figures)
    if results.as_json:
        runs = [
            {"seed": seed, "run": str(folder), "figures": each}
            for seed, folder, each in zip(seeds, folders, figures, strict=True)
        ]
        results.document(finite({"runs": runs, "figures": table}))
        return
    for line in lines(table, len(seeds), known_figures(registry)):
        results.line(line)


def _free(root: Path, stem: str, seed: int) -> Path:
    number = 1
    while (root / f"{stem}-{number}-seed-{seed}").exists():
        number += 1
    return root / f"{stem}-{number}"


def _one(config: RunConfig, folder: Path, registry: Registry) -> dict[str, float]:
    """Figures of the weights that one run keeps, of the last ones where it keeps none."""
    from rgan_kit.cli.progress import make_reporter
    from rgan_kit.cli.reported import begin_reported, resume_reported
    from rgan_kit.training.metrics import known_figures

    with make_reporter(known_figures(registry)) as reporter:
        if folder.exists():
            _check_same(folder, config)
            trainer = resume_reported(folder, None, None, registry, reporter)
        else:
            trainer = begin_reported(config, folder, registry, reporter)
    kept = trainer.state.best or trainer.state.evaluations[-1]
    return dict(kept["figures"])


def _check_same(folder: Path, config: RunConfig) -> None:
    """Raises ``UsageError`` where a folder is no run of this configuration."""
    from rgan_kit.config.changes import digests

    written = folder / "config.toml"
    if not written.is_file() or digests(config, written)[0] != digests(config, folder / "absent")[0]:
        raise UsageError(f"{folder} is there, and no run of this configuration.", "Choose another --run.")


def summary(figures: Sequence[Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """Mean, standard deviation (of a sample), lowest and highest of every figure that all runs have."""
    names = [name for name in figures[0] if all(name in each for each in figures)]
    found = {name: [each[name] for each in figures] for name in names}
    return {
        name: {
            "mean": statistics.fmean(values),
            "deviation": statistics.stdev(values),
            "lowest": min(values),
            "highest": max(values),
        }
        for name, values in found.items()
    }


def lines(figures: Mapping[str, Mapping[str, float]], runs: int, known: Mapping[str, Figure]) -> list[str]:
    """The summary as a table of text, with what real data gives beside it, and what each figure means below."""
    from rgan_kit.contracts.metrics import CONTROL
    from rgan_kit.evaluation.report import table

    rows = [
        (moment, {name: each[moment] for name, each in figures.items() if moment == "mean" or CONTROL not in name})
        for moment in ("mean", "deviation", "lowest", "highest")
    ]
    return ["", f"{runs} runs, of each the weights that it keeps:", *table(rows, {}, known)]
