"""What share of samples is a molecule: by syntax, and by chemistry where RDKit (an optional library) is installed."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from rgan_kit.contracts import SampleSet, evenly
from rgankit_smiles.decoder import SmilesDecoder
from rgankit_smiles.syntax import problem_of

_HELD_OUT: Final = 500


def validity(samples: SampleSet) -> Mapping[str, float]:
    """``syntax`` and ``chemistry``, shares, each beside that of held-out molecules; nothing for another domain."""
    decoder = samples.dataset.decoder
    if not isinstance(decoder, SmilesDecoder):
        return {}
    source = samples.dataset.validation
    batch = source.take(evenly(len(source), _HELD_OUT))
    real = decoder.decode({"tokens": batch.values, "lengths": batch.lengths - 1})
    figures = {}
    for name, check in (("syntax", has_syntax), ("chemistry", chemistry())):
        if check is not None:
            figures[name] = _share(samples.samples, check)
            figures[f"heldout_{name}"] = _share(real, check)
    return figures


def has_syntax(sample: str) -> bool:
    """Whether it can be read as SMILES."""
    return problem_of(sample) is None


def chemistry() -> Callable[[str], bool] | None:
    """A check of syntax, valences and aromatic rings by RDKit; None where it is not installed."""
    try:
        from rdkit import Chem, RDLogger
    except ImportError:
        return None
    RDLogger.DisableLog("rdApp.*")

    def is_molecule(sample: str) -> bool:
        return bool(sample) and Chem.MolFromSmiles(sample) is not None

    return is_molecule


def _share(samples: Sequence[Any], check: Callable[[str], bool]) -> float:
    return sum(check(str(sample)) for sample in samples) / len(samples) if samples else math.nan
