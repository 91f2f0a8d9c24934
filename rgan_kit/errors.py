"""What can go wrong in a way that the user can fix, each with the exit code that scripts read."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of ``rgankit`` (130 and 143 are the shell's own for SIGINT and SIGTERM)."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    PLUGIN = 3
    DATA = 4
    PARITY = 5
    DEVICE = 6
    INTERRUPTED = 130
    TERMINATED = 143


class RganKitError(Exception):
    """A problem that the user can understand and fix; printed as one message, never as a traceback.

    Args:
        problem: what is wrong and where, in one sentence.
        hint: what to do about it, in one sentence; empty where nothing better can be said.
    """

    exit_code: ExitCode = ExitCode.FAILED

    def __init__(self, problem: str, hint: str = "") -> None:
        super().__init__(problem if not hint else f"{problem}\n{hint}")
        self.problem = problem
        self.hint = hint


class UsageError(RganKitError):
    """A command line or configuration that does not make sense."""

    exit_code = ExitCode.USAGE


class PluginError(RganKitError):
    """A plugin that is missing, ambiguous, broken or does not keep its contract."""

    exit_code = ExitCode.PLUGIN


class DataError(RganKitError):
    """Data or a file (a checkpoint or a model included) that cannot be used."""

    exit_code = ExitCode.DATA


class ParityError(RganKitError):
    """An exported graph that does not compute what its network computes."""

    exit_code = ExitCode.PARITY


class DeviceError(RganKitError):
    """A device, an execution provider or an extra that this machine does not have."""

    exit_code = ExitCode.DEVICE


def out_of_memory(error: BaseException) -> bool:
    """Whether an exception means that memory ran out; torch says so in a class of its own or in a mere RuntimeError."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    return isinstance(error, RuntimeError) and any(
        sign in str(error) for sign in ("can't allocate memory", "out of memory")
    )
