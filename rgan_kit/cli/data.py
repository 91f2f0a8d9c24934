"""``rgankit data check`` and ``make``: what a domain sees in one's files, and its embedded data as files. No torch."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rgan_kit.cli.console import Results
from rgan_kit.errors import DataError, RganKitError, UsageError

if TYPE_CHECKING:
    from rgan_kit.config import Selection
    from rgan_kit.plugins.registry import Registry

Settings = Annotated[
    list[str] | None, typer.Option("--set", help="An option of the domain, as domain.key=value. Repeat it.")
]


def make_app(results: Results) -> typer.Typer:
    """The ``data`` commands."""
    app = typer.Typer(help="Look at data before training on it.", no_args_is_help=True, rich_markup_mode=None)
    _add_check(app, results)
    _add_make(app, results)
    return app


def _add_check(app: typer.Typer, results: Results) -> None:
    @app.command("check")
    def check(
        path: Annotated[Path, typer.Argument(help="File or folder, as for train --data.")],
        domain: Annotated[str | None, typer.Option(help="Data domain; guessed from the path where not given.")] = None,
        settings: Settings = None,
        out: Annotated[Path | None, typer.Option(help="Folder for three examples, written back as files.")] = None,
        json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    ) -> None:
        """Show what a domain sees in your data: files, samples, lengths, classes, memory, time, examples."""
        from rgan_kit.cli.data_report import examine
        from rgan_kit.cli.data_words import print_report
        from rgan_kit.config.run import check_there
        from rgan_kit.plugins.registry import default_registry

        registry = default_registry()
        check_there(path)
        refuse_no_folder(out)
        selection = select(domain, path, settings or (), registry)
        report = examine(selection, path, out, registry)
        words = ["--domain", domain] if domain else []
        report["next"] = _train(report["recipes"], path, words, settings or ())
        if results.as_json:
            results.document(report)
        else:
            print_report(report, results)


def _add_make(app: typer.Typer, results: Results) -> None:
    @app.command("make")
    def make(
        domain: Annotated[str, typer.Argument(help="Data domain (see: rgankit plugins list).")],
        out: Annotated[Path, typer.Option(help="Folder to write: a new or an empty one.")],
        seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Same seed, same files.")] = 0,
        settings: Settings = None,
        json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    ) -> None:
        """Write a domain's embedded data, whose truth is known, as the files that a user would bring."""
        from rgan_kit.cli.data_report import fitting
        from rgan_kit.plugins.registry import default_registry

        registry = default_registry()
        selection = select(domain, None, settings or (), registry)
        files = write_embedded(selection, out, seed)
        recipes = fitting(selection.spec.kind_with(selection.options), registry, selection.spec)
        guessed = _guessed(out, registry)
        words = [] if guessed == selection.spec.name else ["--domain", domain]
        following = _train(recipes, out, words, settings or ())
        look = ["rgankit", "data", "check", str(out), *following[following.index(str(out)) + 1 :]]
        if results.as_json:
            results.document({"files": [str(file) for file in files], "check": look, "next": following})
            return
        for file in files:
            results.line(str(file))
        results.line(f"\nlook:  {shlex.join(look)}")
        results.line(f"train: {shlex.join(following)}")


def select(name: str | None, data: Path | None, settings: Sequence[str], registry: Registry) -> Selection:
    """The domain named, or the one that recognises ``data``, with its options.

    Raises:
        UsageError: no such domain or option, or settings of something else than the domain.
    """
    from rgan_kit.config.layers import parse_settings, validate
    from rgan_kit.config.parts import Selection
    from rgan_kit.contracts import DomainSpec

    layers = parse_settings(settings)
    values = layers.pop("domain", {})
    if layers:
        raise UsageError(f"--set {next(iter(layers))}…: only options of the domain mean something here.")
    name = name or values.pop("name", None)
    if name is None:
        assert data is not None
        offer = registry.guess_domain(data)
    else:
        offer = registry.offer(DomainSpec, str(name))
    spec = offer.spec
    assert isinstance(spec, DomainSpec)
    options = validate(spec.options, "domain", values, part=spec.name)
    return Selection(str(name or spec.name), spec, options, offer.plugin.distribution, offer.plugin.version)


def refuse_no_folder(out: Path | None) -> None:
    """Raises ``UsageError`` where ``out`` is something else than a folder."""
    if out is not None and out.exists() and not out.is_dir():
        raise UsageError(f"--out {out}: this is no folder.", "Name a folder; it is made where it does not exist.")


def write_embedded(selection: Selection, out: Path, seed: int) -> list[Path]:
    """Has a domain write its embedded data into a new or empty folder, which is there whole or not at all.

    Raises:
        UsageError: the domain has no embedded data, or the folder holds something.
        RganKitError: it cannot be written.
    """
    from rgan_kit.plugins.blame import blamed
    from rgan_kit.storage import cannot_write

    if selection.spec.make is None:
        raise UsageError(f"The domain {selection.name} has no embedded data to write.", "See: rgankit plugins list")
    refuse_no_folder(out)
    if out.is_dir() and any(out.iterdir()):
        raise UsageError(f"--out {out}: this folder is not empty.", "Name a new or an empty one.")
    target = out.resolve()
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        unfinished.mkdir(parents=True)
        with blamed(f"{selection.distribution}: writing the embedded data of domain {selection.name}"):
            files = selection.spec.make(selection.options, unfinished, seed)
        if target.is_dir():
            target.rmdir()
        unfinished.rename(target)
    except OSError as error:
        raise cannot_write(out, error) from error
    except RganKitError as error:
        if isinstance(error.__cause__, OSError):  # it names the folder that is not there yet
            raise cannot_write(out, error.__cause__) from error
        raise
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return [out / file.relative_to(unfinished) for file in files]


def _guessed(path: Path, registry: Registry) -> str | None:
    try:
        return registry.guess_domain(path).spec.name
    except UsageError:
        return None


def _train(recipes: Sequence[str], path: Path, words: Sequence[str], settings: Sequence[str]) -> list[str]:
    """The command that trains the first recipe that fits."""
    options = [word for setting in settings for word in ("--set", setting)]
    recipe = recipes[0] if recipes else "RECIPE"
    return ["rgankit", "train", "--plugin", recipe, "--data", str(path), *words, *options]


@contextmanager
def advising(data: Path | None) -> Iterator[None]:
    """Adds to what is said of unusable data how to look at it."""
    try:
        yield
    except DataError as error:
        if data is None:
            raise
        look = f"(see: rgankit data check {shlex.quote(str(data))})"
        raise DataError(error.problem, f"{error.hint} {look}".strip()) from error
