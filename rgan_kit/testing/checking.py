"""Checks a plugin against every requirement in a process of its own. Needs pytest there, not here."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from rgan_kit.errors import PluginError, UsageError
from rgan_kit.hookspecs import ENTRY_POINT_GROUP
from rgan_kit.testing.watched import watch

TAIL: Final = 2000
"""Letters of what a process said that are shown where it did not live to answer."""

_WEIGHTS: Final = {"failed": 3, "not tried": 2, "passed": 1, "not applicable": 0}


@dataclass
class Finding:
    """What became of one check.

    Attributes:
        subject: the part, in words: ``generator waves``.
        check: what was tried.
        why: what it is good for.
        outcome: ``passed``, ``failed``, ``not tried`` (the process ended, or a library is missing), ``not applicable``.
        cases: on which data it was broken, where it was tried on several.
        seen: what was seen and how to fix it.
    """

    subject: str
    check: str
    why: str
    outcome: str
    cases: list[str] = field(default_factory=list)
    seen: str = ""


@dataclass(frozen=True)
class Folder:
    """A plugin that is not installed.

    Attributes:
        path: of its ``pyproject.toml``'s folder.
        name, version: of the distribution.
        entries: what the entry points name, by their names.
        requirements: as ``pyproject.toml`` has them.
    """

    path: Path
    name: str
    version: str
    entries: dict[str, str]
    requirements: tuple[str, ...]

    @classmethod
    def read(cls, path: Path) -> Folder:
        """What ``pyproject.toml`` in a folder says.

        Raises:
            UsageError: there is none, or it cannot be read.
            PluginError: it names no plugin.
        """
        file = path / "pyproject.toml"
        try:
            document = tomllib.loads(file.read_text(encoding="utf-8"))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            raise UsageError(f"{file}: cannot be read: {error}", "Name the folder of a plugin.") from error
        project: Any = document.get("project")
        entries = None
        if isinstance(project, dict) and isinstance(project.get("entry-points", {}), dict):
            entries = project.get("entry-points", {}).get(ENTRY_POINT_GROUP)
        if not isinstance(entries, dict) or not entries or not all(isinstance(each, str) for each in entries.values()):
            raise PluginError(
                f"{file}: there is no entry point in the group {ENTRY_POINT_GROUP}.",
                f'Add, for example: [project.entry-points."{ENTRY_POINT_GROUP}"] and below it: mine = "my_module"',
            )
        requirements = tuple(each for each in project.get("dependencies", ()) if isinstance(each, str))
        name, version = str(project.get("name", path.name)), str(project.get("version", "0"))
        return cls(path.absolute(), name, version, dict(entries), requirements)

    def describe(self, site: Path) -> list[str]:
        """Writes into ``site`` what an installer would; returns the places where the modules lie."""
        info = site / f"{self.name.replace('-', '_')}-{self.version}.dist-info"
        info.mkdir()
        lines = [f"Requires-Dist: {each}\n" for each in self.requirements]
        heading = f"Metadata-Version: 2.1\nName: {self.name}\nVersion: {self.version}\n"
        (info / "METADATA").write_text(heading + "".join(lines), encoding="utf-8")
        pairs = [f"{name} = {target}\n" for name, target in self.entries.items()]
        (info / "entry_points.txt").write_text(f"[{ENTRY_POINT_GROUP}]\n{''.join(pairs)}", encoding="utf-8")
        return [str(place) for place in (site, self.path / "src", self.path) if place.is_dir()]


def check_installed(plugins: Iterable[str], *, quick: bool, limit: float) -> list[Finding]:
    """Findings of installed plugins, by their qualified names.

    Args:
        plugins: the names.
        quick: leaves out what exports graphs.
        limit: seconds that one check may take; where one takes longer, it has failed and the rest is not tried.

    Raises:
        PluginError: the process that tries them did not start.
    """
    return _try(sorted(plugins), quick, limit, None)


def check_folder(folder: Folder, *, quick: bool, limit: float) -> list[Finding]:
    """Findings of a plugin that is not installed; otherwise as ``check_installed``."""
    return _try([f"{folder.name}:{name}" for name in folder.entries], quick, limit, folder)


def _try(plugins: Sequence[str], quick: bool, limit: float, source: Folder | None) -> list[Finding]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
        folder = Path(temporary)
        request, answer, talk, site = (folder / name for name in ("request.json", "answer.jsonl", "talk.txt", "site"))
        site.mkdir()
        places = source.describe(site) if source is not None else []
        request.write_text(json.dumps({"plugins": list(plugins), "quick": quick}), encoding="utf-8")
        words = [sys.executable, "-P", "-m", "rgan_kit.testing.trial", str(request), str(answer)]
        code = watch(words, _environment(places), answer, talk, limit)
        lines = answer.read_text(encoding="utf-8").splitlines(keepends=True) if answer.exists() else []
        said = [json.loads(line) for line in lines if line.endswith("\n")]  # the last one may be cut
        last_words = talk.read_text(encoding="utf-8", errors="replace")[-TAIL:].strip()
        return _findings(said, _end(code, limit), last_words)


def _end(code: int | None, limit: float) -> str:
    """What to say of a process that did not come to its end."""
    if code is not None:
        return f"the process ended with {code} while this was tried; other plugins live in it, so nothing may end it"
    return (
        f"not finished in {limit:g} s: look for what loops or waits; "
        f"where it is only slow, give it more time, for example with --timeout {2 * limit:g}"
    )


def _environment(places: Sequence[str]) -> dict[str, str]:
    environment = {name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"}
    paths = [*places, *filter(None, [environment.get("PYTHONPATH", "")])]
    return {
        **environment,
        "PYTHONPATH": os.pathsep.join(paths),
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # other people's pytest plugins have no say here
        "PYTHONDONTWRITEBYTECODE": "1",
        "OMP_NUM_THREADS": "1",  # parts are tried small, and one thread gives the same bits everywhere
        "RGANKIT_STRICT": "0",
    }


def _findings(said: Sequence[dict[str, Any]], end: str, talk: str) -> list[Finding]:
    findings: dict[tuple[str, str], Finding] = {}
    for line in said:
        if line["event"] == "tried":
            _add(findings, line)
    last = said[-1] if said else {"event": "starting"}
    if last["event"] == "starting" or last.get("code", 0) not in (0, 1):
        raise PluginError(f"The plugin could not be checked: {talk}")
    if last["event"] != "done":
        for line in _left(said, "\n".join(filter(None, (end, talk)))):
            _add(findings, line)
    return list(findings.values())


def _left(said: Sequence[dict[str, Any]], end: str) -> list[dict[str, Any]]:
    """What a process that did not come to its end was at, which has failed, and what it did not come to."""
    cases = [case for line in said if line["event"] == "collected" for case in line["cases"]]
    if not cases:
        why = "Every rgankit command loads every plugin."
        return [{"subject": "plugin", "check": "it loads", "why": why, "case": "", "outcome": "failed", "seen": end}]
    tried = {line["node"] for line in said if line["event"] == "tried"}
    at = next((line["node"] for line in reversed(said) if line["event"] == "trying"), cases[0]["node"])
    reason = "the process was ended before"
    return [
        case | ({"outcome": "failed", "seen": end} if case["node"] == at else {"outcome": "not tried", "seen": reason})
        for case in cases
        if case["node"] == at or case["node"] not in tried
    ]


def _add(findings: dict[tuple[str, str], Finding], line: dict[str, Any]) -> None:
    """One case of a check: a failed one outweighs those that were not tried, these the passed ones, and a passed one
    those that do not apply."""
    key = line["subject"], line["check"]
    found = findings.setdefault(key, Finding(*key, line["why"], line["outcome"], [], line["seen"]))
    if _WEIGHTS[line["outcome"]] > _WEIGHTS[found.outcome]:
        found.outcome, found.seen = line["outcome"], line["seen"]
    if line["outcome"] == "failed" and line["case"]:
        found.cases.append(line["case"])
