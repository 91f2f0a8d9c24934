"""Options of a recipe's parts as options of the command line: ``--generator.hidden-size 64`` is
``--set generator.hidden_size=64``.

A recipe is looked up only where help or completions are asked for, so that a plain ``train --help`` stays quick.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, Literal, get_args, get_origin

from typer.core import TyperCommand

from rgan_kit.errors import RganKitError, UsageError

_WORDS: Final = "rgan_kit.words"
_DOTTED: Final = re.compile(r"--([a-z]\w*)\.([A-Za-z0-9_-]+)(?:=(.*))?", re.DOTALL)
_VALUED: Final = ("--plugin", "--domain", "--config", "--set")
"""Options that say what is trained."""

Rows = list[tuple[str, str, tuple[str, ...]]]
"""Options: how each is written, what it means, and the values that it can have where they are a few names."""


class PartOptionsCommand(TyperCommand):
    """A command that takes the options of the parts of the recipe that it is given."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Turns options of parts into ``--set``, and leaves the rest to Typer."""
        ctx.meta[_WORDS] = tuple(args)
        return super().parse_args(ctx, list(as_settings(args, strict=not ctx.resilient_parsing)))

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """A panel for the command's own options, and one for each part; below them, why some are not there."""
        own = [row for param in self.get_params(ctx) if (row := param.get_help_record(ctx)) is not None]
        panels, note = _panels(ctx.meta[_WORDS])
        for title, rows in [("Options", own), *((title, [row[:2] for row in rows]) for title, rows in panels)]:
            with formatter.section(title):
                formatter.write_dl(rows)
        if note:
            formatter.write_paragraph()
            formatter.write_text(note)

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
        """The names of the options of parts beside the command's own, and after one of them its values."""
        words = ctx.meta.get(_WORDS, ())
        values = {row[0].split()[0]: row[2] for _, rows in _panels(words)[0] for row in rows}
        asked = values.get(words[-1]) if words else None
        every = super().shell_complete(ctx, "--")
        item = type(every[0])  # a class that Typer keeps to itself
        names = values if asked is None else asked
        found = [item(name) for name in names if name.startswith(incomplete)]
        own = super().shell_complete(ctx, incomplete) if asked is None else []
        return own + (found if incomplete or asked is not None else [])


def as_settings(words: Sequence[str], *, strict: bool = True) -> Iterator[str]:
    """The words of a command line with options of parts written as ``--set``.

    Raises:
        UsageError: the value is missing; only where ``strict``.
    """
    rest = iter(words)
    for word in rest:
        match = _DOTTED.fullmatch(word)
        if match is None:
            yield word
            if word in _VALUED and (value := next(rest, None)) is not None:
                yield value
            continue
        section, option, value = match.groups()
        value = next(rest, None) if value is None else value
        if value is not None:
            yield f"--set={section}.{option.replace('-', '_')}={value}"
        elif strict:
            raise UsageError(f"{word}: the value is missing.", f"Write, for example: {word} 1")


def _panels(words: Sequence[str]) -> tuple[list[tuple[str, Rows]], str]:
    """Options of everything that the words select, with the defaults that they have there; or why there are none."""
    from rgan_kit.config import Request, resolve
    from rgan_kit.plugins.registry import installed_registry

    recipe, domain, config, settings = (_values(words, name) for name in _VALUED)
    if not recipe and not config:
        return [], "With --plugin NAME --help, the options of the recipe's parts are listed too."
    exchanged = tuple(each for each in settings if "." not in each.partition("=")[0])
    last = [each[-1] if each else None for each in (recipe, domain, config)]
    request = Request(last[0], last[1], settings=exchanged, config=Path(last[2]) if last[2] else None)
    try:
        found = resolve(request, installed_registry())
    except RganKitError as error:
        return [], f"note: {error.problem} {error.hint}".strip()
    parts = [(name, f"{name} {part.name}: {part.spec.summary}", part.options) for name, part in found.parts.items()]
    of_domain = ("domain", f"domain {found.domain.name}: {found.domain.spec.summary}", found.domain.options)
    sections = [*parts, of_domain, ("train", "train: the trainer", found.train)]
    return [(title, _rows(section, options)) for section, title, options in sections], ""


def _values(words: Sequence[str], name: str) -> list[str]:
    """What is given to an option, however often and in either form."""
    following = (*words[1:], "")
    found = [after if word == name else word.partition("=")[2] for word, after in zip(words, following, strict=False)
             if word == name or word.startswith(f"{name}=")]  # fmt: skip
    return [each for each in found if each]


def _rows(section: str, options: Any) -> Rows:
    """The options of a part."""
    from rgan_kit.cli.show import options_of

    rows: Rows = []
    for row in options_of(type(options)):
        choices = _choices(type(options).model_fields[row["name"]].annotation)
        plain = row["type"] in ("int", "float", "bool", "str")
        kind = "" if plain else f"{'one of ' + ', '.join(choices) if choices else row['type']}; "
        limits = f"; {row['range']}" if row["range"] else ""
        written = f"--{section}.{row['name'].replace('_', '-')} <{row['type'] if plain else 'value'}>"
        default = _written(getattr(options, row["name"]))
        rows.append((written, f"{row['meaning']}  [{kind}default: {default}{limits}]", choices))
    return rows


def _choices(annotation: Any) -> tuple[str, ...]:
    """All values that an option can have, as they are written after it; empty where they are not a few names."""
    if annotation is bool:
        return ("true", "false")
    return tuple(map(_written, get_args(annotation))) if get_origin(annotation) is Literal else ()


def _written(value: Any) -> str:
    """A default as it is written after the option."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ",".join(map(str, value)) or "none"
    return "none" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
