"""Options of a recipe's parts as options of the command line: ``--generator.hidden-size 64`` is
``--set generator.hidden_size=64``.

Nothing of a recipe is looked up unless help or completions are asked for and a recipe is named, so that ``train
--help`` alone stays quick.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from typer.core import TyperCommand

from rgan_kit.errors import RganKitError, UsageError

_WORDS: Final = "rgan_kit.words"
_PARTS: Final = "rgan_kit.parts"
_DOTTED: Final = re.compile(r"--([a-z]+)\.([A-Za-z0-9_-]+)(?:=(.*))?", re.DOTALL)
_VALUED: Final = ("--plugin", "--domain", "--config", "--set")
"""Options that say what is trained."""


class PartOptionsCommand(TyperCommand):
    """A command that takes the options of the parts of the recipe that it is given."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Turns options of parts into ``--set``, and leaves the rest to Typer."""
        ctx.meta[_WORDS] = tuple(args)
        return super().parse_args(ctx, list(as_settings(args, strict=not ctx.resilient_parsing)))

    def get_params(self, ctx: Any) -> list[Any]:
        """The command's own parameters; with help or completions, those of the recipe's parts too."""
        return [*super().get_params(ctx), *(each for _, found in self._parts(ctx) for each in found)]

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """A panel for the command's own options, and one for each part."""
        panels = [("Options", super().get_params(ctx)), *self._parts(ctx)]
        for title, params in panels:
            rows = [row for param in params if (row := param.get_help_record(ctx)) is not None]
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)
        if len(panels) == 1:
            formatter.write_paragraph()
            formatter.write_text("With --plugin NAME --help, the options of the recipe's parts are listed too.")

    def _parts(self, ctx: Any) -> list[tuple[str, list[Any]]]:
        words = ctx.meta.get(_WORDS, ())
        if not (ctx.resilient_parsing or {"-h", "--help"} & set(words)):
            return []
        if _PARTS not in ctx.meta:
            try:
                ctx.meta[_PARTS] = list(_panels(words))
            except RganKitError:
                if not ctx.resilient_parsing:
                    raise
                ctx.meta[_PARTS] = []  # a line that is not finished
        found: list[tuple[str, list[Any]]] = ctx.meta[_PARTS]
        return found


def as_settings(words: Sequence[str], *, strict: bool = True) -> Iterator[str]:
    """The words of a command line with options of parts written as ``--set``.

    Raises:
        UsageError: there is no such part, or the value is missing; only where ``strict``.
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
        if strict:
            _check(word.partition("=")[0], section, value)
        if value is not None:
            yield f"--set={section}.{option.replace('-', '_')}={value}"


def _check(flag: str, section: str, value: str | None) -> None:
    from rgan_kit.config.layers import check_section

    check_section(section, flag)
    if value is None:
        raise UsageError(f"{flag}: the value is missing.", f"Write, for example: {flag} 1")


def _panels(words: Sequence[str]) -> Iterator[tuple[str, list[Any]]]:
    """Options of every part of the recipe that the words name, with the defaults that it gives them."""
    asked = {name: _values(words, name) for name in _VALUED}
    if not asked["--plugin"] and not asked["--config"]:
        return
    from rgan_kit.cli.show import options_of
    from rgan_kit.config import Request, resolve
    from rgan_kit.plugins.registry import installed_registry

    exchanged = tuple(each for each in asked["--set"] if "." not in each.partition("=")[0])
    last = {name: found[-1] if found else None for name, found in asked.items()}
    request = Request(
        recipe=last["--plugin"],
        domain=last["--domain"],
        settings=exchanged,
        config=Path(last["--config"]) if last["--config"] else None,
    )
    config = resolve(request, installed_registry())
    selections = {**config.parts, "domain": config.domain}
    titles = {section: f"{section} {each.name}: {each.spec.summary}" for section, each in selections.items()}
    options = {section: each.options for section, each in selections.items()} | {"train": config.train}
    for section, values in options.items():
        rows = options_of(type(values))
        title = titles.get(section, "train: the trainer")
        yield title, _params(section, rows, values.model_dump())


def _values(words: Sequence[str], name: str) -> list[str]:
    """What is given to an option, however often and in either form."""
    pairs = zip(words, (*words[1:], ""), strict=True)
    found = [follows if word == name else word.partition("=")[2] for word, follows in pairs
             if word == name or word.startswith(f"{name}=")]  # fmt: skip
    return [each for each in found if each]


def _params(section: str, rows: list[dict[str, Any]], values: dict[str, Any]) -> list[Any]:
    """Parameters of a Typer command, made of a function with such a signature; none of them is ever given a value,
    since ``as_settings`` takes the words away."""
    arguments = []
    for row in rows:
        limits = f"; {row['range']}" if row["range"] else ""
        plain = row["type"] in ("int", "float", "bool", "str")
        kind = "" if plain else f"{row['type']}; "
        text = f"{row['meaning']}  [{kind}default: {_written(values[row['name']])}{limits}]"
        flag = f"--{section}.{row['name'].replace('_', '-')}"
        metavar = f"<{row['type']}>" if plain else "<value>"
        option = typer.Option(flag, help=text, metavar=metavar, show_default=False)
        annotation = Annotated[str | None, option]
        arguments.append(
            inspect.Parameter(row["name"], inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
        )

    def parts(**_: str | None) -> None:
        """Stands for the options of a part."""

    parts.__signature__ = inspect.Signature(arguments)  # type: ignore[attr-defined]
    parts.__annotations__ = {argument.name: argument.annotation for argument in arguments}
    app = typer.Typer(add_completion=False)
    app.command()(parts)
    params = [param for param in typer.main.get_command(app).params if param.name != "help"]
    for param in params:
        param.expose_value = False
        param.name = f"{section}.{param.name}"
    return params


def _written(value: Any) -> str:
    """A default as it is written after the option."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ",".join(map(str, value)) or "none"
    return "none" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def complete_recipe(incomplete: str) -> Iterator[tuple[str, str]]:
    """Recipes that begin so, with their summaries, for the shell."""
    from rgan_kit.contracts import RecipeSpec
    from rgan_kit.plugins.registry import installed_registry

    specs = installed_registry().specs(RecipeSpec)
    yield from ((spec.name, spec.summary) for spec in specs if spec.name.startswith(incomplete))


def complete_domain(incomplete: str) -> Iterator[tuple[str, str]]:
    """Domains that begin so, with their summaries, for the shell."""
    from rgan_kit.contracts import DomainSpec
    from rgan_kit.plugins.registry import installed_registry

    specs = installed_registry().specs(DomainSpec)
    yield from ((spec.name, spec.summary) for spec in specs if spec.name.startswith(incomplete))
