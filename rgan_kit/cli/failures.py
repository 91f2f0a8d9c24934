"""How a command ended that did not end well: exit code, problem and hint, and what stderr is told."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any

import typer

from rgan_kit.cli.console import error_text
from rgan_kit.errors import ExitCode, PluginError, RganKitError, out_of_memory
from rgan_kit.plugins.blame import culprit
from rgan_kit.plugins.contain import describe, interrupted


@dataclass(frozen=True)
class Ending:
    """How a command ended.

    Attributes:
        code: the exit code.
        problem: what went wrong.
        hint: what to do about it.
        said: what stderr is told.
    """

    code: int
    problem: str
    hint: str = ""
    said: str = ""


def ending_of(error: BaseException, built_in: bool = False) -> Ending:
    """The ending that an exception means.

    Args:
        error: that ended the command.
        built_in: whether the command is one of rgan-kit's own. None of them calls ``sys.exit``, and in one of them a
            plugin's code may end nothing.
    """
    fault = _of_a_plugin(error, built_in)
    if fault is not None:
        return Ending(int(fault.exit_code), fault.problem, fault.hint, error_text(fault))
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
    return Ending(int(understood.exit_code), understood.problem, understood.hint, error_text(understood))


def _of_a_plugin(error: BaseException, built_in: bool) -> RganKitError | None:
    """The error that names the plugin whose code ended the command; None where that is its right, or nobody's."""
    if isinstance(error, RganKitError | OSError) or out_of_memory(error):
        return None
    ends = isinstance(error, SystemExit | KeyboardInterrupt | typer.Exit | typer.Abort)
    if (ends and not built_in) or hasattr(error, "format_message") or interrupted():
        return None
    guilty = culprit(error)
    if guilty is not None:
        return PluginError(
            f"plugin {guilty.qualified} raised {describe(error)}.",
            f"RGANKIT_DEBUG=1 shows where. RGANKIT_BLOCK={guilty.qualified} leaves it out.",
        )
    if isinstance(error, SystemExit) and not error.code:
        return RganKitError("Something called sys.exit in the middle of the command.", "RGANKIT_DEBUG=1 shows more.")
    return None


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
        describe(error),
        "This is a fault of rgan-kit or of a plugin, not yours: "
        "set RGANKIT_DEBUG=1 to see where it happened, and please report it.",
    )
