"""What the texts of a column mean: numbers with thousands or a sign behind them, moments, or words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

import numpy as np

from rgan_kit_plugins.domains.series import moments

MISSING: Final = (
    "", "nan", "NaN", "NAN", "-nan", "-NaN", "NA", "N/A", "n/a", "#N/A", "#NA", "null", "NULL", "Null", "None", "none",
    "?", "-", "--", "1.#QNAN", "-1.#IND", "1.#IND", "<NA>",
)  # fmt: skip
"""Texts that stand for a number or a moment that is not there. Among words, only an empty text does."""

NUMBER: Final = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*|\s*[+-]?(inf|infinity)\s*", re.IGNORECASE)
SIGNS: Final = "%‰$€£¥₹"
"""What may stand before or behind a number."""

_THOUSANDS: Final = ("", ".", ",", "'", "’", " ", "\u00a0", "\u202f")
_SAMPLE: Final = 25
_FEWEST_ROWS: Final = 10
_FIRST, _LAST = 1, 3

Kind = Literal["number", "moment", "text"]


@dataclass(frozen=True)
class Style:
    """How a column writes its values.

    Attributes:
        prefix, suffix: what stands before and behind a number, such as ``%``.
        thousands: the sign between groups of three digits, or nothing.
        form: of moments (see ``moments``), with the zone of the first one.
        ahead: how far its clock is ahead of that of Greenwich, in seconds.
    """

    prefix: str = ""
    suffix: str = ""
    thousands: str = ""
    form: str = ""
    ahead: int = 0


@dataclass(frozen=True, eq=False)
class Meaning:
    """What the texts of a column are.

    Attributes:
        kind: ``text`` where they are words.
        values: float64 ``[rows]`` of numbers and moments, nan where missing; None for words.
        stray: int64, rows that alone are neither (units under the header, a total at the end).
        style: how they are written.
        note: what was decided where there was a choice, in words for people.
    """

    kind: Kind
    values: np.ndarray | None = None
    stray: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    style: Style = Style()
    note: str = ""


def meaning_of(texts: Any, decimal: str, form: str = "auto") -> Meaning:
    """Of a ``pyarrow.ChunkedArray`` of texts.

    Args:
        texts: one a row.
        decimal: the decimal sign.
        form: of its dates, where the user named one.
    """
    shown = _sample(texts)
    if not shown:
        return Meaning("text")
    forms = moments.forms_of(shown) if form == "auto" else [form]
    if any(moments.readable(each, shown[0]) for each in forms):
        return _moments(texts, forms, shown) or Meaning("text")
    return _numbers(texts, decimal, shown) or Meaning("text")


def _sample(texts: Any) -> list[str]:
    """A few different texts from all over the column, but for its first and last rows where there are many."""
    rows = len(texts)
    many = rows >= _FEWEST_ROWS
    places = np.unique(np.linspace(_FIRST * many, rows - 1 - _LAST * many, min(rows, 8 * _SAMPLE)).round().astype(int))
    picked = (texts[place].as_py() for place in places.tolist())  # to take them all would join the parts first
    found = dict.fromkeys(text.strip() for text in picked if text is not None)
    known = [text for text in found if text not in MISSING]
    return [known[place] for place in np.unique(np.linspace(0, len(known) - 1, _SAMPLE).astype(int))] if known else []


def _moments(texts: Any, forms: Sequence[str], shown: Sequence[str]) -> Meaning | None:
    import pyarrow.compute as pc

    trimmed = pc.utf8_trim_whitespace(texts)
    read = [(form, moments.read(trimmed, form)) for form in forms]
    strays = [_stray(trimmed, values) for _, values in read]
    fitting = [(*each, stray) for each, stray in zip(read, strays, strict=True) if stray is not None]
    if not fitting:
        return None
    if len(fitting) > 1:
        fitting.sort(key=lambda each: (len(each[2]), -_evenness(each[1])))
    form, values, stray = fitting[0]
    zone, ahead = moments.zone_of(form, shown[0])
    note = ""
    if len(fitting) > 1 and len(fitting[0][2]) == len(fitting[1][2]):
        others = " or ".join(each[0] for each in fitting if each[0] != form)
        note = f"dates as {shown[0]} were read as {form}, and could be {others}: domain.date_format decides"
    return Meaning("moment", values, stray, Style(form=form.replace("%z", zone), ahead=ahead), note)


def _evenness(values: np.ndarray) -> float:
    """Share of steps between different moments that are like the one in the middle."""
    steps = np.diff(np.unique(values[np.isfinite(values)]))
    return float((np.abs(steps - np.median(steps)) <= 0.1 * np.median(steps)).mean()) if len(steps) else 0.0


def _numbers(texts: Any, decimal: str, shown: Sequence[str]) -> Meaning | None:
    import pyarrow.compute as pc

    trimmed = pc.utf8_trim_whitespace(texts)
    for thousands in _THOUSANDS:  # a column may have its first thousand below those that were looked at
        style = _style_of(shown, decimal, thousands)
        if style is not None:
            values = _numbers_of(trimmed, decimal, style)
            stray = _stray(trimmed, values)
            if stray is not None:
                return Meaning("number", values, stray, style)
    return None


def _numbers_of(trimmed: Any, decimal: str, style: Style) -> np.ndarray:
    """float64 ``[rows]``, nan for what is written otherwise."""
    import pyarrow as pa
    import pyarrow.compute as pc

    fits = pc.match_substring_regex(trimmed, f"^(?:{pattern(decimal, style)})$")
    plain = pc.replace_substring_regex(pc.if_else(fits, trimmed, None), f"[{SIGNS} ]", "")
    if style.thousands:
        plain = pc.replace_substring(plain, style.thousands, "")
    plain = plain if decimal == "." else pc.replace_substring(plain, decimal, ".")
    numbers: np.ndarray = plain.cast(pa.float64()).to_numpy()
    return numbers


def _style_of(shown: Sequence[str], decimal: str, thousands: str) -> Style | None:
    if thousands == decimal:
        return None
    own = Style(thousands=thousands)
    if not all(re.fullmatch(pattern(decimal, own), text) for text in shown):
        return None
    before = {match[0].lstrip("+-") for text in shown if (match := re.match(f"[+-]?[{SIGNS}] ?", text))}
    behind = {match[0] for text in shown if (match := re.search(f" ?[{SIGNS}]$", text))}
    return replace(
        own, prefix=before.pop() if len(before) == 1 else "", suffix=behind.pop() if len(behind) == 1 else ""
    )


def pattern(decimal: str, style: Style) -> str:
    """A regular expression, as Python and RE2 know them, of numbers that are written so."""
    sign, point = re.escape(style.thousands), re.escape(decimal)
    whole = rf"(?:\d{{1,3}}(?:{sign}\d{{3}})+|\d+)" if sign else r"\d+"
    return rf"[+-]?[{SIGNS}]? ?[+-]?(?:{whole}(?:{point}\d*)?|{point}\d+)(?:[eE][+-]?\d+)? ?[{SIGNS}]?"


def _stray(texts: Any, values: np.ndarray) -> np.ndarray | None:
    """Rows that were not read though they hold something; None where they lie elsewhere than in the first or the last
    rows, so that the column is one of words."""
    import pyarrow as pa
    import pyarrow.compute as pc

    unread = np.flatnonzero(np.isnan(values))
    if not len(unread):
        return unread
    missing = pc.is_in(texts.take(pa.array(unread)), value_set=pa.array([*MISSING, None], pa.string()))
    stray = unread[~missing.to_numpy(zero_copy_only=False).astype(np.bool_)]
    rows = len(values)
    outside = (stray < _FIRST) | (stray >= rows - _LAST)
    return stray if outside.all() and (not len(stray) or rows >= _FEWEST_ROWS) else None
