"""The domain ``smiles``: molecules as text, one a line; and what share of samples is a molecule."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pydantic import Field

from rgan_kit import hookimpl
from rgan_kit.contracts import Dataset, Decoder, DomainSpec, MetricSpec, Options, SampleSet


class SmilesOptions(Options):
    """How molecules are read."""

    max_length: int = Field(120, ge=1, le=10_000, description="tokens of the longest molecule; others are left out")
    validation_share: float = Field(0.1, gt=0, lt=1, description="share of the molecules that is held out")
    embedded_molecules: int = Field(
        2000, ge=2, le=1_000_000, description="molecules to train on where no data is given"
    )


def _load(options: Any, path: Path | None, seed: int) -> Dataset:
    from rgankit_smiles.dataset import load

    return load(options, path, seed)


def _decoder(manifest: Mapping[str, Any]) -> Decoder:
    from rgankit_smiles.decoder import SmilesDecoder

    return SmilesDecoder.from_manifest(manifest)


def _make(options: Any, folder: Path, seed: int) -> list[Path]:
    from rgankit_smiles.dataset import make

    return make(options, folder, seed)


def _validity(samples: SampleSet) -> Mapping[str, float]:
    from rgankit_smiles.validity import validity

    return validity(samples)


SPEC = DomainSpec(
    name="smiles",
    summary="molecules as SMILES, one a line of a .smi or .txt file, by atoms, bonds, branches and rings",
    kind="tokens",
    default_data="molecules of a small law whose entropy and likelihoods are known exactly",
    load=_load,
    decoder=_decoder,
    options=SmilesOptions,
    make=_make,
)
VALIDITY = MetricSpec(
    name="molecules",
    summary="share of samples whose syntax is right and, where rdkit is installed, whose chemistry is",
    kinds=frozenset({"tokens"}),
    compute=_validity,
    paper="Weininger 1988, SMILES, a chemical language and information system",
)


@hookimpl
def rgankit_domains() -> Iterable[DomainSpec]:
    """Molecules."""
    return [SPEC]


@hookimpl
def rgankit_metrics() -> Iterable[MetricSpec]:
    """How many samples are molecules; says nothing about other domains."""
    return [VALIDITY]


@hookimpl
def rgankit_guess_domain(path: Path) -> str | None:
    """``smiles`` for a .smi file and for a folder with one."""
    found = any(path.glob("*.smi")) if path.is_dir() else path.suffix.lower() == ".smi"
    return SPEC.name if found else None
