"""Many samples as files: parts that any number of processes can share, that can be begun again and come out alike.

A part is a range of sample numbers. Which samples there are, which part they are in, and which calls of the graph draw
them depend on nothing but the whole order, never on how many work on it, so all parts are the same to the byte.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np

from rgan_kit.errors import UsageError
from rgan_kit.runtime.parquet import parquet_bytes
from rgan_kit.storage import cannot_write, force_to_disk, read_json, sha256, to_json, write_whole

if TYPE_CHECKING:
    from rgan_kit.runtime.model import Model

Format = Literal["jsonl", "parquet"]

PART: Final = 50_000
"""Samples of a part."""

AT_ONCE: Final = 256
"""Samples of a call of the graph, counted from the beginning of the part. It is no option: sums in other orders round
otherwise, so that with another number a few real values would differ in their last digit."""


@dataclass(frozen=True)
class Order:
    """What is to be drawn.

    Attributes:
        samples: how many in all.
        seed: of all; sample ``i`` is the one that ``Model.outputs(start=i)`` draws.
        format: of the parts.
        part: samples of a part.
        temperature, label, length, top_p, top_k, min_length: as ``Model.outputs`` takes them.
    """

    samples: int
    seed: int = 0
    format: Format = "jsonl"
    part: int = PART
    temperature: float | None = None
    label: str | None = None
    length: int | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_length: int | None = None

    def ranges(self) -> list[tuple[int, int]]:
        """First sample, and the one after the last, of each part."""
        return [(first, min(first + self.part, self.samples)) for first in range(0, self.samples, self.part)]


@dataclass(frozen=True)
class Shard:
    """One worker's share: every ``of``-th part, from ``number`` (counted from 1) on."""

    number: int = 1
    of: int = 1

    @classmethod
    def parse(cls, text: str) -> Shard:
        """``3/16``.

        Raises:
            UsageError: it is nothing of the kind.
        """
        found = re.fullmatch(r"(\d{1,6})/(\d{1,6})", text)
        if not found or not 1 <= int(found[1]) <= int(found[2]):
            raise UsageError(f"--shard {text}: this is no shard.", "Write which one of how many: --shard 3/16")
        return cls(int(found[1]), int(found[2]))

    @property
    def manifest(self) -> str:
        """Name of the file that lists this shard's parts."""
        return f"manifest-{self.number:05d}-of-{self.of:05d}.json"


@dataclass(frozen=True)
class Part:
    """A part that was written.

    Attributes:
        file: its name.
        first, count: its samples.
        sha256: of the file.
        skipped: whether it had been there.
    """

    file: str
    first: int
    count: int
    sha256: str
    skipped: bool = False


def write_shard(model: Model, order: Order, folder: Path, shard: Shard = Shard()) -> Iterator[Part]:
    """Writes the parts of one shard and its manifest, which is brought up to date after each. A part that the manifest
    lists and whose file has the hash listed is left as it is.

    Args:
        model: what draws.
        order: the same for all shards.
        folder: where parts and manifests go; made where it does not exist.
        shard: which parts.

    Yields:
        The parts, in order.

    Raises:
        UsageError: the order makes no sense for the model, or the folder holds another order.
        RganKitError: something cannot be written.
    """
    if order.samples < 1 or order.part < 1:
        raise UsageError(f"{order.samples:,} samples in parts of {order.part:,} cannot be drawn.")
    about = _about(model, order)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(folder, error) from error
    _refuse_another(folder, about)
    manifest = folder / shard.manifest
    listed = {each["file"]: each for each in read_json(manifest)["parts"]} if manifest.exists() else {}
    for number, (first, end) in enumerate(order.ranges()):
        if number % shard.of != shard.number - 1:
            continue
        path = folder / f"part-{number:07d}.{order.format}"
        before = listed.get(path.name)
        whole = before is not None and path.is_file() and sha256(path) == before["sha256"]
        if not whole:
            write_whole(path, part_bytes(model, order, first, end))
            listed[path.name] = {"file": path.name, "first": first, "count": end - first, "sha256": sha256(path)}
            _list(manifest, about, listed, shard, complete=False)
        yield Part(**listed[path.name], skipped=whole)
    _list(manifest, about, listed, shard, complete=True)
    force_to_disk(folder)


def part_bytes(model: Model, order: Order, first: int, end: int) -> bytes:
    """The content of a part's file. What a record holds is in ``docs/bulk-sampling.md``."""
    rows = part_rows(model, order, first, end)
    if order.format == "parquet":
        return parquet_bytes(rows, model.manifest.kind, {"model": _hash(model), "seed": str(order.seed)})
    if model.manifest.kind == "frames":
        raise UsageError("Frames as JSON lines would be many times their size.", "Write them with: --format parquet")
    return b"".join(json.dumps(row, ensure_ascii=False, default=np.ndarray.tolist).encode() + b"\n" for row in rows)


def part_rows(model: Model, order: Order, first: int, end: int) -> Iterator[dict[str, Any]]:
    """The records of a part: ``sample``, maybe ``label`` and ``text``, and the array of the model's kind."""
    kind = model.manifest.kind
    for start in range(first, end, AT_ONCE):
        outputs = model.outputs(
            min(AT_ONCE, end - start),
            seed=order.seed,
            temperature=order.temperature,
            label=order.label,
            length=order.length,
            top_p=order.top_p,
            top_k=order.top_k,
            min_length=order.min_length,
            batch_size=AT_ONCE,
            start=start,
        )
        texts = model.decoder.decode(outputs) if kind == "tokens" else []
        labels = model.labels(min(AT_ONCE, end - start), seed=order.seed, start=start, label=order.label)
        for index, value in enumerate(outputs[kind]):
            row: dict[str, Any] = {"sample": start + index} | ({"label": labels[index]} if labels else {})
            if texts and isinstance(texts[index], str):
                row["text"] = texts[index]
            yield {**row, kind: value[: outputs["lengths"][index]] if "lengths" in outputs else value}


def _about(model: Model, order: Order) -> dict[str, Any]:
    return {"model": _hash(model), "source": Path(model.source).name, "order": asdict(order), "at_once": AT_ONCE}


def _hash(model: Model) -> str:
    return sha256(Path(model.source))


_UNSAID: Final = {"top_p": None, "top_k": None, "min_length": None}
"""Of orders that were begun before these could be asked for."""


def seed_of(folder: Path) -> int | None:
    """The seed of the order that a folder holds parts of; None where it holds none."""
    for path in sorted(folder.glob("manifest-*.json")):
        seed = read_json(path).get("order", {}).get("seed")
        if isinstance(seed, int):
            return seed
    return None


def _refuse_another(folder: Path, about: dict[str, Any]) -> None:
    """Parts of two orders in one folder could not be told apart."""
    for path in sorted(folder.glob("manifest-*.json")):
        found = read_json(path)
        found["order"] = {**_UNSAID, **found.get("order", {})}
        if any(found.get(key) != about[key] for key in ("model", "order", "at_once")):
            raise UsageError(
                f"{folder}: {path.name} is of another model, seed or order.", "Name a new folder, or the same order."
            )


def _list(path: Path, about: dict[str, Any], parts: dict[str, Any], shard: Shard, *, complete: bool) -> None:
    listed = [parts[name] for name in sorted(parts)]
    write_whole(path, to_json({**about, "shard": asdict(shard), "complete": complete, "parts": listed}))
