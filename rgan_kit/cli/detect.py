"""``rgankit detect``: whether samples carry the mark of a watermark key."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rgan_kit.cli.console import Results


def add_to(app: typer.Typer, results: Results) -> None:
    """Adds the command."""

    @app.command()
    def detect(
        samples: Annotated[Path, typer.Argument(help="File or folder with samples, in the order they were drawn.")],
        watermark_key: Annotated[Path, typer.Option(help="The key that may have marked them.")],
        json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    ) -> None:
        """Say how likely unmarked samples would look as marked as these (an exact p-value)."""
        from rgan_kit.runtime import watermark
        from rgan_kit.runtime.decoding import make_decoder

        key = watermark.read_key(watermark_key)
        found = watermark.detect(key, make_decoder(key.manifest, str(watermark_key)).read(samples))
        if results.as_json:
            results.document({"p_value": found.p_value, "tokens": found.tokens, "offset": found.offset})
            return
        results.line(f"p = {found.p_value:.3g} from {found.tokens:,} tokens that say anything")
        if found.p_value < 1e-6:
            results.line(f"marked by this key, from offset {found.offset:,} on")
        else:
            results.line("no sign of this key (which proves nothing: text may be too short, or have been changed)")
