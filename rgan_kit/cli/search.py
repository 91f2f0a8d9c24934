"""``rgankit search``: the options that train best."""

from __future__ import annotations

import shlex
import shutil
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rgan_kit.cli.console import Results, say
from rgan_kit.cli.extras import TRAIN, need
from rgan_kit.cli.trained import DATA, DEVICE, DOMAIN, RECIPE
from rgan_kit.errors import DeviceError, RganKitError

if TYPE_CHECKING:
    from optuna import Study

SHOWN = 10


def add_to(app: typer.Typer, results: Results) -> None:
    """Adds the command."""

    @app.command()
    def search(
        space: Annotated[Path, typer.Option(help="TOML file: options with ranges, or lists of values.")],
        plugin: Annotated[str | None, RECIPE] = None,
        domain: Annotated[str | None, DOMAIN] = None,
        data: Annotated[Path | None, DATA] = None,
        settings: Annotated[
            list[str] | None, typer.Option("--set", help="An option of all trials, as key=value. Repeat it.")
        ] = None,
        config: Annotated[Path | None, typer.Option(help="TOML file, such as a run's config.toml.")] = None,
        steps: Annotated[int | None, typer.Option(help="Steps of each training (train.steps).")] = None,
        seed: Annotated[int | None, typer.Option(help="Of every training, and of what is chosen.")] = None,
        device: Annotated[str | None, DEVICE] = None,
        trials: Annotated[int, typer.Option(min=1, help="Trainings in all.")] = 20,
        figure: Annotated[
            str, typer.Option(help="To be made small; heldout_nll where there is a likelihood, else of the samples.")
        ] = "",
        run: Annotated[
            Path, typer.Option(help="Folder of the search; the same command goes on with what is there.")
        ] = Path("runs/search"),
        json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    ) -> None:
        """Train with options chosen from a space, and say which were best."""
        need("search", TRAIN)
        if find_spec("optuna") is None:
            raise DeviceError(
                "`rgankit search` needs optuna, which this environment does not have.",
                'Install it with: pip install "rgan-kit[search]"',
            )
        from rgan_kit.cli.study import Search, open_study, run_trials
        from rgan_kit.config import Request
        from rgan_kit.config.space import read_space
        from rgan_kit.plugins.registry import default_registry

        request = Request(plugin, domain, data, tuple(settings or ()), config, steps, seed, device)
        wanted = Search(request, read_space(space), figure, run, default_registry(), _line)
        wanted.check()  # before there is a folder
        study = open_study(wanted)
        run_trials(study, wanted, trials)
        _show(study, run, results)


def _line(text: str) -> None:
    say(f"{text}\n")


def _show(study: Study, folder: Path, results: Results) -> None:
    """The table, the best configuration, and the command that trains it.

    Raises:
        RganKitError: no trial came to its end.
    """
    from optuna.trial import TrialState

    done = sorted(study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)), key=lambda trial: trial.value or 0.0)
    if not done:
        raise RganKitError("No trial came to its end.", "What was wrong stands above.")
    best, target = done[0], folder / "best.toml"
    shutil.copyfile(Path(best.user_attrs["run"]) / "config.toml", target)
    following = ["rgankit", "train", "--config", str(target)]
    if results.as_json:
        rows = [
            {"trial": each.number, "state": each.state.name.lower(), "value": each.value, "options": each.params,
             "run": each.user_attrs.get("run")}
            for each in study.get_trials(deepcopy=False)
        ]  # fmt: skip
        document = {"best": best.number, "value": best.value, "options": best.params, "trials": rows}
        results.document({**document, "config": str(target), "next": following})
        return
    for line in _table(done[:SHOWN]):
        results.line(line)
    left = len(study.trials) - len(done)
    results.line(f"\n{len(done)} trials came to their end, {left} did not (behind the others, failed, or stopped).")
    results.line(f"best: trial {best.number}, {best.user_attrs['run']}; its configuration: {target}")
    results.line(f"\nnext: {shlex.join(following)}")


def _table(trials: list[Any]) -> list[str]:
    from rgan_kit.evaluation.report import aligned

    options = list(trials[0].params)
    rows = [["trial", "figure", *options]]
    for each in trials:
        chosen = (each.params[option] for option in options)
        rows.append(
            [str(each.number), f"{each.value:.4g}", *(f"{v:.4g}" if isinstance(v, float) else str(v) for v in chosen)]
        )
    return aligned(rows)
