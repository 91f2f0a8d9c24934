"""What can be wrong with a stranger's description of series."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

from rgan_kit_plugins.domains.series.channels import Channel, Channels
from rgan_kit_plugins.domains.series.decoder import VERSION
from rgan_kit_plugins.domains.series.dialect import MAX_COLUMNS
from rgan_kit_plugins.domains.series.picture import curve_problems
from rgan_kit_plugins.domains.series.rows import MAX_LABELS

_LONGEST_NAME: Final = 200
_LAST_MOMENT: Final = 250_000_000_000  # the year 9892


def problems(manifest: Mapping[str, Any]) -> Iterator[str]:
    """Everything that is wrong with a decoder's manifest."""
    if manifest.get("version") != VERSION:
        yield f"version is {manifest.get('version')!r:.40} and not {VERSION}"
    if manifest.get("layout") not in ("rows", "files"):
        yield f"layout is {manifest.get('layout')!r:.40} and neither 'rows' nor 'files'"
    faults = list(_column_problems(manifest.get("columns")))
    yield from faults
    if not faults:
        channels = Channels(tuple(Channel(**column) for column in manifest["columns"]))
        if manifest.get("names") != list(channels.names):
            yield "names are not those of the columns"
        yield from curve_problems(manifest.get("curves"), len(channels.names))
    yield from _reading_problems(manifest.get("reading"))
    yield from _clock_problems(manifest.get("clock", "missing"))
    labels = manifest.get("labels")
    if not isinstance(labels, list | tuple) or len(labels) > MAX_LABELS or not all(map(_is_name, labels)):
        yield f"labels is no list of at most {MAX_LABELS:,} names"


def _column_problems(columns: Any) -> Iterator[str]:
    if not isinstance(columns, list | tuple) or not 0 < len(columns) <= MAX_COLUMNS:
        yield f"columns is no list of 1 to {MAX_COLUMNS:,} columns"
        return
    for number, column in enumerate(columns, 1):
        fault = _column_problem(column)
        if fault:
            yield f"column {number} {fault}"
            return
    names = [column["name"] for column in columns]
    if len(set(names)) < len(names):
        yield "columns holds a name twice"
    if all(column["constant"] is not None for column in columns):
        yield "columns holds nothing that varies"


def _column_problem(column: Any) -> str:
    keys = ("name", "constant", "whole", "masked", "fill")
    if not isinstance(column, Mapping) or set(column) != set(keys):
        return f"does not hold exactly {', '.join(keys)}"
    if not _is_name(column["name"]):
        return "has a name that cannot be written"
    if column["constant"] is not None and not _is_number(column["constant"]):
        return "has a constant that is no number"
    if not isinstance(column["whole"], bool) or not isinstance(column["masked"], bool):
        return "does not say by true or false whether it is whole and masked"
    return "" if _is_number(column["fill"]) else "has a fill that is no number"


def _reading_problems(reading: Any) -> Iterator[str]:
    keys = ("id", "time", "label", "window", "forward_fill")
    if not isinstance(reading, Mapping) or set(reading) != set(keys):
        yield f"reading does not hold exactly {', '.join(keys)}"
        return
    for key in keys[:3]:
        if reading[key] is not None and not _is_name(reading[key]):
            yield f"reading.{key} is no name"
    window = reading["window"]
    if not isinstance(window, int) or isinstance(window, bool) or not 0 <= window <= 4096:
        yield "reading.window is no number from 0 to 4,096"
    if not isinstance(reading["forward_fill"], bool):
        yield "reading.forward_fill is neither true nor false"


def _clock_problems(clock: Any) -> Iterator[str]:
    keys = ("name", "moments", "start", "step")
    if clock is None:
        return
    if not isinstance(clock, Mapping) or set(clock) != set(keys):
        yield f"clock does not hold exactly {', '.join(keys)}"
        return
    if not _is_name(clock["name"]) or not isinstance(clock["moments"], bool):
        yield "clock has no name, or says not by true or false whether it holds moments"
        return
    most = _LAST_MOMENT if clock["moments"] else 1e37
    if not _is_number(clock["start"]) or not _is_number(clock["step"]):
        yield "clock has a start or a step that is no number"
    elif abs(clock["start"]) > most or not 0 < clock["step"] <= most / 2**20:
        yield "clock has a start or a step out of range"


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return abs(value) < 1e38 and math.isfinite(value)


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _LONGEST_NAME and value.isprintable()
