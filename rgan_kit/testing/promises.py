"""How a contract test speaks when a promise is broken: what was promised, what was seen, how to mend it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rgan_kit.plugins.contain import describe


def hold(kept: object, promise: str, seen: str, mend: str) -> None:
    """Raises ``AssertionError`` with all three where ``kept`` is not true."""
    if not kept:
        raise AssertionError(broken(promise, seen, mend))


def broken(promise: str, seen: str, mend: str) -> str:
    """The message."""
    return f"promise: {promise}\n   seen: {seen}\n   mend: {mend}"


@contextmanager
def unfailing(promise: str, mend: str, doing: str) -> Iterator[None]:
    """Turns whatever is raised inside into a broken promise.

    Args:
        doing: what is done inside, for the message.
    """
    try:
        yield
    except AssertionError:
        raise
    except Exception as error:
        raise AssertionError(broken(promise, f"{doing} raised {describe(error)}", mend)) from error
