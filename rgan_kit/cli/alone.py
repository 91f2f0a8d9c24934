"""Plugins loaded in a process of its own: ``python -m rgan_kit.cli.alone ANSWER`` loads those that the environment
allows, with everything that they offer, and writes down what became of them.

Every line is written at once: where a plugin ends the process, or hangs, the last line says which one it was.
"""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, TextIO

from rgan_kit.plugins.contain import GRACE, own_process
from rgan_kit.plugins.discovery import discover
from rgan_kit.plugins.host import timeout
from rgan_kit.plugins.origins import OURSELVES, Origin
from rgan_kit.plugins.records import PluginRecord, Status

PATIENCE = 30.0
"""Seconds from line to line, where ``RGANKIT_TIMEOUT=0`` lets plugins take for ever."""


@dataclass(frozen=True)
class Load:
    """What became of a process.

    Attributes:
        records: of its plugins; None where it did not come to its end.
        fault: how it ended otherwise, in words.
    """

    records: list[PluginRecord] | None
    fault: str = ""


def load_each() -> list[PluginRecord]:
    """Every installed plugin, as it is beside the others that can be loaded at all; each stranger's has been loaded in
    a process of its own before, and none in this one."""
    origins = [(Origin.of(entry), entry) for entry in discover()[0]]
    names = list(dict.fromkeys(f"{origin.name}:{entry.name}" for origin, entry in origins if origin.name != OURSELVES))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        alone = dict(zip(names, pool.map(lambda name: load(only=name), names), strict=True))
    bad = [name for name, result in alone.items() if result.records is None]
    together = load(blocked=bad)
    if together.records is None:
        each = [(name, result.records or ()) for name, result in alone.items()]
        records = [record for name, found in each for record in found if record.qualified == name]
        problem = f"one by one they can be loaded; {together.fault}"
        records.append(PluginRecord("all", "together", "", "", Status.BROKEN, problem))
    else:
        records = together.records
    for record in records:
        result = alone.get(record.qualified)
        if result is not None and result.records is None:
            record.status, record.problem = Status.BROKEN, result.fault
        elif result is not None:
            record.seconds = max(r.seconds for r in result.records or () if r.qualified == record.qualified)
    return records


def load(only: str = "", blocked: Iterable[str] = ()) -> Load:
    """Loads one plugin, or all but those blocked, in a process of its own."""
    from rgan_kit.testing.watched import watch

    environ = {**os.environ, "RGANKIT_STRICT": ""}
    if only:
        environ["RGANKIT_PLUGINS"] = only
    environ["RGANKIT_BLOCK"] = ",".join(filter(None, (environ.get("RGANKIT_BLOCK"), *blocked)))
    with tempfile.TemporaryDirectory(prefix="rgankit-") as name:
        answer, talk = Path(name) / "answer", Path(name) / "talk"
        words = [sys.executable, "-m", "rgan_kit.cli.alone", str(answer)]
        code = watch(words, environ, answer, talk, (timeout() or PATIENCE) + 3 * GRACE)
        whole = answer.read_text(encoding="utf-8").rpartition("\n")[0] if answer.exists() else ""
    last: dict[str, Any] = json.loads(whole.splitlines()[-1]) if whole else {}
    if "records" in last:
        return Load([PluginRecord(**{**record, "status": Status(record["status"])}) for record in last["records"]])
    return Load(None, f"{_ending(code)} while {last.get('doing', 'Python started')}")


def _ending(code: int | None) -> str:
    if code is None:
        return "it did not come back"
    if code < 0:
        return f"its process was ended by {signal.Signals(-code).name}"
    return f"it ended its process with exit code {code}"


class _Telling(logging.Handler):
    """Writes down what the host is about to do."""

    def __init__(self, answer: TextIO) -> None:
        super().__init__()
        self._answer = answer

    def emit(self, record: logging.LogRecord) -> None:
        """One line."""
        self._answer.write(json.dumps({"doing": record.getMessage()}) + "\n")
        self._answer.flush()


def main(answer: TextIO) -> None:
    """Loads, and writes down."""
    from rgan_kit.cli import make_app
    from rgan_kit.cli.console import Results
    from rgan_kit.plugins.registry import installed_registry

    telling, log = _Telling(answer), logging.getLogger("rgan_kit.plugins.host")
    log.setLevel(logging.DEBUG)
    log.propagate = False
    log.addHandler(telling)
    for doing in ("starting", "looking for plugins"):  # from the second line on, a stranger's code has its time
        log.debug(doing)
    make_app(Results(False))
    records = [asdict(record) for record in installed_registry().host.records]
    answer.write(json.dumps({"records": records}) + "\n")


if __name__ == "__main__":
    own_process()
    with Path(sys.argv[1]).open("w", encoding="utf-8") as stream:
        main(stream)
        stream.flush()
        os._exit(0)  # what a plugin has left running, or registered for the end, is not waited for
