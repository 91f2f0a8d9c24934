"""How a command ended that did not end well: exit code, problem and mend, and what stderr is told."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import typer

from rgan_kit.cli.console import error_text
from rgan_kit.errors import ExitCode, RganKitError, out_of_memory


@dataclass(frozen=True)
class Ending:
    """How a command ended.

    Attributes:
        code: the exit code.
        problem: what went wrong.
        mend: what to do about it.
        said: what stderr is told.
    """

    code: int
    problem: str
    mend: str = ""
    said: str = ""


def ending_of(error: BaseException) -> Ending:
    """The ending that an exception means."""
    if isinstance(error, SystemExit):
        return _exit(error.code)
    if isinstance(error, typer.Exit):
        return _exit(error.exit_code)
    if isinstance(error, KeyboardInterrupt):
        return Ending(ExitCode.INTERRUPTED, "interrupted", said="interrupted\n")
    if isinstance(error, typer.Abort | EOFError):
        return Ending(ExitCode.FAILED, "aborted", said="aborted\n")
    if isinstance(error, BrokenPipeError):  # `rgankit sample … | head`
        return Ending(ExitCode.DONE, "")
    # Of click, which Typer may bring under a name of its own.
    if hasattr(error, "format_message") and hasattr(error, "show"):
        return _usage(error)
    understood = _understood(error)
    return Ending(int(understood.exit_code), understood.problem, understood.mend, error_text(understood))


def _exit(code: Any) -> Ending:
    if code is None or isinstance(code, int):
        return Ending(code or 0, f"stopped with exit code {code}")
    return Ending(ExitCode.FAILED, str(code), said=f"{code}\n")


def _usage(error: Any) -> Ending:
    shown = io.StringIO()
    error.show(file=shown)
    return Ending(int(error.exit_code), error.format_message(), said=shown.getvalue())


def _understood(error: BaseException) -> RganKitError:
    text = str(error)
    if isinstance(error, RganKitError):
        return error
    if out_of_memory(error):
        return RganKitError(
            "there is not enough memory for this.", "Use less data, a smaller batch, fewer samples or a smaller model."
        )
    if isinstance(error, OSError):
        return RganKitError(
            f"{error.filename or 'standard output or a file'}: {error.strerror or text}.",
            "Check that it is there and yours, and that there is space left.",
        )
    return RganKitError(
        f"{type(error).__name__}: {text}",
        "This is a fault of rgan-kit or of a plugin, not yours: "
        "set RGANKIT_DEBUG=1 to see where it happened, and please report it.",
    )
