"""How a contract test speaks when a requirement is broken: what is required, what was seen, how to fix it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rgan_kit.plugins.contain import describe


def require(kept: object, requirement: str, seen: str, hint: str) -> None:
    """Raises ``AssertionError`` with all three where ``kept`` is not true."""
    if not kept:
        raise AssertionError(violation(requirement, seen, hint))


def violation(requirement: str, seen: str, hint: str) -> str:
    """The message."""
    return f"requirement: {requirement}\n   seen: {seen}\n   hint: {hint}"


@contextmanager
def unfailing(requirement: str, hint: str, doing: str) -> Iterator[None]:
    """Turns whatever is raised inside into a broken requirement.

    Args:
        doing: what is done inside, for the message.
    """
    try:
        yield
    except AssertionError:
        raise
    except Exception as error:
        raise AssertionError(violation(requirement, f"{doing} raised {describe(error)}", hint)) from error
