"""Keys by name and as key signatures have them."""

from __future__ import annotations

from typing import Final

_SHARPS: Final = ("c", "g", "d", "a", "e", "b", "f-sharp", "c-sharp")
_FLATS: Final = ("c", "f", "b-flat", "e-flat", "a-flat", "d-flat", "g-flat", "c-flat")
_MINOR_SHARPS: Final = ("a", "e", "b", "f-sharp", "c-sharp", "g-sharp", "d-sharp", "a-sharp")
_MINOR_FLATS: Final = ("a", "d", "g", "c", "f", "b-flat", "e-flat", "a-flat")


def name_of(sharps: int, minor: int) -> str:
    """``c-major`` from sharps (flats below zero) and 0 for major, 1 for minor; empty for what is no key."""
    if not -7 <= sharps <= 7 or minor not in (0, 1):
        return ""
    names = ((_FLATS, _MINOR_FLATS) if sharps < 0 else (_SHARPS, _MINOR_SHARPS))[minor]
    return f"{names[abs(sharps)]}-{'minor' if minor else 'major'}"


def signature_of(name: str) -> tuple[int, int] | None:
    """And back; None for what is no key."""
    return _SIGNATURES.get(name)


_SIGNATURES: Final = {name_of(sharps, minor): (sharps, minor) for sharps in range(-7, 8) for minor in (0, 1)}
