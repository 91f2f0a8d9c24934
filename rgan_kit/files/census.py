"""Whose files a folder holds: counted by the endings that each domain claims, and the domain that follows from it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

from rgan_kit.files.finding import ending_of, walk

CLEAR: Final = 0.9
"""Share of all files that some domain claims from which on one domain is taken without asking."""

_ABOUT_DATA: Final = frozenset({"readme", "license", "licence", "copying", "notice", "changelog", "requirements"})
"""Names of files that come with data of any kind and are none."""

_MOST_FILES: Final = 200_000
_ENDINGS_SHOWN: Final = 4


@dataclass(frozen=True)
class Census:
    """Files at a path, by name alone.

    Attributes:
        claimed: by domain and ending, how many files; domains with most files first.
        others: files that no domain claims, by ending.
        whole: whether all files were counted; in huge folders the first 200,000 are.
    """

    claimed: Mapping[str, Mapping[str, int]]
    others: Mapping[str, int]
    whole: bool = True

    def count(self, domain: str) -> int:
        """Files of a domain."""
        return sum(self.claimed.get(domain, {}).values())

    @property
    def total(self) -> int:
        """All files, claimed or not."""
        return sum(map(self.count, self.claimed)) + sum(self.others.values())

    @property
    def clear(self) -> str | None:
        """The domain that has all claimed files, or nearly all; None where there is none, or it has to be asked."""
        most = next(iter(self.claimed), None)
        claimed = sum(map(self.count, self.claimed))
        return most if most is not None and self.count(most) >= CLEAR * claimed else None

    def words(self) -> str:
        """``2,898 of music (.mid), 4,545 of text (.txt), 2 of no domain (.DS)``."""
        parts = [f"{self.count(name):,} of {name} ({_endings(own)})" for name, own in self.claimed.items()]
        if self.others:
            parts.append(f"{sum(self.others.values()):,} of no domain ({_endings(self.others)})")
        return ("" if self.whole else f"of the first {_MOST_FILES:,} files ") + ", ".join(parts)


def census(path: Path, endings: Mapping[str, tuple[str, ...]]) -> Census:
    """Counts the files at a path.

    Args:
        path: a file or folder that exists. Links are not followed, and nothing hidden counts.
        endings: that each domain claims, by its name; those of two domains go to the first.
    """
    claims = {ending: domain for domain in reversed(list(endings)) for ending in endings[domain]}
    files = list(islice(walk(path, {}), _MOST_FILES + 1)) if path.is_dir() else [path]
    claimed: dict[str, Counter[str]] = {}
    others: Counter[str] = Counter()
    for file in files[:_MOST_FILES]:
        ending = ending_of(file.name, claims)
        if ending is None or file.stem.lower() in _ABOUT_DATA:
            others[file.suffix.lower() or "no ending"] += 1
        else:
            claimed.setdefault(claims[ending], Counter())[ending] += 1
    ordered = sorted(claimed.items(), key=lambda item: (-item[1].total(), item[0]))
    return Census(dict(ordered), others, len(files) <= _MOST_FILES)


def _endings(counts: Mapping[str, int]) -> str:
    shown = sorted(counts, key=lambda ending: (-counts[ending], ending))
    return ", ".join(shown[:_ENDINGS_SHOWN]) + (", …" if len(shown) > _ENDINGS_SHOWN else "")
