"""What a decoder says about itself in a model file, and whether that can be believed: strangers make files too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from pydantic import ValidationError

from rgan_kit_plugins.domains.text.reading import Reading
from rgan_kit_plugins.domains.text.symbols import BOS, EOS, PAD, SPECIAL, UNKNOWN

VERSION: Final = 1
SPECIAL_TOKENS: Final = {"pad": PAD, "bos": BOS, "eos": EOS, "unknown": UNKNOWN}

_LEVELS: Final = ("character", "word", "subword")
_MOST_SYMBOLS: Final = 1_000_000
_MOST_CHARACTERS: Final = 2**26


def problems_of(manifest: Mapping[str, Any]) -> Iterator[str]:
    """Everything that is wrong with a manifest."""
    version, level = manifest.get("version"), manifest.get("level")
    if version != VERSION:
        yield f"version is {version!r:.40} and not {VERSION}"
    reading = _reading(manifest)
    if isinstance(reading, str):
        yield reading
    elif level not in _LEVELS:
        yield f"level is {level!r:.40} and none of {', '.join(_LEVELS)}"
    elif manifest.get("joiner") != (joiner := reading.level(level).joiner):
        yield f"joiner is {manifest.get('joiner')!r:.40} and not {joiner!r}"
    if manifest.get("special") != SPECIAL_TOKENS:
        yield f"special is {manifest.get('special')!r:.80} and not {SPECIAL_TOKENS}"
    vocabulary = manifest.get("vocabulary")
    if not isinstance(vocabulary, list | tuple) or not len(SPECIAL) < len(vocabulary) <= _MOST_SYMBOLS:
        yield f"vocabulary is no list of {len(SPECIAL) + 1} to {_MOST_SYMBOLS:,} symbols"
    elif not all(isinstance(symbol, str) and symbol for symbol in vocabulary):
        yield "vocabulary holds something that is no text"
    else:
        yield from _problems_of_symbols(vocabulary, level, manifest.get("joiner"))


def _reading(manifest: Mapping[str, Any]) -> Reading | str:
    """How text was cut (files of before it was said have the defaults), or what is wrong with that."""
    try:
        return Reading.model_validate(manifest.get("reading", {}))
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(step) for step in ("reading", *fault["loc"]))
        return f"{where:.80}: {fault['msg']:.120}"


def _problems_of_symbols(vocabulary: Sequence[str], level: Any, joiner: Any) -> Iterator[str]:
    written = vocabulary[len(SPECIAL) :]
    if sum(map(len, vocabulary)) > _MOST_CHARACTERS:
        yield f"vocabulary holds more than {_MOST_CHARACTERS:,} characters"
        return
    if len(set(written)) < len(written):
        yield "vocabulary holds a symbol twice"
    if any(_is_broken(symbol) for symbol in vocabulary):
        yield "vocabulary holds half a surrogate pair"
    if level == "character" and any(len(symbol) != 1 for symbol in written):
        yield "vocabulary holds symbols of several characters"
    if joiner == " " and any(symbol.split() != [symbol] for symbol in written):
        yield "vocabulary holds words with spaces in them"


def _is_broken(symbol: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in symbol)
