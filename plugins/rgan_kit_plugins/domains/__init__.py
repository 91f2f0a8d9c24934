"""Built-in data domains: from a user's files to sequences, and back. One package a domain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rgan_kit_plugins.domains import images, music, series, text, video

if TYPE_CHECKING:
    from pathlib import Path

DOMAINS: Final = (text.SPEC, music.SPEC, series.SPEC, video.SPEC, images.SPEC)
_GUESSES: Final = (text.guess, music.guess, series.guess, video.guess, images.guess)


def guess(path: Path) -> str | None:
    """The name of the domain that reads a file or folder, by names alone."""
    return next((name for each in _GUESSES if (name := each(path)) is not None), None)
