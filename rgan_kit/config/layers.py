"""Layers of settings: parsing ``--set``, merging, and errors that name the nearest key."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from rgan_kit.contracts.options import Options
from rgan_kit.errors import PluginError, UsageError

Layer = dict[str, dict[str, Any]]
"""``{"generator": {"name": "lstm", "hidden_size": 64}}``."""

OptionsT = TypeVar("OptionsT", bound=Options)

SECTIONS = ("generator", "discriminator", "encoder", "objective", "domain", "train")
"""Those of every run; a recipe's further networks have sections of their own."""


def nearest(word: str, known: Iterable[str]) -> str:
    """``Did you mean …?`` or the list of what there is."""
    names = sorted(known)
    near = difflib.get_close_matches(word, names, n=2)
    return f"Did you mean {' or '.join(near)}?" if near else f"There are: {', '.join(names) or 'none'}."


def parse_value(text: str) -> Any:
    """A TOML value where it is one (``3``, ``0.5``, ``true``, ``[1, 2]``), else the text itself."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


def parse_settings(settings: Iterable[str], sections: Collection[str] = SECTIONS) -> Layer:
    """``["generator.hidden_size=64", "generator=gru"]`` as a layer; a section alone sets the part's name.

    Args:
        settings: as they are given.
        sections: those that there are.

    Raises:
        UsageError: no ``=``, or an unknown section.
    """
    layer: Layer = {}
    for setting in settings:
        key, equals, text = setting.partition("=")
        section, dot, option = key.strip().partition(".")
        if not equals or (dot and not option):
            raise UsageError(
                f"--set {setting}: this is not key=value.", "Write, for example: --set generator.hidden_size=64"
            )
        check_section(section, f"--set {setting}", sections)
        if section == "train" and not dot:
            raise UsageError(
                f"--set {setting}: the trainer cannot be exchanged.", "Write, for example: --set train.steps=500"
            )
        layer.setdefault(section, {})[option.replace("-", "_") or "name"] = parse_value(text.strip())
    return layer


def check_section(section: str, where: str, sections: Collection[str] = SECTIONS) -> None:
    """Raises ``UsageError`` where ``section`` is none."""
    if section not in sections:
        raise UsageError(f"{where}: there is no section '{section}'.", nearest(section, sections))


def flat(defaults: Mapping[str, Any], whose: str = "The recipe", sections: Collection[str] = SECTIONS) -> Layer:
    """``{"generator.hidden_size": 64}`` as a layer; raises ``PluginError`` where a key is no option."""
    layer: Layer = {}
    for key, value in defaults.items():
        section, _, option = key.partition(".")
        if section not in sections or not option:
            raise PluginError(f"{whose} has a default for '{key}', which is no option.", nearest(section, sections))
        layer.setdefault(section, {})[option] = value
    return layer


def read_toml(path: Path) -> dict[str, Any]:
    """The content of a TOML file.

    Raises:
        UsageError: missing, unreadable, or no TOML; with the line.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise UsageError(
            f"{path}: there is no such file.", "A run's configuration is runs/<name>/config.toml."
        ) from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path}: cannot be read as TOML: {error}") from error


def validate(model: type[OptionsT], section: str, values: Mapping[str, Any], part: str = "") -> OptionsT:
    """Options from raw values.

    Args:
        model: their class.
        section: for messages, e.g. ``generator``.
        values: by option name.
        part: the part's name, for messages.

    Raises:
        UsageError: all faults at once; an unknown key names the nearest.
    """
    try:
        return model.model_validate(dict(values))
    except ValidationError as error:
        faults = [_fault(model, section, fault) for fault in error.errors()]
        of = f" of {part}" if part else ""
        raise UsageError(f"Bad option{'s' if len(faults) > 1 else ''}{of}: {'; '.join(faults)}") from error


def _fault(model: type[BaseModel], section: str, fault: Any) -> str:
    key = ".".join(str(step) for step in fault["loc"][:1])
    if fault["type"] == "extra_forbidden":
        return f"{section}.{key} does not exist. {nearest(key, model.model_fields)}"
    if not key:
        return f"{section}: {fault['msg'].removeprefix('Value error, ')}"
    text = fault["msg"].removeprefix("Value error, ").replace("Input should be", "has to be")
    return f"{section}.{key} = {fault['input']!r} {text[:1].lower()}{text[1:]}{_range(model, key)}"


def _range(model: type[BaseModel], key: str) -> str:
    field = model.model_fields.get(key)
    limits = limits_of(field) if field else ""
    return f" (allowed: {limits})" if limits else ""


def limits_of(field: Any) -> str:
    """The range of a pydantic field in words, e.g. ``1..8192`` or ``above 0 up to 1``; empty where it has none."""
    bounds = {
        name: getattr(part, name) for part in field.metadata for name in ("ge", "gt", "le", "lt") if hasattr(part, name)
    }
    low = f"above {bounds['gt']:g}" if "gt" in bounds else f"{bounds['ge']:g}" if "ge" in bounds else ""
    high = f"below {bounds['lt']:g}" if "lt" in bounds else f"up to {bounds['le']:g}" if "le" in bounds else ""
    return " ".join(filter(None, (low, high)))
