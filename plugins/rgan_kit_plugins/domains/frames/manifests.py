"""Checks on a decoder's manifest, which may come from a stranger."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rgan_kit.contracts import DataError

Check = tuple[Callable[[Any], bool], str]


def whole(least: int, most: int) -> Check:
    """A whole number from ``least`` to ``most``."""
    return (
        lambda value: isinstance(value, int) and not isinstance(value, bool) and least <= value <= most,
        f"a whole number from {least:,} to {most:,}",
    )


def real(least: float, most: float) -> Check:
    """A number from ``least`` to ``most``."""
    return (
        lambda value: isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most,
        f"a number from {least:g} to {most:g}",
    )


def one_of(*values: Any) -> Check:
    """One of these, and of their type."""
    return (
        lambda value: any(type(value) is type(each) and value == each for each in values),
        " or ".join(map(repr, values)),
    )


def check(manifest: Mapping[str, Any], checks: Mapping[str, Check], noun: str) -> None:
    """Compares a manifest with what each of its keys should be.

    Raises:
        DataError: names everything that is missing or wrong.
    """
    problems = [
        f"{key} is {manifest[key]!r:.40} and not {words}" if key in manifest else f"{key} is missing ({words})"
        for key, (fits, words) in checks.items()
        if key not in manifest or not fits(manifest[key])
    ]
    if problems:
        raise DataError(
            f"This model's description of its {noun} cannot be used: {'; '.join(problems)}.",
            "Export the model again, or get it again from where it came.",
        )
