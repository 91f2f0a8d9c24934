"""``rgankit report``, ``rgankit runs`` and ``rgankit compare``: looking at trainings."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rgan_kit.cli.console import Results, finite, say
from rgan_kit.errors import UsageError

if TYPE_CHECKING:
    from rgan_kit.reports.comparing import Group
    from rgan_kit.reports.runs import Run

RUNS = Path("runs")


def add_to(app: typer.Typer, results: Results) -> None:
    """Adds the commands."""

    @app.command()
    def report(
        run: Annotated[list[Path], typer.Argument(help="Run folders; several are shown side by side.")],
        out: Annotated[Path, typer.Option(help="The page to write; an earlier report there is replaced.")] = Path(
            "report.html"
        ),
        json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    ) -> None:
        """Write one HTML page of a training: curves, samples over time, real beside generated ones, warnings."""
        from rgan_kit.reports.page import MOST_RUNS, page
        from rgan_kit.storage import write_whole

        if len(run) > MOST_RUNS:
            raise UsageError(f"{len(run)} runs are too many for one page; at most {MOST_RUNS} fit.")
        refuse_another(out)
        runs = _read(run)
        content = page(runs).encode("utf-8", "backslashreplace")
        write_whole(out, content)
        if results.as_json:
            results.document({"report": str(out), "runs": [str(each) for each in run], "bytes": len(content)})
            return
        results.line(f"{out}: {_counted(len(run))}, {len(content) / 2**20:.1f} MiB; open it in a browser")

    @app.command()
    def runs(
        folder: Annotated[Path | None, typer.Argument(help="Where to look; ./runs if not given.")] = None,
        json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    ) -> None:
        """List runs: recipe, data, steps, state, and what came of them."""
        _list(folder, results)

    @app.command()
    def compare(
        run: Annotated[list[Path], typer.Argument(help="Run folders; those that differ in their seeds alone are one.")],
        json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    ) -> None:
        """Put the figures of runs into one table, with differences from the first in standard errors."""
        from rgan_kit.reports.comparing import grouped, other_data

        found = _read(run, samples=False)
        groups, other = grouped(found), other_data(found)
        if other:
            say(f"warning: {other}\n")
        if results.as_json:
            results.document(finite(_document(groups)))
        else:
            _print(groups, results)


def _read(folders: list[Path], *, samples: bool = True) -> list[Run]:
    from rgan_kit.reports.runs import read_run

    seen: dict[Path, Path] = {}
    for folder in folders:
        if folder.resolve() in seen:
            raise UsageError(f"{folder} is named twice.", "Name each run once.")
        seen[folder.resolve()] = folder
    return [read_run(folder, samples=samples) for folder in folders]


def refuse_another(out: Path, option: str = "--out") -> None:
    """Keeps a file that is no report from being replaced."""
    from rgan_kit.reports.shell import MARK

    if not out.exists():
        return
    if not out.is_file():
        raise UsageError(f"{out} is no file.", f"Name a file: {option} report.html")
    with out.open("rb") as file:
        if file.read(len(MARK)) != MARK.encode():
            raise UsageError(f"{out} exists and is no report of rgankit.", f"Choose another {option}.")


def _counted(count: int) -> str:
    return "1 run" if count == 1 else f"{count} runs"


def _list(folder: Path | None, results: Results) -> None:
    from rgan_kit.errors import DataError
    from rgan_kit.reports.finding import runs_in
    from rgan_kit.reports.runs import read_run

    if folder is None and not RUNS.exists():
        paths: list[Path] = []
    else:
        paths = runs_in(folder or RUNS)
    rows: list[tuple[Path, Run | None, str]] = []
    for path in paths:
        try:
            rows.append((path, read_run(path, samples=False), ""))
        except DataError as error:
            rows.append((path, None, error.problem))
    if results.as_json:
        results.document(finite({"runs": [_listed(*row) for row in rows]}))
        return
    for line in _lines(rows):
        results.line(line)
    if not rows:
        results.line(f"no runs in {folder or RUNS}; begin one with: rgankit train --plugin lstm-lm")


def _listed(path: Path, run: Run | None, problem: str) -> dict[str, Any]:
    if run is None:
        return {"run": str(path), "state": "damaged", "problem": problem}
    return {
        "run": str(path),
        "recipe": run.recipe,
        "data": run.data,
        "seed": run.config.get("seed"),
        "step": run.step,
        "steps": run.steps,
        "state": run.state,
        "kept_step": run.kept[0] if run.kept else None,
        "figures": run.figures,
        "warnings": [text for _, text in run.warnings],
        "seconds": run.seconds,
    }


def _lines(rows: list[tuple[Path, Run | None, str]]) -> list[str]:
    from rgan_kit.reports.figures import headline, shown
    from rgan_kit.reports.texts import aligned

    cells = [["run", "recipe", "data", "steps", "state", "figures"]]
    for path, run, problem in rows:
        if run is None:
            cells.append([str(path), "", "", "", "damaged", problem])
            continue
        names = headline(run.figures)
        said = [f"{shown(name).title} {shown(name).text(run.figures[name])}" for name in names]
        warned = [f"{len(run.warnings)} warnings"] if run.warnings else []
        steps = f"{run.step:,}/{run.steps:,}" if run.step < run.steps else f"{run.step:,}"
        cells.append([str(path), run.recipe, run.data, steps, run.state, ", ".join([*said, *warned])])
    return aligned(cells, left=True) if rows else []


def _document(groups: list[Group]) -> dict[str, Any]:
    from rgan_kit.reports.comparing import compared, differing

    first = groups[0]
    documents = []
    for group in groups:
        figures = {}
        for name in compared(groups):
            if name in group.values:
                value, (apart, errors) = group.values[name], group.difference(first, name)
                own = {"mean": value.mean, "standard_error": value.error, "runs": value.runs}
                own |= {"real": group.real[name]} if name in group.real else {}
                own |= {} if group is first else {"difference": apart, "standard_errors": errors}
                figures[name] = own
        documents.append({"name": group.name, "runs": [str(run.folder) for run in group.runs], "figures": figures})
    return {"groups": documents, "differing": differing([run for group in groups for run in group.runs])}


def _print(groups: list[Group], results: Results) -> None:
    from rgan_kit.reports.comparing import compared, differing
    from rgan_kit.reports.figures import shown
    from rgan_kit.reports.summary import difference_text, value_text
    from rgan_kit.reports.texts import aligned

    first = groups[0]
    cells = [
        ["", *(text for group in groups for text in ([group.name] if group is first else [group.name, "difference"]))]
    ]
    real = any(group.real for group in groups)
    cells[0] += ["real data"] if real else []
    for name in compared(groups):
        row = [shown(name).title]
        for group in groups:
            row.append(value_text(group, name))
            row += [] if group is first else [difference_text(group, first, name)]
        if real:
            known = next((group.real[name] for group in groups if name in group.real), math.nan)
            row.append(shown(name).text(known))
        cells.append(row)
    for line in aligned(cells):
        results.line(line)
    options = differing([run for group in groups for run in group.runs])
    if options:
        results.line()
        for line in aligned([["differing", *(run.name for group in groups for run in group.runs)],
                             *([name, *values] for name, values in options.items())]):  # fmt: skip
            results.line(line)
