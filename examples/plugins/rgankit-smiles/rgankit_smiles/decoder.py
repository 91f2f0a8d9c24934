"""From tokens back to SMILES."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from rgan_kit.contracts import Batch, DataError, Sequences
from rgankit_smiles.files import read
from rgankit_smiles.syntax import tokens_of

PAD: Final = 0
BOS: Final = 1
EOS: Final = 2
UNKNOWN: Final = 3
SPECIAL: Final = ("<pad>", "<bos>", "<eos>", "<unk>")
VERSION: Final = 1
_MOST_TOKENS: Final = 100_000
_LONGEST_TOKEN: Final = 64


def encode(rows: Sequence[Sequence[str]], vocabulary: Sequence[str]) -> list[list[int]]:
    """Numbers of tokens, each row with the end token; what the vocabulary lacks becomes the unknown one."""
    known = {token: number for number, token in enumerate(vocabulary)}
    return [[*(known.get(token, UNKNOWN) for token in row), EOS] for row in rows]


class SmilesDecoder:
    """Decodes tokens; samples are strings.

    Args:
        vocabulary: tokens by number; the first four are special and stand for no text.
    """

    def __init__(self, vocabulary: Sequence[str]) -> None:
        self.vocabulary = tuple(vocabulary)

    def decode(self, outputs: Mapping[str, np.ndarray]) -> list[str]:
        """SMILES of ``tokens`` ``[batch, time]`` up to ``lengths`` ``[batch]`` (end token not counted); a token that
        stands for no text is passed over."""
        tokens, lengths = outputs["tokens"], outputs["lengths"]
        written = (tokens > UNKNOWN) & (tokens < len(self.vocabulary))
        written &= np.arange(tokens.shape[1]) < lengths[:, None]
        pairs = zip(tokens, written, strict=True)
        return ["".join(self.vocabulary[token] for token in row[keep].tolist()) for row, keep in pairs]

    def preview(self, sample: Any) -> str:
        """The SMILES itself."""
        return str(sample)

    def write(self, samples: Sequence[Any], folder: Path) -> list[Path]:
        """Writes ``samples.smi``, one molecule a line."""
        file = folder / "samples.smi"
        file.write_text("".join(f"{sample}\n" for sample in samples), encoding="utf-8", newline="\n")
        return [file]

    def read(self, path: Path) -> Batch[np.ndarray]:
        """The molecules of a .smi or .txt file or of a folder, as tokens int64 ``[samples, time]`` with end tokens.

        Raises:
            DataError: it cannot be read; or a line of it is no SMILES, so that lines and samples would not match.
        """
        found = read(path)
        if found.refused:
            where, why = next(iter(found.refused.items()))
            raise DataError(f"{where} of {path}: {why}.", "Take it out, so that every line is a molecule.")
        sequences = Sequences.of(encode(found.rows, self.vocabulary), fill=PAD, dtype=np.int32)
        return sequences.take(np.arange(len(sequences)))

    def manifest(self) -> dict[str, Any]:
        """An app in another language joins ``vocabulary[token]`` with nothing between."""
        special = {"pad": PAD, "bos": BOS, "eos": EOS, "unknown": UNKNOWN}
        return {"version": VERSION, "special": special, "vocabulary": list(self.vocabulary)}

    @classmethod
    def from_manifest(cls, manifest: Mapping[str, Any]) -> SmilesDecoder:
        """The decoder that wrote ``manifest``.

        Raises:
            DataError: names everything that is missing or wrong in it.
        """
        problems = []
        vocabulary = manifest.get("vocabulary")
        if manifest.get("version") != VERSION:
            problems.append(f"version is {manifest.get('version')!r:.40} and not {VERSION}")
        if manifest.get("special") != {"pad": PAD, "bos": BOS, "eos": EOS, "unknown": UNKNOWN}:
            problems.append(f"special is {manifest.get('special')!r:.80}")
        if not isinstance(vocabulary, list) or not len(SPECIAL) < len(vocabulary) <= _MOST_TOKENS:
            problems.append(f"vocabulary is no list of {len(SPECIAL) + 1} to {_MOST_TOKENS:,} tokens")
        elif not all(_is_token(token) for token in vocabulary[len(SPECIAL) :]):
            problems.append("vocabulary has something that is no token of SMILES")
        if problems or not isinstance(vocabulary, list):
            raise DataError(
                f"This model's description of its molecules cannot be used: {'; '.join(problems)}.",
                "Export the model again, or get it again from where it came.",
            )
        return cls(vocabulary)


def _is_token(token: object) -> bool:
    known = isinstance(token, str) and len(token) <= _LONGEST_TOKEN and token.isprintable()
    return known and tokens_of(str(token)) == [token]
