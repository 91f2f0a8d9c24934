"""A run as its folder tells it: configuration, figures by step, samples of several moments, warnings, how it ended."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from rgan_kit.errors import DataError
from rgan_kit.reports import moments, reading
from rgan_kit.reports.figures import DENSITY, NATS
from rgan_kit.reports.moments import Moment, Real, moment_of, real_of

MOST_CURVES: Final = 1000
"""Names of figures that are read of a run."""

MOST_POINTS: Final = 5_000_000
_LONGEST_NAME: Final = 200
_MOST_WARNINGS: Final = 200

Curve = tuple[list[int], list[float]]
"""Steps and values."""


@dataclass
class Run:
    """A run that was read.

    Attributes:
        folder: of the run.
        config: its ``config.toml``.
        kind: of the data: tokens, series or frames; empty where ``data.json`` does not say.
        summary: of the data, in words.
        curves: figures by name, those of evaluations under ``evaluation/…``.
        stages: where each began: steps with names.
        moments: samples, by step.
        real: held-out data beside them; None in runs of earlier releases.
        warnings: steps with what was said.
        ends: how each session of the training ended: steps with ``began``, ``done``, ``interrupted`` or ``failed``.
        evaluations: moments (the start, the end of each stage) with their figures.
        kept: step and figures of the weights that are exported; None where the newest are.
        seconds: of training; nan where unknown.
        fingerprint: SHA-256 of the data; empty where it is not said.
        computed: on what, as far as the run says.
        notes: what could not be read, and how much.
    """

    folder: Path
    config: Mapping[str, Any]
    kind: str = ""
    summary: Mapping[str, str] = field(default_factory=dict)
    curves: dict[str, Curve] = field(default_factory=dict)
    stages: list[tuple[int, str]] = field(default_factory=list)
    moments: dict[int, Moment] = field(default_factory=dict)
    real: Real | None = None
    warnings: list[tuple[int, str]] = field(default_factory=list)
    ends: list[tuple[int, str, float]] = field(default_factory=list)
    evaluations: list[tuple[str, dict[str, float]]] = field(default_factory=list)
    kept: tuple[int, dict[str, float]] | None = None
    seconds: float = math.nan
    fingerprint: str = ""
    computed: Mapping[str, Any] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The last part of its folder."""
        return self.folder.resolve().name

    @property
    def recipe(self) -> str:
        """What it trains."""
        return _word(self.config.get("recipe"), "?")

    @property
    def data(self) -> str:
        """Domain, and the path where it is the user's own data."""
        domain = self.config.get("domain")
        name = _word(domain.get("name") if isinstance(domain, Mapping) else domain, "?")
        path = _word(self.config.get("data"), "")
        return f"{name}: {path}" if path else name

    @property
    def steps(self) -> int:
        """Of the whole training, as configured; 0 where it does not say."""
        train = self.config.get("train")
        steps = train.get("steps") if isinstance(train, Mapping) else None
        return steps if type(steps) is int and steps > 0 else 0

    @property
    def step(self) -> int:
        """Steps done, as far as the figures say."""
        newest = [steps[-1] for steps, _ in self.curves.values() if steps]
        return max([*newest, *(step for step, _, _ in self.ends)], default=0)

    @property
    def state(self) -> str:
        """``finished``, ``interrupted`` (saved, can go on), ``failed``, or ``training``, by another process."""
        last = self.ends[-1][1] if self.ends else ""
        if last in ("interrupted", "failed"):
            return last
        if last == "done" or (not last and self.steps and self.step >= self.steps):
            return "finished"
        return "training" if _is_locked(self.folder) else "interrupted"

    @property
    def figures(self) -> dict[str, float]:
        """Those of the weights that are exported, else of the newest evaluation."""
        if self.kept is not None:
            return self.kept[1]
        names = {name: name.removeprefix("evaluation/") for name in self.curves if name.startswith("evaluation/")}
        newest = max((self.curves[name][0][-1] for name in names), default=0)
        return {short: self.curves[name][1][-1] for name, short in names.items() if self.curves[name][0][-1] == newest}


def read_run(folder: Path, *, samples: bool = True) -> Run:
    """A run folder as it is, whoever wrote it.

    Args:
        folder: of the run.
        samples: whether to read samples too, which listing and comparing do without.

    Raises:
        DataError: it is no run, or its files cannot be read; says which and why.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: there is no such folder.", "rgankit runs lists what lies in ./runs.")
    if not (folder / "config.toml").is_file():
        raise DataError(f"{folder}: this is no run: it has no config.toml.", "rgankit runs FOLDER lists runs.")
    run = Run(folder, reading.toml_document(folder / "config.toml"))
    _read_data(run)
    _read_metrics(run)
    _read_history(run, samples)
    _read_state(run)
    _name_densities(run)
    return run


def _read_data(run: Run) -> None:
    try:
        document = reading.json_document(run.folder / "data.json")
    except DataError as error:
        run.notes.append(error.problem)
        return
    run.kind = kind if (kind := document.get("kind")) in ("tokens", "series", "frames") else ""
    run.fingerprint = _word(document.get("fingerprint"), "")
    summary = document.get("summary")
    if isinstance(summary, dict):
        run.summary = {str(name)[:_LONGEST_NAME]: str(text)[:2000] for name, text in list(summary.items())[:50]}


def _read_metrics(run: Run) -> None:
    lines = reading.Lines(run.folder / "metrics.jsonl")
    points, left_out = 0, set()
    for line in lines:
        step = line["step"]
        stage = line.get("stage")
        if isinstance(stage, str) and (not run.stages or run.stages[-1][1] != stage):
            run.stages.append((step, stage[:_LONGEST_NAME]))
        for name, value in line.items():
            if name in ("step", "stage") or (number := moments.number(value)) is None:
                continue
            if len(name) > _LONGEST_NAME or (name not in run.curves and len(run.curves) >= MOST_CURVES):
                left_out.add(name[:_LONGEST_NAME])
                continue
            steps, values = run.curves.setdefault(name, ([], []))
            if points >= MOST_POINTS or (steps and step < steps[-1]):
                left_out.add(name)
                continue
            steps.append(step)
            values.append(number)
            points += 1
    _note_broken(run, lines)
    if left_out:
        run.notes.append(
            f"metrics.jsonl: not all of {len(left_out):,} figures is shown ({', '.join(sorted(left_out)[:3])})"
        )


def _read_history(run: Run, samples: bool) -> None:
    lines = reading.Lines(run.folder / "history.jsonl")
    for line in lines:
        step = line["step"]
        if isinstance(warning := line.get("warning"), str) and len(run.warnings) < _MOST_WARNINGS:
            run.warnings.append((step, warning[:2000]))
        if (status := line.get("status")) in ("began", "done", "interrupted", "failed"):
            at = moments.number(line.get("time"))
            run.ends.append((step, status, math.nan if at is None else at))
        if samples and (moment := moment_of(line.get("samples"))) is not None:
            run.moments[step] = moment
        if (real := real_of(line.get("real"))) is not None:
            run.real = real
    _note_broken(run, lines)


def _note_broken(run: Run, lines: reading.Lines) -> None:
    if lines.broken:
        run.notes.append(f"{lines.path.name}: {lines.broken:,} broken lines left out")


def _read_state(run: Run) -> None:
    """Evaluations and the weights that are kept, as the newest checkpoint says."""
    if not reading.is_inside(run.folder, "checkpoints"):
        return
    newest = [folder for folder in reading.folders(run.folder / "checkpoints") if folder.name.startswith("step-")]
    if not newest:
        return
    try:
        state = reading.json_document(newest[-1] / "state.json")
    except DataError as error:
        run.notes.append(error.problem)
        return
    seconds = moments.number(state.get("seconds"))
    run.seconds = math.nan if seconds is None else seconds
    if isinstance(computed := state.get("computed"), dict):
        run.computed = {str(name)[:50]: str(value)[:200] for name, value in list(computed.items())[:20]}
    rows = state.get("evaluations")
    for row in rows[:100] if isinstance(rows, list) else []:
        if isinstance(row, dict) and isinstance(row.get("moment"), str):
            run.evaluations.append((row["moment"][:_LONGEST_NAME], numbers(row.get("figures"))))
    best = state.get("best")
    if isinstance(best, dict) and type(best.get("step")) is int:
        run.kept = (best["step"], numbers(best.get("figures")))


def _name_densities(run: Run) -> None:
    """Held-out nats of a density have a name of their own, so that they never stand beside those of probabilities."""
    said = run.real.density if run.real is not None else None
    if not (run.kind in ("series", "frames") if said is None else said):
        return
    for figures in [*(figures for _, figures in run.evaluations), *([run.kept[1]] if run.kept else [])]:
        if NATS in figures:
            figures[DENSITY] = figures.pop(NATS)
    if (curve := run.curves.pop(f"evaluation/{NATS}", None)) is not None:
        run.curves[f"evaluation/{DENSITY}"] = curve


def numbers(document: object) -> dict[str, float]:
    """The finite numbers of a JSON object by name."""
    if not isinstance(document, dict):
        return {}
    found = {name[:_LONGEST_NAME]: value for name, value in list(document.items())[:MOST_CURVES]}
    return {name: number for name, value in found.items() if (number := moments.number(value)) is not None}


def _word(value: object, otherwise: str) -> str:
    return value[:_LONGEST_NAME] if isinstance(value, str) and value else otherwise


def _is_locked(folder: Path) -> bool:
    """Whether another process trains it (see ``rgan_kit.storage.locked``)."""
    from rgan_kit.errors import UsageError
    from rgan_kit.storage import locked

    try:
        with locked(folder):
            return False
    except UsageError:
        return True
    except OSError:
        return False
