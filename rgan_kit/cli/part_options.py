"""Options of a recipe's parts as options of the command line: ``--generator.hidden-size 64`` is
``--set generator.hidden_size=64``.

Nothing of a recipe is looked up unless help or completions are asked for and a recipe is named, so that ``train
--help`` alone stays quick.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, get_args, get_origin

import typer
from typer.core import TyperCommand

from rgan_kit.errors import RganKitError, UsageError

if TYPE_CHECKING:
    from rgan_kit.config import Selection, TrainOptions
    from rgan_kit.contracts import Options

_WORDS: Final = "rgan_kit.words"
_PARTS: Final = "rgan_kit.parts"
_NOTES: Final = "rgan_kit.notes"
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
        """A panel for the command's own options, and one for each part; below them, why some are not there."""
        own = [("Options", super().get_params(ctx))]
        panels = own + self._parts(ctx)
        for title, params in panels:
            rows = [row for param in params if (row := param.get_help_record(ctx)) is not None]
            if rows:
                with formatter.section(title):
                    formatter.write_dl(rows)
        notes = ctx.meta.get(_NOTES, ())
        if panels == own and not notes:
            notes = ("With --plugin NAME --help, the options of the recipe's parts are listed too.",)
        for note in notes:
            formatter.write_paragraph()
            formatter.write_text(note)

    def _parts(self, ctx: Any) -> list[tuple[str, list[Any]]]:
        words = ctx.meta.get(_WORDS, ())
        if not (ctx.resilient_parsing or {"-h", "--help"} & set(words)):
            return []
        if _PARTS not in ctx.meta:
            known = _known(words)
            ctx.meta[_PARTS], ctx.meta[_NOTES] = list(_panels(known)), known.notes
        found: list[tuple[str, list[Any]]] = ctx.meta[_PARTS]
        return found


@dataclass(frozen=True)
class _Known:
    """What the words of a command line select, as far as they make sense.

    Attributes:
        selections: parts and domain, by section.
        train: options of the trainer, where anything is selected.
        notes: what does not make sense, and how to mend it.
    """

    selections: dict[str, Selection] = field(default_factory=dict)
    train: TrainOptions | None = None
    notes: tuple[str, ...] = ()


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


def _known(words: Sequence[str]) -> _Known:
    """What the recipe that the words name consists of; where it does not fit what else they say, what is known of
    each by itself."""
    asked = {name: _values(words, name) for name in _VALUED}
    if not asked["--plugin"] and not asked["--config"]:
        return _Known()
    from rgan_kit.config import Request, TrainOptions, resolve
    from rgan_kit.plugins.registry import installed_registry

    last = {name: found[-1] if found else None for name, found in asked.items()}
    recipe, domain, config = last["--plugin"], last["--domain"], last["--config"]
    exchanged = tuple(each for each in asked["--set"] if "." not in each.partition("=")[0])
    whole = Request(recipe, domain, settings=exchanged, config=Path(config) if config else None)
    notes: tuple[str, ...] = ()
    for request in (whole, replace(whole, domain=None), Request(recipe)):
        try:
            found = resolve(request, installed_registry())
        except RganKitError as error:
            notes = notes or (f"note: {error.problem} {error.mend}".strip(),)
            continue
        selections = {**found.parts, "domain": found.domain}
        alone = ("Above stands what is known of each by itself.",) if notes else ()
        return _Known(selections | _domain(domain if notes else None), found.train, notes + alone)
    return _Known(_domain(domain), TrainOptions(), notes)


def _domain(name: str | None) -> dict[str, Selection]:
    """A domain by itself, with its own defaults; empty where there is none of this name."""
    from rgan_kit.config import Selection
    from rgan_kit.contracts import DomainSpec
    from rgan_kit.plugins.registry import installed_registry

    if name is None:
        return {}
    try:
        offer = installed_registry().offer(DomainSpec, name)
    except RganKitError:
        return {}
    spec: Any = offer.spec
    return {"domain": Selection(name, spec, spec.options(), offer.plugin.distribution, offer.plugin.version)}


def _panels(known: _Known) -> Iterator[tuple[str, list[Any]]]:
    """Options of everything that is known, with the defaults that they have there."""
    for section, each in known.selections.items():
        yield f"{section} {each.name}: {each.spec.summary}", _params(section, each.options)
    if known.train is not None:
        yield "train: the trainer", _params("train", known.train)


def _values(words: Sequence[str], name: str) -> list[str]:
    """What is given to an option, however often and in either form."""
    pairs = zip(words, (*words[1:], ""), strict=False)
    found = [follows if word == name else word.partition("=")[2] for word, follows in pairs
             if word == name or word.startswith(f"{name}=")]  # fmt: skip
    return [each for each in found if each]


def _params(section: str, options: Options) -> list[Any]:
    """Parameters of a Typer command, made of a function with such a signature; none of them is ever given a value,
    since ``as_settings`` takes the words away."""
    from rgan_kit.cli.show import options_of

    values, arguments = options.model_dump(), []
    for row in options_of(type(options)):
        choices = _choices(type(options).model_fields[row["name"]].annotation)
        limits = f"; {row['range']}" if row["range"] else ""
        plain = row["type"] in ("int", "float", "bool", "str")
        kind = "" if plain else f"{'one of ' + ', '.join(choices) if choices else row['type']}; "
        text = f"{row['meaning']}  [{kind}default: {_written(values[row['name']])}{limits}]"
        option = typer.Option(
            f"--{section}.{row['name'].replace('_', '-')}",
            help=text,
            metavar=f"<{row['type']}>" if plain else "<value>",
            show_default=False,
            autocompletion=_completing(choices) if choices else None,
        )
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


def _choices(annotation: Any) -> tuple[str, ...]:
    """All values that an option can have, as they are written after it; empty where they are not a few names."""
    if annotation is bool:
        return ("true", "false")
    values = get_args(annotation) if get_origin(annotation) is Literal else ()
    return tuple(map(_written, values))


def _completing(choices: tuple[str, ...]) -> Callable[[str], list[str]]:
    """Completes these values for the shell; Typer takes nothing but a function."""

    def complete(incomplete: str) -> list[str]:
        return [choice for choice in choices if choice.startswith(incomplete)]

    return complete


def _written(value: Any) -> str:
    """A default as it is written after the option."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ",".join(map(str, value)) or "none"
    return "none" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def complete_recipe(incomplete: str) -> Iterator[tuple[str, str]]:
    """Recipes that begin so, with their summaries, for the shell."""
    yield from _beginning("recipe", incomplete)


def complete_domain(incomplete: str) -> Iterator[tuple[str, str]]:
    """Domains that begin so, with their summaries, for the shell."""
    yield from _beginning("domain", incomplete)


def _beginning(collection: str, incomplete: str) -> Iterator[tuple[str, str]]:
    from rgan_kit.plugins.registry import COLLECTIONS, installed_registry

    specs = installed_registry().specs(COLLECTIONS[collection])
    yield from ((spec.name, spec.summary) for spec in specs if spec.name.startswith(incomplete))


def complete_name(incomplete: str) -> Iterator[tuple[str, str]]:
    """Everything on offer whose name begins so, with its summary, and plugins, for the shell."""
    from rgan_kit.plugins.registry import installed_registry

    registry = installed_registry()
    known = {record.name: f"the plugin {record.qualified}" for record in registry.host.records}
    known |= {offer.spec.name: offer.spec.summary for offer in registry.offers()}
    yield from (pair for pair in known.items() if pair[0].startswith(incomplete))
