"""The domain ``images``: pictures as series, a row of pixels a step; without data, digits drawn by strokes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any, Final

from rgan_kit.contracts import Dataset, Decoder, DomainSpec
from rgan_kit_plugins.domains.images.options import ImagesOptions

_FILES_TO_LOOK_AT: Final = 10_000
_SUFFIXES: Final = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp"})


def _load(options: Any, path: Path | None, seed: int) -> Dataset:
    from rgan_kit_plugins.domains.images.dataset import load

    return load(options, path, seed)


def _decoder(manifest: Mapping[str, Any]) -> Decoder:
    from rgan_kit_plugins.domains.images.decoder import ImagesDecoder

    return ImagesDecoder.from_manifest(manifest)


def _make(options: Any, folder: Path, seed: int) -> list[Path]:
    from rgan_kit_plugins.domains.images.embedded import make

    return make(options, folder, seed)


SPEC = DomainSpec(
    name="images",
    summary="pictures (.png, .jpg, .webp, .bmp) as series: a row of pixels a step, from top to bottom",
    kind="series",
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
)


def guess(path: Path) -> str | None:
    """``images`` for a picture, and for a folder in which most files are such, by their names alone."""
    if not path.is_dir():
        return SPEC.name if path.suffix.lower() in _SUFFIXES else None
    walk = (name for _, _, names in os.walk(path) for name in names if not name.startswith("."))
    fits = [Path(name).suffix.lower() in _SUFFIXES for name in islice(walk, _FILES_TO_LOOK_AT)]
    return SPEC.name if 2 * sum(fits) > len(fits) else None
