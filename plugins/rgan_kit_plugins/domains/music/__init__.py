"""The domain ``music``: MIDI and ABC files as melodies, events, bars or piano rolls; without data, melodies known
exactly."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rgan_kit.contracts import Dataset, Decoder, DomainSpec, Kind
from rgan_kit_plugins.domains.music.options import MusicOptions


def _load(options: Any, path: Path | None, seed: int) -> Dataset:
    from rgan_kit_plugins.domains.music.dataset import load

    return load(options, path, seed)


def _decoder(manifest: Mapping[str, Any]) -> Decoder:
    from rgan_kit_plugins.domains.music.decoder import MusicDecoder

    return MusicDecoder.from_manifest(manifest)


def _make(options: Any, folder: Path, seed: int) -> list[Path]:
    from rgan_kit_plugins.domains.music.embedded import make

    return make(options, folder, seed)


def _kind_of(options: Any) -> Kind:
    return "series" if options.representation == "pianoroll" else "tokens"


SPEC = DomainSpec(
    name="music",
    summary="scores from .mid, .kar, .rmi and .abc files, as melodies, events, bars (REMI) or piano rolls",
    kind="tokens",
    kind_of=_kind_of,
    default_data="melodies in six keys drawn from a process whose entropy and likelihoods are known exactly",
    load=_load,
    decoder=_decoder,
    options=MusicOptions,
    make=_make,
    # A short score of few symbols is learnt whole: what dropout hides is missing at the bar's end.
    defaults_by_kind={"tokens": {"generator.dropout": 0.0, "train.generator_learning_rate": 5e-3}},
    endings=(".mid", ".midi", ".kar", ".rmi", ".abc"),
)
