"""From options and a path (or none) to a data set of molecules."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rgan_kit.contracts import DataError, Dataset, Sequences, TokenSpec, Truth
from rgankit_smiles.decoder import BOS, EOS, PAD, SPECIAL, UNKNOWN, SmilesDecoder, encode
from rgankit_smiles.files import read
from rgankit_smiles.law import MoleculeTruth, draw
from rgankit_smiles.syntax import allowed_next

if TYPE_CHECKING:
    from rgankit_smiles import SmilesOptions

Rows = list[list[str]]


def load(options: SmilesOptions, path: Path | None, seed: int) -> Dataset:
    """Reads molecules, or draws them from the law where ``path`` is None.

    Raises:
        DataError: there are too few; names the file.
    """
    rng = np.random.default_rng(seed)
    if path is None:
        share = options.validation_share
        held_out = max(1, round(options.embedded_molecules * share / (1 - share)))
        rows = [draw(rng) for _ in range(options.embedded_molecules + held_out)]
        mark = hashlib.sha256("\n".join("".join(row) for row in rows).encode()).hexdigest()
        words = {"data": f"molecules of a known law, drawn with seed {seed}"}
        return _assemble(rows[held_out:], rows[:held_out], words, mark, truth=MoleculeTruth())
    found = read(path)
    short = [row for row in found.rows if len(row) <= options.max_length]
    rows = [list(row) for row in dict.fromkeys(map(tuple, short))]
    words = {
        "data": f"{path}: {len(found.rows):,} molecules, {len(short) - len(rows):,} of them twice",
        "too long": f"{len(found.rows) - len(short):,} of more than {options.max_length:,} tokens were left out",
    }
    if len(rows) < 2:
        raise DataError(
            f"{path}: {len(rows)} different molecules of at most {options.max_length} tokens.",
            "Bring more, or set domain.max_length higher.",
        )
    rows = [rows[number] for number in rng.permutation(len(rows))]
    held_out = min(len(rows) - 1, max(1, round(len(rows) * options.validation_share)))
    return _assemble(rows[held_out:], rows[:held_out], words, found.fingerprint, refused=found.refused)


def make(options: SmilesOptions, folder: Path, seed: int) -> list[Path]:
    """Writes ``molecules.smi``, drawn from the law."""
    rng = np.random.default_rng(seed)
    lines = ["".join(draw(rng)) for _ in range(options.embedded_molecules)]
    file = folder / "molecules.smi"
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="\n")
    return [file]


def _assemble(
    train: Rows,
    validation: Rows,
    words: Mapping[str, str],
    mark: str,
    *,
    truth: Truth | None = None,
    refused: Mapping[str, str] | None = None,
) -> Dataset:
    counts = Counter(token for row in train for token in row)
    vocabulary = (*SPECIAL, *sorted(counts, key=lambda token: (-counts[token], token)))
    longest = max(len(row) for rows in (train, validation) for row in rows)
    grammar = allowed_next(vocabulary, BOS, EOS, UNKNOWN)
    spec = TokenSpec(len(vocabulary), BOS, EOS, PAD, longest, UNKNOWN, allowed_next=grammar)
    unknown = sum(token not in counts for row in validation for token in row)
    summary = {
        **words,
        "vocabulary": f"{len(counts):,} tokens: {' '.join(vocabulary[len(SPECIAL) :][:12])} …",
        "lengths": f"{np.mean([len(row) for row in train]):.1f} tokens on average, {longest:,} at most",
        "unknown": f"{unknown:,} tokens of the held-out molecules are not in the training ones",
        "training and validation": f"{len(train):,} and {len(validation):,} molecules",
    }
    known, held_out = (Sequences.of(encode(rows, vocabulary), fill=PAD, dtype=np.int32) for rows in (train, validation))
    decoder = SmilesDecoder(vocabulary)
    return Dataset(spec, known, held_out, decoder, mark, summary, truth, refused or {})
