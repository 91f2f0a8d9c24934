"""Every recipe on the embedded data of every domain that it accepts, several seeds, the baseline's row beside it.

    python benchmarks/recipes.py [--recipes …] [--data text,melody,…] [--seeds 0,1,2] [--results FILE.jsonl] [--jobs 2]
    python benchmarks/recipes.py --table --results FILE.jsonl

Each training is a line of the results file; lines that are there are not trained again. A training that fails is a
line too. `--table` prints Markdown: one table for each set of data, with what real (held-out) data gives in its last
line. Minutes are of one processor, the least of all seeds.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SAMPLES = 1000


@dataclass(frozen=True)
class Data:
    """A set of embedded data: how it is asked for, and the figures that say how good samples are."""

    domain: str
    kind: str
    figures: tuple[str, ...]
    settings: tuple[str, ...] = ()


TOKENS = ("heldout_nll", "distinct", "verbatim")
CLIPS = ("one_shape", "one_colour", "combinations", "label_motion", "frames_told_apart", "distinct")
WHOLE = ("domain.form=whole",)
SERIES = ("marginal_distance", "autocorrelation_distance", "spread", "distinct")
DATA = {
    "text": Data("text", "tokens", ("valid", "grammar_nll", *TOKENS)),
    "melody": Data("music", "tokens", ("valid", "melody_nll", *TOKENS)),
    "events": Data("music", "tokens", ("valid", *TOKENS), ("domain.representation=events",)),
    "sines": Data("series", "series", ("valid", "sine_residual", "frequency_distance", "heldout_nll", *SERIES)),
    "autoregressive": Data(
        "series",
        "series",
        ("spectrum_distance", "series_nll", "heldout_nll", *SERIES),
        ("domain.embedded=autoregressive",),
    ),
    "pianoroll": Data("music", "series", ("valid", "heldout_nll", *SERIES), ("domain.representation=pianoroll",)),
    "images": Data("images", "series", ("valid", "heldout_nll", *SERIES)),
    "video": Data("video", "frames", ("valid", *CLIPS)),
    "shapes": Data(
        "video",
        "frames",
        ("valid", *CLIPS),
        ("domain.height=32", "domain.width=32", "domain.embedded_clips=2000", "train.evaluate_every=1500"),
    ),
    "digits": Data(
        "images", "frames", ("label_accuracy", "class_coverage", "valid", "frames_told_apart", "distinct"), WHOLE
    ),
}
VARIANTS = {
    "dcgan, plain": (
        "dcgan",
        (
            *("objective.generator_learning_rate=2e-4", "objective.r1_weight=0"),
            *("train.discriminator_learning_rate=2e-4", "discriminator.minibatch_statistics=false"),
        ),
    ),
}
"""Controls: a recipe with other settings, by a name of their own. The plain DCGAN has the learning rates of its paper,
no penalty, and a discriminator that sees one picture at a time."""

SHARES = (
    *("valid", "distinct", "verbatim", "one_shape", "one_colour", "combinations", "label_motion"),
    *("label_accuracy", "class_coverage"),
)


def recipes_of(data: str) -> list[str]:
    """Names of the recipes that are for a set of data, in the order in which they are listed, and controls of them."""
    from rgan_kit.cli.data_report import fitting
    from rgan_kit.contracts import DomainSpec
    from rgan_kit.plugins.registry import default_registry

    registry, about = default_registry(), DATA[data]
    fit = fitting(about.kind, registry, registry.get(DomainSpec, about.domain))  # type: ignore[arg-type]
    # One recipe of pictures reads them whole, all others as rows.
    fit = [name for name in fit if (name == "dcgan") == (about.settings == WHOLE)]
    return [*fit, *(name for name, (recipe, _) in VARIANTS.items() if recipe in fit)]


def train(recipe: str, data: str, seed: int, more: list[str]) -> dict[str, Any]:
    """One training, as a user would run it."""
    row: dict[str, Any] = {"recipe": recipe, "data": data, "seed": seed}
    about = DATA[data]
    plugin, own = VARIANTS.get(recipe, (recipe, ()))
    settings = [*about.settings, *own, f"train.evaluation_samples={SAMPLES}", "train.threads=1", *more]
    with tempfile.TemporaryDirectory() as folder:
        words = ["train", "--plugin", plugin, "--domain", about.domain, "--seed", str(seed), "--run", f"{folder}/run"]
        words += ["--json", *(word for setting in settings for word in ("--set", setting))]
        row["minutes"], said, complaint = processor_minutes([sys.executable, "-m", "rgan_kit", *words], Path(folder))
    document = json.loads(said) if said.strip() else {"error": complaint[-500:]}
    if "error" in document:
        return {**row, "error": document["error"]}
    return {**row, "evaluations": document["evaluations"], "reference": document.get("reference", {})}


def processor_minutes(command: list[str], folder: Path) -> tuple[float, str, str]:
    """Of one process, with its stdout and stderr. The clock would also measure what else the machine does."""
    with (folder / "out").open("w+") as out, (folder / "err").open("w+") as err:
        process = subprocess.Popen(command, stdout=out, stderr=err, text=True)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0), err.seek(0)
        return (usage.ru_utime + usage.ru_stime) / 60, out.read(), err.read()


def cell(name: str, values: list[float | None]) -> str:
    """Mean and range over seeds."""
    known = [value for value in values if value is not None]
    if not known:
        return "–"
    scale, unit, digits = (100, " %", 1) if name in SHARES else (1, "", 3)
    mean = f"{scale * statistics.mean(known):.{digits}f}{unit}"
    if len(known) == 1:
        return mean
    return f"{mean} ({scale * min(known):.{digits}f}–{scale * max(known):.{digits}f})"


def lines_of(data: str, rows: list[dict[str, Any]]) -> Iterator[str]:
    """A Markdown table of one set of data."""
    names = DATA[data].figures
    yield f"| recipe | seeds | minutes | {' | '.join(names)} |"
    yield "|---" * (3 + len(names)) + "|"
    control: dict[str, Any] = {}
    present = {row["recipe"] for row in rows}
    for recipe in [name for name in recipes_of(data) if name in present]:
        mine = [row for row in rows if row["recipe"] == recipe]
        good = [row for row in mine if "error" not in row]
        figures = [row["evaluations"][-1]["figures"] for row in good]
        if good:
            control = {**figures[0], "reference": good[0]["reference"]}
        minutes = min(row["minutes"] for row in mine)
        cells = [cell(name, [each.get(name) for each in figures]) for name in names]
        failed = "" if len(good) == len(mine) else f" ({len(mine) - len(good)} of {len(mine)} failed)"
        yield f"| {recipe}{failed} | {len(mine)} | {minutes:.1f} | {' | '.join(cells)} |"
    exact = control.get("reference", {})
    cells = [cell(name, [exact.get(name, control.get(f"heldout_{name}"))]) for name in names]
    yield f"| *real data* | | | {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipes", default="")
    parser.add_argument("--data", default=",".join(DATA))
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--results", type=Path, default=Path("recipes.jsonl"))
    parser.add_argument("--jobs", type=int, default=1, help="trainings at a time, one thread each")
    parser.add_argument("--set", dest="settings", action="append", default=[])
    parser.add_argument("--table", action="store_true")
    arguments = parser.parse_args()
    done = (
        [json.loads(line) for line in arguments.results.read_text().splitlines()] if arguments.results.exists() else []
    )
    if arguments.table:
        for data in DATA:
            rows = [row for row in done if row["data"] == data]
            if rows:
                print(f"\n### {data}\n", *lines_of(data, rows), sep="\n")
        return
    known = {(row["recipe"], row["data"], row["seed"]) for row in done}
    wanted = [
        (recipe, data, int(seed))
        for seed in arguments.seeds.split(",")
        for data in arguments.data.split(",")
        for recipe in recipes_of(data)
        if (not arguments.recipes or recipe in arguments.recipes.split(",")) and (recipe, data, int(seed)) not in known
    ]
    with ThreadPoolExecutor(arguments.jobs) as pool, arguments.results.open("a") as file:
        for row in pool.map(lambda one: train(*one, arguments.settings), wanted):
            file.write(json.dumps(row) + "\n")
            file.flush()
            print(
                row["recipe"], row["data"], row["seed"], f"{row['minutes']:.1f} min", row.get("error", ""), flush=True
            )


if __name__ == "__main__":
    main()
