"""The command line: parse, call, print. Everything heavy is imported inside the command that needs it."""

from __future__ import annotations

import logging
import os
import sys

import typer

from rgan_kit.cli import console
from rgan_kit.errors import ExitCode, RganKitError

logger = logging.getLogger(__name__)


def make_app(results: console.Results) -> typer.Typer:
    """All commands, those of plugins included."""
    from rgan_kit.cli import doctor, export, inspect, plugins, sample, train

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
    for command in (train, export, sample, inspect, doctor):
        command.add_to(app, results)
    app.add_typer(plugins.make_app(results), name="plugins")
    _add_plugin_commands(app)
    return app


def _version(version: bool = typer.Option(False, "--version", help="Print the version and stop.")) -> None:
    if version:
        from rgan_kit import __version__

        typer.echo(__version__)
        raise typer.Exit


def _add_plugin_commands(app: typer.Typer) -> None:
    from rgan_kit.plugins.host import installed_host

    taken = {command.name for command in app.registered_commands} | {group.name for group in app.registered_groups}
    for record, plugin_app in installed_host().collect("rgankit_commands"):
        name = getattr(getattr(plugin_app, "info", None), "name", None)
        if not isinstance(plugin_app, typer.Typer) or not isinstance(name, str) or name in taken:
            record.add_problem(f"rgankit_commands: {name or plugin_app!r} is no named Typer app, or its name is taken")
            continue
        taken.add(name)
        app.add_typer(plugin_app)


def main() -> None:
    """The program ``rgankit``."""
    logging.basicConfig(
        level=logging.DEBUG if os.environ.get("RGANKIT_DEBUG") == "1" else logging.WARNING,
        format="%(levelname)s: %(message)s",
        stream=sys.stderr,
    )
    logging.getLogger("rgan_kit").setLevel(logging.DEBUG if os.environ.get("RGANKIT_DEBUG") == "1" else logging.INFO)
    as_json = "--json" in sys.argv[1:]
    results = console.Results(as_json, console.take_stdout() if as_json else None)
    sys.exit(run(results))


def run(results: console.Results) -> int:
    """Runs the command of ``sys.argv`` and returns its exit code."""
    try:
        make_app(results)()
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else ExitCode.DONE if stop.code is None else ExitCode.FAILED
    except RganKitError as error:
        console.show_error(error)
        if results.as_json:
            results.document(
                {"error": {"problem": error.problem, "mend": error.mend, "exit_code": int(error.exit_code)}}
            )
        return error.exit_code
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return ExitCode.INTERRUPTED
    except BrokenPipeError:  # `rgankit sample … | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.DONE
    except MemoryError:
        sys.stderr.write(
            "error: there is not enough memory for this.\n       Use less data, a smaller batch or a smaller model.\n"
        )
        return ExitCode.FAILED
    except Exception as error:
        logger.debug("unexpected", exc_info=True)
        sys.stderr.write(
            f"error: {type(error).__name__}: {error}\n       This is a fault of rgan-kit or of a plugin, not yours: "
            "set RGANKIT_DEBUG=1 to see where it happened, and please report it.\n"
        )
        return ExitCode.FAILED
    return ExitCode.DONE
