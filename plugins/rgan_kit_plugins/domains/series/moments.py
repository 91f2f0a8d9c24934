"""Dates and times as files write them: recognised in texts, read as seconds, and written again in the same form.

A form is a text with directives as ``strftime`` knows them: ``%Y %y %m %b %d %q %G %V %u %H %I %M %S %f %p %z``, where
``%q`` is the quarter, ``%G %V %u`` are year, week and weekday of ISO 8601 (a week begins on its Monday), and ``%-m``,
``%-d``, ``%-H``, ``%-I`` write no zero in front.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, Final

import numpy as np

from rgan_kit.contracts import UsageError

DAY: Final = 86_400
FARTHEST: Final = 9.0e12
"""Seconds from 1970 to the last moment that is written: the year 287,000."""

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_GROUPS: Final = {
    "Y": r"(?P<Y>\d{4})", "y": r"(?P<y>\d{2})", "m": r"(?P<m>\d{1,2})", "b": r"(?P<b>[A-Za-z]{3})",
    "d": r"(?P<d>\d{1,2})", "q": r"(?P<q>[1-4])", "G": r"(?P<G>\d{4})", "V": r"(?P<V>\d{2})", "u": r"(?P<u>[1-7])",
    "H": r"(?P<H>\d{1,2})", "I": r"(?P<I>\d{1,2})",
    "M": r"(?P<M>\d{2})", "S": r"(?P<S>\d{2})", "f": r"(?P<f>\d{1,9})", "p": r"(?P<p>[AaPp])[Mm]",
    "z": r"(?P<z>Z|[+-]\d{2}:?\d{2})",
}  # fmt: skip
_DATES: Final = (
    "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y",
    "%m/%d/%y", "%d/%m/%y", "%d.%m.%y", "%Y-%m", "%Y/%m", "%m/%Y", "%m.%Y", "%YQ%q", "%Y-Q%q", "%Y Q%q",
    "%d-%b-%Y", "%d %b %Y", "%b %d, %Y", "%b %Y", "%b-%Y", "%d-%b-%y", "%Y%m%d",
    "%G-W%V", "%GW%V", "%G-W%V-%u", "%GW%V%u",
)  # fmt: skip
_SHAPE: Final = re.compile(
    r"(?:(?P<date>\S(?:.*?\S)?)(?P<joint>T|,? ))?"
    r"(?P<hour>\d{1,2}):\d\d(?P<second>:\d\d)?(?P<fraction>\.\d{1,9})?(?P<half> ?[AaPp][Mm])?"
    r"(?P<zone> ?(?:Z|UTC|GMT|[+-]\d\d:?\d\d))?"
)
_PIECE: Final = re.compile(r"%(-?)(.)|([^%]+)")
_ISO: Final = re.compile(r"%Y-%m-%d([ T]%H:%M(:%S(\.%f)?)?(Z|%z)?)?")
_UNPADDED: Final = (("%m", "%-m"), ("%d", "%-d")), (("%H", "%-H"), ("%I", "%-I"))


def check_form(form: str) -> None:
    """Raises ``UsageError`` where this is no form of dates, or says too little for one."""
    known = {name for _, name, literal in _PIECE.findall(form) if not literal}
    if "%" in _PIECE.sub("", form) or not known <= _GROUPS.keys() or not known & {"Y", "y", "G", "H", "I"}:
        raise UsageError(
            f"domain.date_format={form!r}: this is no form of dates.",
            f"Write a year and what follows with {' '.join('%' + name for name in _GROUPS)}, for example %d/%m/%Y",
        )


@lru_cache(512)
def pattern(form: str) -> str:
    """A regular expression, as Python and RE2 know them, whose groups are named like the directives."""
    pieces = _PIECE.findall(form)
    return "^" + "".join(re.escape(literal) if literal else _GROUPS[name] for _, name, literal in pieces) + "$"


def forms_of(texts: Sequence[str]) -> list[str]:
    """The forms that every one of a few texts has; none where they are no dates."""
    found: list[str] | None = None
    for text in texts:
        own = _forms_of(text)
        found = own if found is None else [form for form in found if form in own]
        if not found:
            return []
    return [_as_padded(form, texts) for form in found or []]


def _forms_of(text: str) -> list[str]:
    shape = _SHAPE.fullmatch(text)
    if shape is None:
        return [form for form in _DATES if readable(form, text)]
    clock = "%I:%M" if shape["half"] else "%H:%M"
    clock += "".join(directive for name, directive in (("second", ":%S"), ("fraction", ".%f")) if shape[name])
    clock += " %p" if (shape["half"] or "").startswith(" ") else "%p" if shape["half"] else ""
    zone = shape["zone"] or ""
    clock += zone if zone.strip() in ("", "Z", "UTC", "GMT") else zone[: -len(zone.strip())] + "%z"
    if shape["date"] is None:
        return [clock] if readable(clock, text) else []
    return [f"{date}{shape['joint']}{clock}" for date in _DATES if readable(f"{date}{shape['joint']}{clock}", text)]


def readable(form: str, text: str) -> bool:
    """Whether a text has this form and is a day of the calendar."""
    found = re.match(pattern(form), text)
    return found is not None and bool(np.isfinite(_seconds({k: np.array([v]) for k, v in found.groupdict().items()})))


def _as_padded(form: str, texts: Sequence[str]) -> str:
    """The form, or the same without zeros in front, that writes these texts as they are."""
    dates, hours = _UNPADDED
    for replaced in ((), dates, hours, (*dates, *hours)):
        own = form
        for padded, unpadded in replaced:
            own = own.replace(padded, unpadded)
        if all(write(read_few([text], own), with_zone(own, text)) == [text] for text in texts):
            return own
    return form


def zone_of(form: str, text: str) -> tuple[str, int]:
    """The zone of a text, and its distance from that of Greenwich in seconds."""
    found = re.match(pattern(form), text)
    zone = found["z"] if found and "%z" in form else ""
    return zone, int(_zone_seconds(np.array([zone]))[0]) if zone else 0


def with_zone(form: str, text: str) -> str:
    """The form with the zone of this text in place of ``%z``."""
    return form.replace("%z", zone_of(form, text)[0])


def read_few(texts: Sequence[str], form: str) -> np.ndarray:
    """Seconds since 1970 of a few texts as their own clocks show them: float64 ``[texts]``; nan where one has not this
    form."""
    found = [re.match(pattern(form), text) for text in texts]
    groups = [{} if match is None else {**match.groupdict(), "z": "Z"} for match in found]
    known = [{name: np.array([value]) for name, value in each.items()} for each in groups]
    return np.array([float(_seconds(each)[0]) if each else np.nan for each in known])


def read(texts: Any, form: str) -> np.ndarray:
    """Seconds since 1970 (in Greenwich, where the texts have zones) of ``pyarrow`` texts: float64 ``[rows]``; nan where
    one has not this form, or is no day of the calendar."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if _ISO.fullmatch(form.replace("%-", "%")):
        try:
            zone = "UTC" if form.endswith(("Z", "%z")) else None
            moments = texts.cast(pa.timestamp("us", zone)).cast(pa.int64())
            return _floats(moments) / 1e6
        except pa.ArrowInvalid:
            pass  # one that is none: looked at one by one
    fields = pc.extract_regex(texts, pattern(form))
    names = list(dict.fromkeys(name for _, name, literal in _PIECE.findall(form) if not literal))
    known = ~_floats(fields.is_null().cast(pa.int8())).astype(np.bool_)
    seconds = np.full(len(known), np.nan)
    picked = fields.filter(pa.array(known))
    parts = {name: pc.struct_field(picked, name).to_numpy(zero_copy_only=False).astype(str) for name in names}
    seconds[known] = _seconds(parts) if known.any() else 0
    return seconds


def _floats(values: Any) -> np.ndarray:
    import pyarrow as pa

    cast: np.ndarray = values.cast(pa.float64(), safe=False).to_numpy(zero_copy_only=False)
    return cast


def _seconds(parts: dict[str, np.ndarray]) -> np.ndarray:
    """Of texts by directive ``[n]``; nan where they are no moment."""
    days = _days_of_weeks(parts) if "V" in parts else _days_of_months(parts)
    hour, minute, second = (_number(parts, name, 0) for name in "HMS")
    if "I" in parts:
        twelve = _number(parts, "I", 12)
        hour = twelve % 12 + 12 * np.isin(parts.get("p", np.full(len(twelve), "a")), ("p", "P"))
        hour[(twelve < 1) | (twelve > 12)] = 24
    seconds = days * float(DAY) + hour * 3600.0 + minute * 60.0 + second
    if "f" in parts:
        seconds += np.array([float(f"0.{digits}") for digits in parts["f"].tolist()])
    if "z" in parts:
        seconds -= _zone_seconds(parts["z"])
    return np.where((hour < 24) & (minute < 60) & (second <= 60), seconds, np.nan)


def _days_of_months(parts: dict[str, np.ndarray]) -> np.ndarray:
    """Days since 1970 of a year, a month (or a quarter) and a day, float64 ``[n]``; nan where there is none."""
    year = _number(parts, "Y", 1970)
    if "y" in parts:  # as POSIX has it: 69 is 1969, 68 is 2068
        year = _number(parts, "y", 70)
        year = year + np.where(year < 69, 2000, 1900)
    month = _number(parts, "m", 1) if "q" not in parts else 3 * _number(parts, "q", 1) - 2
    if "b" in parts:
        month = np.array([1 + _MONTHS.index(b.lower()) if b.lower() in _MONTHS else 0 for b in parts["b"].tolist()])
    day = _number(parts, "d", 1)
    start = ((year - 1970) * 12 + np.clip(month, 1, 12) - 1).astype("datetime64[M]")
    first, after = ((start + ahead).astype("datetime64[D]").astype(np.int64) for ahead in (0, 1))
    good = (month >= 1) & (month <= 12) & (day >= 1) & (day <= after - first)
    return np.where(good, first + day - 1.0, np.nan)


def _days_of_weeks(parts: dict[str, np.ndarray]) -> np.ndarray:
    """The same of an ISO year, a week and a weekday, or the week's Monday. Week 1 holds January 4."""
    year, week, weekday = (_number(parts, name, 1) for name in "GVu")
    first = _first_monday(year)
    good = (week >= 1) & (week <= (_first_monday(year + 1) - first) // 7)
    return np.where(good, first + 7.0 * (week - 1) + weekday - 1, np.nan)


def _first_monday(year: np.ndarray) -> np.ndarray:
    """Of an ISO year, in days since 1970-01-01, which was a Thursday."""
    fourth = (year - 1970).astype("datetime64[Y]").astype("datetime64[D]").astype(np.int64) + 3
    first: np.ndarray = fourth - (fourth + 3) % 7
    return first


def _number(parts: dict[str, np.ndarray], name: str, otherwise: int) -> np.ndarray:
    size = len(next(iter(parts.values())))
    return parts[name].astype(np.int64) if name in parts else np.full(size, otherwise)


def _zone_seconds(zones: np.ndarray) -> np.ndarray:
    different, places = np.unique(zones, return_inverse=True)
    found = [
        0 if zone == "Z" else (1 if zone[0] == "+" else -1) * (int(zone[1:3]) * 3600 + int(zone[-2:]) * 60)
        for zone in different.tolist()
    ]
    return np.array(found, np.float64)[places]


def write(seconds: np.ndarray, form: str) -> list[str]:
    """Moments float64 ``[n]``, seconds since 1970 as the clock there shows, as texts of a form (its ``%z`` left out);
    those farther than any calendar are cut at its end."""
    micros = (
        np.rint(np.clip(np.nan_to_num(seconds), -FARTHEST, FARTHEST) * 1e6).astype(np.int64).astype("datetime64[us]")
    )
    days, months = micros.astype("datetime64[D]"), micros.astype("datetime64[M]")
    years = micros.astype("datetime64[Y]").astype(np.int64) + 1970
    within = (micros - days).astype(np.int64)  # microseconds of the day
    thursday = days - (days.astype(np.int64) + 3) % 7 + 3  # the year that it lies in is that of its week
    iso_year = thursday.astype("datetime64[Y]")
    month, hour = months.astype(np.int64) % 12 + 1, within // 3_600_000_000
    numbers = {
        "Y": years, "y": years % 100, "m": month, "b": month, "d": (days - months).astype(np.int64) + 1,
        "q": (month + 2) // 3, "G": iso_year.astype(np.int64) + 1970,
        "V": (thursday - iso_year.astype("datetime64[D]")).astype(np.int64) // 7 + 1,
        "u": (days.astype(np.int64) + 3) % 7 + 1, "H": hour, "I": (hour + 11) % 12 + 1, "M": within // 60_000_000 % 60,
        "S": within // 1_000_000 % 60, "f": within % 1_000_000, "p": hour // 12,
    }  # fmt: skip
    columns = []
    for bare, name, literal in _PIECE.findall(form):
        if literal or name not in numbers:
            columns.append([literal] * len(micros))
        else:
            columns.append([_written(name, value, padded=not bare) for value in numbers[name].tolist()])
    return ["".join(row) for row in zip(*columns, strict=True)]


def _written(name: str, value: int, *, padded: bool) -> str:
    if name == "b":
        return _MONTHS[value - 1].capitalize()
    if name == "p":
        return ("AM", "PM")[value]
    if name in "qu" or not padded:
        return str(value)
    return f"{value:0{ {'Y': 4, 'G': 4, 'f': 6}.get(name, 2) }d}"
