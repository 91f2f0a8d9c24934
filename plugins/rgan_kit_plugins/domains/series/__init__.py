"""The domain ``series``: measurements in CSV and Parquet files; without data, curves from a source known exactly."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rgan_kit.contracts import Dataset, Decoder, DomainSpec
from rgan_kit_plugins.domains.series.options import SeriesOptions


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
    endings=(".csv", ".csv.gz", ".parquet", ".pq"),
)
