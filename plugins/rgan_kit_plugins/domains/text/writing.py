"""Samples as files that are read again as they were."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rgan_kit.storage import write_whole

if TYPE_CHECKING:
    from rgan_kit_plugins.domains.text.decoder import ReadingManifest


def write(
    samples: Sequence[str],
    folder: Path,
    labels: Sequence[str] | None,
    reading: ReadingManifest,
    several_lines: bool,
) -> list[Path]:
    """Writes the samples into a folder.

    Args:
        samples: the texts.
        folder: there already.
        labels: the class of each, or None.
        reading: how such samples are read.
        several_lines: whether any sample of the model may hold line ends.

    Raises:
        RganKitError: it cannot be written to; no file is left half-written.
    """
    files = _contents(samples, labels, reading, several_lines)
    for name, text in files.items():
        if "/" in name:
            (folder / name).parent.mkdir(exist_ok=True)
        write_whole(folder / name, text.encode(), force=False)
    return [folder / name for name in files]


def _contents(
    samples: Sequence[str], labels: Sequence[str] | None, reading: ReadingManifest, several_lines: bool
) -> dict[str, str]:
    """Texts of files by name."""
    if reading.unit in ("file", "window") or reading.window or (labels and reading.labels in ("file", "folder")):
        return _one_file_each(samples, labels, reading)
    own = labels or [""] * len(samples)
    if (several_lines and reading.unit == "line") or (labels and any("\t" in text or "\n" in text for text in samples)):
        keys = (reading.label_key,) if labels else ()
        records = [
            {reading.text_key: text, **dict.fromkeys(keys, label)} for text, label in zip(samples, own, strict=True)
        ]
        return {"samples.jsonl": "".join(f"{json.dumps(each, ensure_ascii=False)}\n" for each in records)}
    if labels:
        lines = [f"{reading.label_key}\t{reading.text_key}"]
        lines += [f"{label}\t{text}" for label, text in zip(own, samples, strict=True)]
        return {"samples.tsv": "".join(f"{line}\n" for line in lines)}
    between = "\n\n" if reading.unit == "paragraph" else "\n"
    return {"samples.txt": between.join(samples) + "\n"}


def _one_file_each(samples: Sequence[str], labels: Sequence[str] | None, reading: ReadingManifest) -> dict[str, str]:
    """A file a sample, with a line end behind it; its class is in its name, or that of the folder that it lies in."""
    digits = max(4, len(str(len(samples))))
    names = [f"sample-{number:0{digits}}.txt" for number in range(1, len(samples) + 1)]
    if labels is not None:
        between = "-" if reading.labels == "file" else "/"
        names = [f"{_plain(label)}{between}{name}" for label, name in zip(labels, names, strict=True)]
    return {name: f"{text}\n" for name, text in zip(names, samples, strict=True)}


def _plain(label: str) -> str:
    """A class as part of a file's name."""
    return re.sub(r"[^\w .,()=+@-]", "_", label).strip(" .")[:100] or "_"
