"""``rgankit plugins new`` and ``check``: a plugin from a template, and all checks of one."""

from __future__ import annotations

import keyword
import math
import re
import sys
from collections import Counter
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from rgan_kit.cli.completion import complete_name
from rgan_kit.cli.console import Results, say
from rgan_kit.cli.extras import EXPORT, TRAIN
from rgan_kit.errors import DeviceError, ExitCode, PluginError, UsageError

if TYPE_CHECKING:
    from rgan_kit.testing.checking import Finding

Kind = Literal["generator", "discriminator", "encoder", "objective", "domain", "metric", "recipe", "logger"]

TEMPLATE: Final = Path(__file__).parent.parent / "plugin_template"
_NAME: Final = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_LONGEST_NAME: Final = 40
_PREFIX: Final = "rgankit-"
_TAKEN: Final = {
    "test",
    "tests",
    "conftest",
    "train",
    "rgankit",
    "rgan-kit",
    "rgan-kit-plugins",
    *sys.stdlib_module_names,
}
_MARKS: Final = {"passed": "passed", "failed": "FAILED", "not tried": "?", "not applicable": "-"}
_LIMIT: Final = 300.0
"""Seconds for one check; those that train and export take up to half a minute on a slow machine."""


def add_to(app: typer.Typer, results: Results) -> None:
    """Adds the commands."""

    @app.command("new")
    def new(
        name: Annotated[str, typer.Argument(help="Of the package: lower case, words joined by `-`: rgankit-waves.")],
        kind: Annotated[Kind, typer.Option(help="What the plugin adds.")],
        out: Annotated[Path, typer.Option(help="Where the package's folder is made.")] = Path(),
        json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    ) -> None:
        """Write a small plugin that works, with tests, ready to be changed and published."""
        folder, part = make(name, kind, out)
        following = [f"pip install -e {folder}", f"rgankit plugins check {part}", *_trying(part, kind)]
        if results.as_json:
            files = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
            results.document({"folder": str(folder), "part": part, "files": files, "next": following})
            return
        results.line(f"{folder}: the {kind} {part}")
        for line in following:
            results.line(f"next: {line}")

    @app.command("check")
    def check(
        plugin: Annotated[
            str,
            typer.Argument(
                metavar="NAME|PATH",
                help="An installed plugin, by its name or a part's, or a plugin's folder.",
                autocompletion=complete_name,
            ),
        ],
        quick: Annotated[bool, typer.Option("--quick", help="Leave out what exports graphs.")] = False,
        timeout: Annotated[
            float,
            typer.Option(min=1, help="Seconds that one check may take, so that a loop without end is found."),
        ] = _LIMIT,
        json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    ) -> None:
        """Run every check of a plugin and say which passed; exit code 3 where one failed, 6 where one could not
        be tried for want of a library."""
        _need(quick)
        if not math.isfinite(timeout):
            raise UsageError(f"--timeout {timeout:g}: this is no number of seconds.", "For example: --timeout 600")
        findings = _check(plugin, quick, timeout)
        failed = sum(finding.outcome == "failed" for finding in findings)
        if results.as_json:
            results.document({"plugin": plugin, "failed": failed, "checks": [vars(each) for each in findings]})
        else:
            _print(findings, results)
        if failed:
            raise typer.Exit(ExitCode.PLUGIN)
        if any(finding.outcome == "not tried" for finding in findings):
            raise typer.Exit(ExitCode.DEVICE)


def make(name: str, kind: Kind, out: Path) -> tuple[Path, str]:
    """Writes a package into ``out/name``; returns its folder and what its part is called.

    Raises:
        UsageError: the name cannot be one, or is taken; the folder is there.
        DeviceError: copier is not installed.
    """
    part = name.removeprefix(_PREFIX)
    module = name.replace("-", "_")
    _check_name(name, part, kind)
    folder = out / name
    if folder.exists() or folder.is_symlink():
        raise UsageError(f"{folder}: this is there already.", "Choose another name, or another place with --out.")
    if find_spec("copier") is None:
        raise DeviceError(
            "`rgankit plugins new` needs copier, which this environment does not have.",
            'Install it with: pip install "rgan-kit[author]"',
        )
    from copier import run_copy

    from rgan_kit import __version__

    title = "".join(word.capitalize() for word in part.split("-"))
    answers = {"name": name, "module": module, "part": part, "title": title, "kind": kind, "version": __version__}
    folder.parent.mkdir(parents=True, exist_ok=True)
    run_copy(str(TEMPLATE), folder, data=answers, defaults=True, quiet=True)
    return folder, part


def _check_name(name: str, part: str, kind: Kind) -> None:
    if not (_NAME.fullmatch(name) and _NAME.fullmatch(part)) or len(name) > _LONGEST_NAME:
        raise UsageError(
            f"'{name}' cannot be the name of a package.",
            f"Write up to {_LONGEST_NAME} lower-case letters and digits, words joined by `-`, a letter first: "
            f"{_PREFIX}waves",
        )
    if name in _TAKEN or part in _TAKEN or name.replace("-", "_") in _TAKEN or keyword.iskeyword(name):
        raise UsageError(f"'{name}' is a name that Python or rgan-kit needs.", f"Try: {_PREFIX}my-{part}")
    from rgan_kit.plugins.registry import COLLECTIONS, installed_registry

    registry = installed_registry()
    for record in registry.host.records:
        if record.name == part:
            raise UsageError(f"There is a plugin called {part} already: {record.qualified}.", "Choose another name.")
    for collection in {kind, "recipe"} & COLLECTIONS.keys():
        for offer in registry.offers(COLLECTIONS[collection]):
            if offer.spec.name == part:
                raise UsageError(
                    f"There is a {collection} called {part} already: {offer.qualified}.",
                    "Choose another name, so that both can be named in short.",
                )


def _trying(part: str, kind: Kind) -> list[str]:
    if kind == "domain":
        return [f"rgankit train --plugin gru-lm --domain {part}"]
    if kind == "metric":
        return ["rgankit train --plugin gru-gan --domain series"]
    if kind == "logger":
        return [f"rgankit train --plugin gru-lm --set train.loggers={part}"]
    return [f"rgankit train --plugin {part}"]


def _need(quick: bool) -> None:
    missing = [module for module in ("pytest", *(TRAIN if quick else EXPORT)) if find_spec(module) is None]
    if missing:
        raise DeviceError(
            f"`rgankit plugins check` needs {', '.join(missing)}, which this environment does not have.",
            'Install it with: pip install "rgan-kit[author,train,cpu]" (gpu instead of cpu for CUDA)',
        )


def _check(plugin: str, quick: bool, limit: float) -> list[Finding]:
    from rgan_kit.testing.checking import Folder, check_folder, check_installed

    path = Path(plugin).expanduser()
    if (path / "pyproject.toml").is_file() or path.name != plugin:
        folder = Folder.read(path.parent if path.name == "pyproject.toml" else path)
        say(f"checking {folder.name} in {folder.path}; this takes a while\n")
        return check_folder(folder, quick=quick, limit=limit)
    names = _installed(plugin)
    say(f"checking {', '.join(names)}; this takes a while\n")
    return check_installed(names, quick=quick, limit=limit)


def _installed(name: str) -> list[str]:
    """Qualified names of the plugins that a user means: by a plugin's own name, its distribution's, or a part's."""
    from rgan_kit.config import nearest
    from rgan_kit.plugins.records import Status
    from rgan_kit.plugins.registry import installed_registry

    records = installed_registry().host.records
    found = [record for record in records if name in record.names]
    found = found or [record for record in records if any(name in names for names in record.offers.values())]
    if not found:
        known = {word for record in records for word in (record.name, record.distribution)}
        raise UsageError(f"No plugin is called '{name}', and there is no such folder.", nearest(name, known))
    blocked = [record.qualified for record in found if record.status is Status.BLOCKED]
    if blocked:
        raise PluginError(f"{', '.join(blocked)}: {found[0].problem}.", "Let it in, and try again.")
    return [record.qualified for record in found]


def _print(findings: list[Finding], results: Results) -> None:
    last = ""
    for finding in findings:
        if finding.subject != last:
            last = finding.subject
            results.line(f"{last}:")
        cases = f"  ({', '.join(finding.cases)})" if finding.cases else ""
        reason = f"  ({finding.seen})" if finding.outcome in ("not applicable", "not tried") else ""
        results.line(f"  {_MARKS[finding.outcome]:<7} {finding.check}{cases}{reason}")
        if finding.outcome == "failed":
            for line in (finding.why, *finding.seen.splitlines()):
                results.line(f"            {line}")
    count = Counter(finding.outcome for finding in findings)
    tried = ", ".join(f"{count[outcome]} {outcome}" for outcome in ("failed", "not tried") if count[outcome])
    total = len(findings) - count["not applicable"]
    results.line(f"{count['passed']} of {total} checks passed" + (f", {tried}" if tried else ""))
