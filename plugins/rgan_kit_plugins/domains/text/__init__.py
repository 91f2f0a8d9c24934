"""The domain ``text``: lines, paragraphs, files or running text; without data, sentences of a known language."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rgan_kit.contracts import Dataset, Decoder, DomainSpec
from rgan_kit_plugins.domains.text.options import TextOptions


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
    summary="lines, paragraphs, records or running text from .txt, .tsv, .csv or .jsonl (UTF-8), as characters, words "
    "or subwords",
    kind="tokens",
    default_data="an embedded language of ninety-two words whose grammar, entropy and likelihoods are known exactly",
    load=_load,
    decoder=_decoder,
    options=TextOptions,
    make=_make,
    endings=(".txt", ".tsv", ".jsonl"),
)
