"""A process that tries contracts and writes down what it finds: ``python -m rgan_kit.testing.trial REQUEST ANSWER``.

It is a process of its own, so that torch, a stranger's code and pytest's state stay apart from whoever asks. Every
line of the answer is written at once: where a part ends the process, the last line says which check was tried.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TextIO

import pytest

from rgan_kit.errors import DeviceError, RganKitError
from rgan_kit.plugins.contain import describe
from rgan_kit.plugins.registry import installed_registry
from rgan_kit.testing.requirements import violation
from rgan_kit.testing.subjects import contracts

MODULE = "test_checks.py"
_ANY_HINT = "This has to work on all data that the description names: fix that line, or name fewer kinds or options."
_OTHERS = ("site-packages/torch", "site-packages/_pytest", "site-packages/pluggy")
INI = "[pytest]\nmarkers =\n  export: exports a graph\n  slow: takes long\n"


class Collector:
    """A pytest plugin: brings the contracts in, and writes a line before and after each test."""

    def __init__(self, subjects: Mapping[str, type], answer: TextIO) -> None:
        self._answer = answer
        self.classes = {f"Test{number}": each for number, each in enumerate(subjects.values())}
        self._subjects = dict(zip(self.classes, subjects, strict=True))
        for name, each in self.classes.items():
            each.__name__ = each.__qualname__ = name

    def tell(self, **said: Any) -> None:
        """Writes one line."""
        self._answer.write(json.dumps(said) + "\n")
        self._answer.flush()

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Says what will be tried, in case the process does not live to try it."""
        cases = [{"node": item.nodeid, **self._case(item)} for item in session.items]
        self.tell(event="collected", cases=cases)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A description that no tests can be made of is a failed check, and the others are tried."""
        if report.failed:
            words = str(report.longrepr).strip().splitlines()
            self.tell(
                event="tried",
                node=report.nodeid,
                subject=self._subjects.get(report.nodeid.rpartition("::")[2], "plugin"),
                check="it can be tried",
                why="A description has the types that rgan_kit.contracts gives its fields.",
                case="",
                outcome="failed",
                seen=(words[-1] if words else "no tests can be made of it")[:400],
            )

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """Says what is tried now."""
        self.tell(event="trying", node=nodeid)

    @pytest.hookimpl(wrapper=True)
    def pytest_pyfunc_call(self) -> Any:
        """Whatever a part raises fails the check and ends no session: ``sys.exit`` and exceptions of its own kind
        as well. Only pytest's own skips are what they look like."""
        try:
            return (yield)
        except (pytest.fail.Exception, pytest.skip.Exception):
            raise
        except pytest.exit.Exception as error:
            raise AssertionError(_escaped(error)) from None
        except Exception:
            raise
        except BaseException as error:
            raise AssertionError(_escaped(error)) from None

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Function, call: pytest.CallInfo[None]) -> Any:
        """Writes down what became of a test."""
        report = yield
        if report.when == "call" or report.outcome != "passed":
            outcome = "not applicable" if report.outcome == "skipped" else report.outcome
            seen = "" if call.excinfo is None else _seen(call.excinfo)
            if call.excinfo is not None and (missing := _missing(call.excinfo.value)):
                outcome, seen = "not tried", missing
            self.tell(event="tried", node=item.nodeid, **self._case(item), outcome=outcome, seen=seen)
        return report

    def _case(self, item: Any) -> dict[str, str]:
        """A test in words: whose it is, what it checks, what it is good for, and on which data it is tried."""
        return {
            "subject": self._subjects[item.cls.__name__],
            "check": item.function.__name__.removeprefix("test_").replace("_", " "),
            "why": (item.function.__doc__ or "").strip().partition("\n")[0],
            "case": item.callspec.id if hasattr(item, "callspec") else "",
        }


def _escaped(error: BaseException) -> str:
    return violation(
        "Parts raise nothing but ordinary exceptions.",
        f"{describe(error)[:400]}{_where(error)}",
        "Raise a PluginError, a DataError or another Exception: other plugins live in the same process.",
    )


def _missing(error: BaseException | None) -> str:
    """What a part says that this environment lacks, such as an optional library; empty where that is not the matter."""
    while error is not None:
        if isinstance(error, DeviceError):
            return str(error)
        error = error.__cause__
    return ""


def _seen(excinfo: pytest.ExceptionInfo[BaseException]) -> str:
    """What was seen, in words: a contract's own message, else the error and the line of code that raised it."""
    error = excinfo.value
    if isinstance(error, AssertionError) and str(error):
        return str(error)
    if isinstance(error, pytest.skip.Exception | RganKitError):
        return str(error)
    return f"raised {describe(error)[:400]}{_where(error)}\n   hint: {_ANY_HINT}"


def _where(error: BaseException) -> str:
    """The line of code that raised an error: a part's own, where there is one."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "rgan_kit/testing" not in frame.filename]
    own = [frame for frame in frames if not any(other in frame.filename for other in _OTHERS)] or frames
    return f" ({Path(own[-1].filename).name}, line {own[-1].lineno})" if own else ""


def end_with(parent: int) -> None:
    """Ends this process and its group once the one that asked is gone: nobody would end a loop without end then."""
    while os.getppid() == parent:
        time.sleep(1)
    if hasattr(os, "killpg") and os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(1)


def main(request: Mapping[str, Any], answer: TextIO, folder: Path) -> None:
    """Tries what the request names, with pytest in an empty folder and without any of its installed plugins."""
    answer.write(json.dumps({"event": "loading"}) + "\n")  # from here on, a stranger's code may take its time
    answer.flush()
    collector = Collector(contracts(installed_registry(), frozenset(request["plugins"])), answer)
    sys.modules["rgan_kit_checks"] = type(sys)("rgan_kit_checks")
    vars(sys.modules["rgan_kit_checks"]).update(collector.classes)
    (folder / MODULE).write_text("from rgan_kit_checks import *\n", encoding="utf-8")
    (folder / "pytest.ini").write_text(INI, encoding="utf-8")
    words = ["-q", "-p", "no:cacheprovider", "-c", str(folder / "pytest.ini"), "--rootdir", str(folder)]
    words += ["--continue-on-collection-errors"]
    words += ["-m", "not export"] if request["quick"] else []
    code = pytest.main([*words, str(folder / MODULE)], plugins=[collector])
    collector.tell(event="done", code=int(code))


if __name__ == "__main__":
    threading.Thread(target=end_with, args=(os.getppid(),), daemon=True).start()
    request_file, answer_file = map(Path, sys.argv[1:])
    with answer_file.open("w", encoding="utf-8") as stream:
        main(json.loads(request_file.read_text(encoding="utf-8")), stream, answer_file.parent)
