"""The domain ``text``: lines or running text as characters, words or subwords; without data, a known language."""

from __future__ import annotations

import os
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any, Final

from rgan_kit.contracts import Dataset, Decoder, DomainSpec
from rgan_kit_plugins.domains.text.options import TextOptions

_FILES_TO_LOOK_AT: Final = 10_000
_SUFFIXES: Final = frozenset((".txt", ".tsv", ".jsonl"))


def _load(options: Any, path: Path | None, seed: int) -> Dataset:
    from rgan_kit_plugins.domains.text.dataset import load

    return load(options, path, seed)


def _decoder(manifest: Mapping[str, Any]) -> Decoder:
    from rgan_kit_plugins.domains.text.decoder import TextDecoder

    return TextDecoder.from_manifest(manifest)


def _make(options: Any, folder: Path, seed: int) -> list[Path]:
    from rgan_kit_plugins.domains.text.dataset import make

    return make(options, folder, seed)


SPEC = DomainSpec(
    name="text",
    summary="lines, records or running text from .txt, .tsv or .jsonl (UTF-8), as characters, words or subwords",
    kind="tokens",
    default_data="an embedded language of ninety-two words whose grammar, entropy and likelihoods are known exactly",
    load=_load,
    decoder=_decoder,
    options=TextOptions,
    make=_make,
)


def guess(path: Path) -> str | None:
    """``text`` for a .txt, .tsv or .jsonl file and for a folder in which most files are such, by names alone."""
    if not path.is_dir():
        return SPEC.name if path.suffix.lower() in _SUFFIXES else None
    walk = (name for _, _, names in os.walk(path) for name in names if not name.startswith("."))
    suffixes = [Path(name).suffix.lower() for name in islice(walk, _FILES_TO_LOOK_AT)]
    return SPEC.name if 2 * sum(suffix in _SUFFIXES for suffix in suffixes) > len(suffixes) else None
