"""Writes ``hooks.md`` beside this file from ``rgan_kit/hookspecs.py``: python docs/generate_hooks.py"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from rgan_kit import hookspecs

PAGE = Path(__file__).parent / "hooks.md"
HEAD = """# Hooks

A plugin is a module or object named by an entry point in the group `rgan_kit.plugins`. It implements some of the
functions below, each marked with `@rgan_kit.hookimpl`; an implementation takes those of the arguments that it needs. A
function whose name is none of these, or that is not marked, is an error that `rgankit plugins list` shows. Hooks only
ever gain arguments ([compatibility](compatibility.md)).

This page is written from the hook specifications in `rgan_kit/hookspecs.py`.
"""


def hooks() -> dict[str, Callable[..., Any]]:
    """The hook specifications by name, in the order of the file."""
    return {name: each for name, each in vars(hookspecs).items() if hasattr(each, f"{hookspecs.PROJECT}_spec")}


def sections() -> Iterator[tuple[str, str, list[str]]]:
    """Title, what holds for all of its hooks, and their names."""
    source = inspect.getsource(hookspecs)
    parts = re.split(r"^# --- (.+?) ---$", source, flags=re.M)[1:]
    for heading, body in zip(parts[::2], parts[1::2], strict=True):
        title, _, note = heading.partition(": ")
        yield title, note, re.findall(r"^def (\w+)", body, re.M)


def page() -> str:
    """The whole page."""
    known, lines = hooks(), [HEAD]
    for title, note, names in sections():
        lines += [f"## {title}", ""] + ([f"{note[0].upper()}{note[1:]}", ""] if note else [])
        for name in names:
            signature = str(inspect.signature(known[name])).replace("'", "")
            document = inspect.cleandoc(known[name].__doc__ or "").replace("``", "`")
            lines += [f"### {name}", "", "```python", f"def {name}{signature}", "```", "", document, ""]
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
