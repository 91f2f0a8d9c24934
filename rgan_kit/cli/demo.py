"""``rgankit demo``: a model in the browser, on a page that comes with the package."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from rgan_kit.cli.console import Results, say


def add_to(app: typer.Typer, results: Results) -> None:
    """Adds the command."""

    @app.command()
    def demo(
        model: Annotated[Path, typer.Argument(help="An exported .onnx file.")],
        port: Annotated[int, typer.Option(min=0, max=65535, help="Port on this computer; 0 takes a free one.")] = 0,
        no_open: Annotated[bool, typer.Option("--no-open", help="Print the address and open no browser.")] = False,
    ) -> None:
        """Show an exported model in the browser: text, melodies, moving pictures or charts. Ctrl-C ends it."""
        from rgan_kit.cli.demo_server import open_browser, serving, wait

        with serving(model, port) as address, suppress(KeyboardInterrupt):
            results.line(address)
            say("Ctrl-C ends this.\n")
            results.flush()  # who reads the address may end this at once
            if not no_open:
                open_browser(address)
            wait()
