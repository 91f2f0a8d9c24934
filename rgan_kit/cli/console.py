"""Where the command line writes: results to stdout, talk to stderr, and one JSON document where scripts ask for it."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any, TextIO

from rgan_kit.errors import RganKitError

if TYPE_CHECKING:
    from rich.console import Console


class Results:
    """The way to stdout.

    Args:
        as_json: whether the command prints one JSON document and nothing else.
        stream: where to; ``sys.stdout`` where None.
    """

    def __init__(self, as_json: bool, stream: TextIO | None = None) -> None:
        self.as_json = as_json
        self._stream = stream or sys.stdout

    def document(self, content: Any) -> None:
        """The one JSON document."""
        self._stream.write(json.dumps(content, indent=2, ensure_ascii=False, default=str, allow_nan=False) + "\n")
        self._stream.flush()

    def line(self, text: str = "") -> None:
        """One line of text, as it is."""
        self._stream.write(text + "\n")


def take_stdout() -> TextIO:
    """Keeps everything but the returned stream off stdout, at the level of the file descriptor.

    So not even a plugin's ``print`` or a library in C gets between a script and its JSON document.
    """
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return os.fdopen(kept, "w", encoding="utf-8")


def talk() -> Console:
    """The console on stderr."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, soft_wrap=True)


def show_error(error: RganKitError) -> None:
    """One message: what is wrong, and how to mend it."""
    sys.stderr.write(f"error: {error.problem}\n")
    if error.mend:
        sys.stderr.write(f"       {error.mend}\n")
    sys.stderr.flush()


def finite(value: Any) -> Any:
    """The same with None for numbers that JSON does not have."""
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    return [finite(item) for item in value] if isinstance(value, list) else value
