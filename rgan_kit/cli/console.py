"""Where the command line writes: results to stdout, talk to stderr, and one JSON document where scripts ask for it."""

from __future__ import annotations

import io
import json
import os
import sys
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, cast

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
        self.has_document = False
        self._stream = stream or sys.stdout

    def document(self, content: Any) -> None:
        """The one JSON document."""
        self._stream.write(json.dumps(content, indent=2, ensure_ascii=False, default=str, allow_nan=False) + "\n")
        self.has_document = True
        self.flush()

    def line(self, text: str = "") -> None:
        """One line of text, with what could steer a terminal escaped."""
        self._stream.write(f"{shown(text)}\n")

    def flush(self) -> None:
        """Hands everything over, so that a closed pipe or a full disk is met here and not when Python ends."""
        self._stream.flush()

    def let_go(self) -> None:
        """Before the program ends, see ``let_go``."""
        let_go(self._stream)


def shown(text: str) -> str:
    """The same with everything escaped that could steer a terminal; it may come from a stranger's file."""
    if text.isprintable():
        return text
    return "".join(
        sign
        if sign.isprintable() or sign in "\n\t" or unicodedata.category(sign) == "Zs"
        else sign.encode("unicode_escape").decode()
        for sign in text
    )


def prepare_streams() -> None:
    """Makes stdout and stderr take any text: what their encoding lacks is escaped; a closed one is as good as null."""
    sys.stdout, sys.stderr = (_prepared(stream) for stream in (sys.stdout, sys.stderr))


def _prepared(stream: TextIO | None) -> TextIO:
    if stream is None:
        return Path(os.devnull).open("w", encoding="utf-8")
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="backslashreplace")
    return stream


def take_stdout() -> TextIO:
    """Keeps everything but the returned stream off stdout, at the level of the file descriptor.

    So not even a plugin's ``print`` or a library in C gets between a script and its JSON document.
    """
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    return os.fdopen(kept, "w", encoding="utf-8", errors="backslashreplace")


def let_go(stream: TextIO) -> None:
    """Flushes a stream. Where that fails, what is left goes nowhere, so that Python does not stumble over it again."""
    try:
        stream.flush()
    except OSError:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, stream.fileno())
        os.close(null)


class Patient:
    """A stream that falls silent when it cannot be written to, because a training is worth more than its talk.

    Args:
        stream: where to.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """As that of the stream."""
        try:
            return self._stream.write(text)
        except OSError:
            let_go(self._stream)
            return len(text)

    def flush(self) -> None:
        """As that of the stream."""
        let_go(self._stream)


def talk() -> Console:
    """The console on stderr."""
    from rich.console import Console

    return Console(file=cast("TextIO", Patient(sys.stderr)), highlight=False, emoji=False)


def say(text: str) -> None:
    """A message on stderr."""
    stream = Patient(sys.stderr)
    stream.write(shown(text))
    stream.flush()


def error_text(error: RganKitError) -> str:
    """One message: what is wrong, and how to fix it."""
    return f"error: {error.problem}\n" + (f"       {error.hint}\n" if error.hint else "")


def finite(value: Any) -> Any:
    """The same with None for numbers that JSON does not have."""
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    return [finite(item) for item in value] if isinstance(value, list) else value
