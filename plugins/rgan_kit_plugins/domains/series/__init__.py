"""The domain ``series``: measurements in CSV and Parquet files; without data, curves from a source known exactly."""

from __future__ import annotations

import os
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any, Final

from rgan_kit.contracts import Dataset, Decoder, DomainSpec
from rgan_kit_plugins.domains.series.options import SeriesOptions

_FILES_TO_LOOK_AT: Final = 10_000
_ENDINGS: Final = (".csv", ".tsv", ".parquet", ".pq")


def _load(options: Any, path: Path | None, seed: int) -> Dataset:
    from rgan_kit_plugins.domains.series.dataset import load

    return load(options, path, seed)


def _decoder(manifest: Mapping[str, Any]) -> Decoder:
    from rgan_kit_plugins.domains.series.decoder import SeriesDecoder

    return SeriesDecoder.from_manifest(manifest)


def _make(options: Any, folder: Path, seed: int) -> list[Path]:
    from rgan_kit_plugins.domains.series.embedded import make

    return make(options, folder, seed)


SPEC = DomainSpec(
    name="series",
    summary="measurements over time from .csv, .tsv and .parquet files, in their own units",
    kind="series",
    default_data="sines of a known law, or an autoregressive process whose spectrum and likelihood are known exactly",
    load=_load,
    decoder=_decoder,
    options=SeriesOptions,
    make=_make,
)


def guess(path: Path) -> str | None:
    """``series`` for a table and for a folder in which most files are such, by their names alone."""
    if not path.is_dir():
        return SPEC.name if path.suffix.lower() in _ENDINGS else None
    walk = (name for _, _, names in os.walk(path) for name in names if not name.startswith("."))
    endings = [Path(name).suffix.lower() for name in islice(walk, _FILES_TO_LOOK_AT)]
    return SPEC.name if 2 * sum(ending in _ENDINGS for ending in endings) > len(endings) else None
