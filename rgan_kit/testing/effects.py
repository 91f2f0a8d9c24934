"""Whether an option does anything: what other values of it change in a part that is built small."""

from __future__ import annotations

import enum
import typing
from collections.abc import Callable, Iterator, Sequence
from types import UnionType
from typing import Any

from pydantic import BaseModel, ValidationError

Fingerprint = Callable[[Any], list[Any]]
"""From options to everything that can be seen of a part made with them: names, numbers, tensors."""

INERT = "inert"
"""Key of a field's ``json_schema_extra`` that says why no test can see what the option does."""

_MOST_OTHERS = 3


def ineffective(options: BaseModel, fingerprints: Sequence[Fingerprint]) -> list[str]:
    """Names of options of which no other value changes anything, neither alone nor beside another value of another one,
    nor with something switched on or off besides.

    Options that are declared inert (``Field(…, json_schema_extra={"inert": "the reason"})``), and those of whose values
    none is known to be valid, are left out. Values of a text are its field's ``examples``.

    Args:
        options: as the part is tried.
        fingerprints: one for each kind of data.
    """
    fields = type(options).model_fields
    left = [name for name, field in fields.items() if not _declared_inert(field)]
    for fingerprint in fingerprints:
        left = _unchanged(options, left, fingerprint)
    words = {word for name in left for word in name.split("_")}
    likely = [(words.isdisjoint(name.split("_")), not _is_switch(fields[name].annotation), name) for name in fields]
    names = [name for _, _, name in sorted(likely)]  # first those named alike, then switches
    for base in (options, *_switched(options)):
        for other in (other for beside in names for other in others(base, beside)):
            for fingerprint in fingerprints:
                if not left:
                    return []
                left = _unchanged(other, left, fingerprint)
    return left


def _switched(options: BaseModel) -> Iterator[BaseModel]:
    """The same options with one that is on or off the other way."""
    for name, field in type(options).model_fields.items():
        if field.annotation is bool:
            yield from others(options, name)


def _unchanged(options: BaseModel, names: list[str], fingerprint: Fingerprint) -> list[str]:
    """Those options of whose other values none makes a difference here."""
    plain = _seen(fingerprint, options) if names else None
    return [name for name in names if not _changes(options, name, plain, fingerprint)]


def _is_switch(annotation: Any) -> bool:
    """Whether it turns something on: what other options mean hangs on such ones."""
    return annotation is bool or typing.get_origin(annotation) is typing.Literal


def _declared_inert(field: Any) -> bool:
    extra = field.json_schema_extra
    return isinstance(extra, dict) and bool(extra.get(INERT))


def _changes(options: BaseModel, name: str, plain: list[Any] | None, fingerprint: Fingerprint) -> bool:
    """Whether another value of one option makes a difference; True where no other value is known."""
    tried = list(others(options, name))
    return not tried or any(different(plain, _seen(fingerprint, each)) for each in tried)


def _seen(fingerprint: Fingerprint, options: BaseModel) -> list[Any] | None:
    """None where nothing can be made of these options: another requirement says so."""
    try:
        return fingerprint(options)
    except Exception:
        return None


def others(options: BaseModel, name: str) -> Iterator[BaseModel]:
    """The same options with up to three other valid values of one of them."""
    current, found = getattr(options, name), 0
    field = type(options).model_fields[name]
    for value in (*(field.examples or ()), *_values(field.annotation, current)):
        try:
            made = type(options)(**{**dict(options), name: value})
        except ValidationError:
            continue
        if getattr(made, name) != current and found < _MOST_OTHERS:
            found += 1
            yield made


def _values(annotation: Any, current: Any) -> Iterator[Any]:
    """Values that an option of a type may take, likely ones first."""
    origin = typing.get_origin(annotation)
    if origin is typing.Literal:
        yield from typing.get_args(annotation)
    elif origin in (typing.Union, UnionType):
        for part in typing.get_args(annotation):
            yield from _values(part, current)
    elif annotation is bool:
        yield not current
    elif isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        yield from annotation
    elif annotation is int:
        number = current if isinstance(current, int) else 2
        yield from (number + 1, max(1, number // 2), number * 2, number - 1, 0)
    elif annotation is float:
        real = float(current) if isinstance(current, int | float) else 0.5
        yield from (real / 2, real + 0.3, 0.5, real * 2 + 0.1, 0.9)
    elif annotation is type(None):
        yield None
    elif isinstance(current, tuple | list) and current:
        yield from (current[:-1], (*current, current[-1]))


def different(one: Any, other: Any) -> bool:
    """Whether two fingerprints differ; tensors by their bits."""
    import torch

    if type(one) is not type(other):
        return True
    if isinstance(one, list | tuple):
        return len(one) != len(other) or any(different(a, b) for a, b in zip(one, other, strict=True))
    if isinstance(one, torch.Tensor):
        return one.shape != other.shape or one.dtype != other.dtype or not torch.equal(one, other)
    return bool(one != other)


def layout(network: Any) -> list[Any]:
    """What a network stores: names and shapes."""
    return [(name, tuple(value.shape)) for name, value in sorted(network.state_dict().items())]
