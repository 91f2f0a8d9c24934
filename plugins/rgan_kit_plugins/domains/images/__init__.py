"""The domain ``images``: pictures as series, a row of pixels a step; without data, digits drawn by strokes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rgan_kit.contracts import Dataset, Decoder, DomainSpec, Kind
from rgan_kit_plugins.domains.images.options import ImagesOptions


def _load(options: Any, path: Path | None, seed: int) -> Dataset:
    from rgan_kit_plugins.domains.images.dataset import load

    return load(options, path, seed)


def _decoder(manifest: Mapping[str, Any]) -> Decoder:
    from rgan_kit_plugins.domains.images.decoder import ImagesDecoder

    return ImagesDecoder.from_manifest(manifest)


def _make(options: Any, folder: Path, seed: int) -> list[Path]:
    from rgan_kit_plugins.domains.images.embedded import make

    return make(options, folder, seed)


def _kind_of(options: Any) -> Kind:
    return "series" if options.form == "rows" else "frames"


SPEC = DomainSpec(
    name="images",
    summary="pictures (.png, .jpg, .webp, .bmp) a row of pixels a step, or whole",
    kind="series",
    kind_of=_kind_of,
    default_data="digits drawn by strokes, each of which can be recognised",
    load=_load,
    decoder=_decoder,
    options=ImagesOptions,
    make=_make,
    defaults_by_kind={
        "series": {
            "generator.hidden_size": 128,
            "generator.mixture": 1,  # with several, autoencoders leave what is drawn to chance
            "generator.least_deviation": 0.2,  # a background that never changes would outweigh what is drawn on it
            "discriminator.hidden_size": 96,
            "discriminator.embedding_size": 64,
            "encoder.hidden_size": 96,
            "encoder.embedding_size": 64,
        }
    },
    endings=(".png", ".jpg", ".jpeg", ".webp", ".bmp"),
)
