"""What of a user's files comes back: read, taken as samples, decoded, written, and read again; beside it everything
that was reported as left out or changed on the way in.

python benchmarks/round_trips.py DOMAIN:PATH[:option=value,…] … [--most 200] [--json]
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from rgan_kit.contracts import Batch, Dataset, DomainSpec, TokenSpec, evenly, write_samples
from rgan_kit_plugins.domains import DOMAINS

NOUNS = {"tokens": "symbols", "series": "numbers", "frames": "pixels"}


def loaded(spec: DomainSpec, path: Path, options: str) -> Dataset:
    """A data set by options as ``unit=file,level=word``."""
    chosen: dict[str, Any] = {}
    for pair in filter(None, options.split(",")):
        key, _, value = pair.partition("=")
        chosen[key] = json.loads(value) if value.lstrip("-").isdigit() or value in ("true", "false") else value
    return spec.load(spec.options(**chosen), path, 0)


def outputs_of(batch: Batch[np.ndarray], dataset: Dataset) -> dict[str, np.ndarray]:
    """Samples of the data as if a model had drawn them."""
    ends = isinstance(dataset.spec, TokenSpec) and dataset.spec.ends
    drawn = {dataset.spec.kind: batch.values, "lengths": batch.lengths - ends}
    return drawn if batch.labels is None else {**drawn, "labels": batch.labels}


def come_back(dataset: Dataset, folder: Path, most: int) -> tuple[int, int, int]:
    """How many samples were written, how many values they hold, and how many of these were read again as they were."""
    batch = dataset.train.take(np.array(evenly(len(dataset.train), most)))
    drawn = outputs_of(batch, dataset)
    names = None if batch.labels is None else [dataset.spec.labels[label] for label in batch.labels.tolist()]
    samples = dataset.decoder.decode(drawn)
    files = write_samples(dataset.decoder, samples, folder, names)
    arrays = [file for file in files if file.suffix == ".npz"]
    one = arrays[0] if len(arrays) == 1 else files[0] if len(files) == 1 else folder
    again = dataset.decoder.read(one)
    same = total = 0
    for number, (row, length) in enumerate(zip(batch.values, batch.lengths.tolist(), strict=True)):
        total += row[:length].size
        if number < len(again.values):
            back = again.values[number, : int(again.lengths[number])]
            shared = min(length, len(back))
            same += int(np.isclose(row[:shared], back[:shared], rtol=1e-6, equal_nan=True).sum())
    return len(batch.values), total, same


def report(spec: DomainSpec, path: Path, options: str, most: int) -> dict[str, Any]:
    """Of one path."""
    dataset = loaded(spec, path, options)
    with tempfile.TemporaryDirectory() as folder:
        samples, total, same = come_back(dataset, Path(folder), most)
    return {
        "samples": len(dataset.train) + len(dataset.validation),
        "written": samples,
        NOUNS[dataset.spec.kind]: total,
        "come back": same / total,
        "reported": [str(tally) for tally in dataset.tallies if tally.count],
        "not read": dict(list(dataset.refused.items())[:5]),
    }


def row(name: str, found: Mapping[str, Any]) -> str:
    """As a row of a table in Markdown."""
    noun = next(noun for noun in NOUNS.values() if noun in found)
    said = "; ".join([*found["reported"], *(f"{file}: {why}" for file, why in found["not read"].items())])
    written = f"{found['written']:,} ({found[noun]:,} {noun})"
    return f"| `{name}` | {found['samples']:,} | {written} | {found['come back']:.2%} | {said or 'nothing'} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("paths", nargs="+", metavar="DOMAIN:PATH[:option=value,…]")
    parser.add_argument("--most", type=int, default=200, help="samples that are written, of each path")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    specs = {spec.name: spec for spec in DOMAINS}
    found = {}
    for each in arguments.paths:
        domain, path, options = [*each.split(":"), ""][:3]
        found[":".join(filter(None, (domain, Path(path).name, options)))] = report(
            specs[domain], Path(path), options, arguments.most
        )
    if arguments.json:
        print(json.dumps(found, indent=2))
        return
    print("| data | samples | written | come back | reported |\n|---|---|---|---|---|")
    for name, own in found.items():
        print(row(name, own))


if __name__ == "__main__":
    main()
