"""The command line: parse, call, print. Everything heavy is imported inside the command that needs it."""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import os
import sys
from typing import Any, Final

import typer

from rgan_kit.cli import console
from rgan_kit.errors import ExitCode, RganKitError
from rgan_kit.plugins import contain

logger = logging.getLogger(__name__)

BUILT_IN: Final = (
    "train",
    "search",
    "export",
    "sample",
    "encode",
    "reconstruct",
    "interpolate",
    "detect",
    "evaluate",
    "benchmark",
    "inspect",
    "demo",
    "runs",
    "compare",
    "report",
    "doctor",
    "data",
    "plugins",
)


def make_app(results: console.Results, plugins_too: bool = True) -> typer.Typer:
    """All commands, and those of plugins unless these are not to be loaded."""
    from rgan_kit.cli import (
        benchmark,
        data,
        demo,
        detect,
        doctor,
        evaluate,
        export,
        inspect,
        latent,
        plugins,
        report,
        sample,
        search,
        train,
    )

    app = typer.Typer(
        name="rgankit",
        help="Train recurrent generative models on your own sequences and run them anywhere from one .onnx file.",
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        add_completion=True,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback(invoke_without_command=True)(_version)
    for command in (train, search, export, sample, evaluate, latent, detect, benchmark, inspect, demo, report, doctor):
        command.add_to(app, results)
    app.add_typer(data.make_app(results), name="data")
    app.add_typer(plugins.make_app(results), name="plugins")
    if plugins_too:
        _add_plugin_commands(app)
    return app


def _version(version: bool = typer.Option(False, "--version", help="Print the version and stop.")) -> None:
    if version:
        from rgan_kit import __version__

        typer.echo(__version__)
        raise typer.Exit


def _add_plugin_commands(app: typer.Typer) -> None:
    from rgan_kit.plugins.contain import contained, describe
    from rgan_kit.plugins.host import installed_host
    from rgan_kit.plugins.records import Status

    taken = dict.fromkeys(BUILT_IN, "rgankit itself")
    for record, plugin_app in installed_host().collect("rgankit_commands"):
        name: str | None = ""
        try:
            with contained():
                name = getattr(getattr(plugin_app, "info", None), "name", None)
                if not isinstance(plugin_app, typer.Typer) or not isinstance(name, str):
                    raise TypeError(f"wanted is one with a name, not {type(plugin_app).__name__}")
                typer.main.get_command(plugin_app)  # else every command of rgankit would meet what is wrong with it
        except Exception as error:
            record.status = Status.BROKEN
            record.add_problem(f"rgankit_commands: {name or 'something'} is no usable Typer app: {describe(error)}")
            continue
        called = name if name not in taken else f"{record.distribution}:{name}"
        if called != name:
            record.status = Status.CONFLICTING if record.status is Status.LOADED else record.status
            record.add_problem(f"command {name} is that of {taken[name]}; call this one {called}")
        if called not in taken:
            taken[called] = record.qualified
            app.add_typer(plugin_app, name=called)


def main() -> None:
    """The program ``rgankit``."""
    console.prepare_streams()
    debug = os.environ.get("RGANKIT_DEBUG") == "1"
    logging.basicConfig(
        level=logging.DEBUG if debug else logging.WARNING, format="%(levelname)s: %(message)s", stream=sys.stderr
    )
    logging.getLogger("rgan_kit").setLevel(logging.DEBUG if debug else logging.INFO)
    contain.own_process()
    if debug:
        faulthandler.enable()  # says in which plugin C code ends the process
    as_json = _asks_for_json(sys.argv[1:])
    results = console.Results(as_json, console.take_stdout() if as_json else None)
    code = run(results)
    results.let_go()
    for stream in (sys.stdout, sys.stderr):
        console.let_go(stream)
    sys.exit(code)


def _asks_for_json(words: list[str]) -> bool:
    """Whether the command is one of ours and is to print JSON; what a plugin's command makes of ``--json`` is its own
    affair."""
    return "--json" in words and _command(words) in BUILT_IN


def _command(words: list[str]) -> str:
    return next((word for word in words if not word.startswith("-")), "")


def run(results: console.Results) -> int:
    """Runs the command of ``sys.argv`` and returns its exit code."""
    from rgan_kit.cli.failures import ending_of

    command = _command(sys.argv[1:])
    try:
        _invoke(typer.main.get_command(make_app(results, plugins_too=command != "doctor")))
        results.flush()
    except BaseException as error:
        if not isinstance(error, RganKitError | SystemExit | typer.Exit):
            logger.debug("unexpected", exc_info=True)
        ending = ending_of(error, command in BUILT_IN)
    else:
        return ExitCode.DONE
    console.say(ending.said)
    if ending.code and results.as_json and not results.has_document:
        with contextlib.suppress(OSError):  # stdout may be what failed
            results.document({"error": {"problem": ending.problem, "hint": ending.hint, "exit_code": ending.code}})
    return ending.code


def _invoke(command: Any) -> None:
    """Runs a command without Typer's own ending, which answers Ctrl-C and closed pipes as it likes."""
    if os.environ.get("_RGANKIT_COMPLETE"):  # the shell asks for completions
        command(prog_name="rgankit")
    with command.make_context("rgankit", sys.argv[1:]) as context:
        command.invoke(context)
