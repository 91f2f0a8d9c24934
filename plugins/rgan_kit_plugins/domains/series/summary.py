"""What was read and decided, in words for people."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from rgan_kit_plugins.domains.series.encoding import Variable, Variables
from rgan_kit_plugins.domains.series.options import SeriesOptions
from rgan_kit_plugins.domains.series.reading import Rows, Tables
from rgan_kit_plugins.domains.series.roles import Roles, some
from rgan_kit_plugins.domains.series.samples import Division, Stretches

_SHOWN = 12
_DIGITS = 7  # that float32 holds


def summary_of(
    read: Tables,
    roles: Roles,
    rows: Rows,
    made: Division,
    variables: Variables,
    sides: tuple[Stretches, Stretches],
    options: SeriesOptions,
) -> dict[str, str]:
    """By topic, in order."""
    train, validation = sides
    path, lengths = read.found.path, train.lengths
    files = f"{_count(len(read.tables), 'file')} in {path}" if path.is_dir() else str(path)
    origin = f"{files}, {len(rows.values):,} rows in {_count(len(rows.lengths), 'sequence')}"
    notes = sorted({note for table in read.tables for note in table.notes})
    summary = {"data": "; ".join([origin, *notes]), **roles.notes, **rows.notes, **made.notes}
    summary["columns"] = _listed([each.name for each in variables.all])
    summary.update(_about_columns(rows, roles, variables))
    summary["missing values"] = _about_missing(rows, roles, variables, options)
    summary["lengths"] = f"{lengths.mean():.1f} rows on average, {int(lengths.max()):,} at most"
    if lengths.min() < lengths.max():
        summary["lengths"] += f", {int(lengths.min()):,} at least; samples have lengths as often"
    kept = "smallest to largest training value" if options.scaling == "range" else "0.5 % to 99.5 % of training values"
    summary["scaling"] = f"each column from its {kept}; outputs are in the data's own units"
    if options.pictured:
        summary["picture"] = (
            f"{min(options.pictured, len(validation))} held-out samples go, coarsely, into the model file "
            "(domain.pictured=0 for none)"
        )
    summary["training and validation"] = f"{len(train):,} and {len(validation):,} samples"
    return summary


def _about_columns(rows: Rows, roles: Roles, variables: Variables) -> Iterator[tuple[str, str]]:
    constant = [
        f"{v.name} = {v.constant if isinstance(v.constant, str) else format(v.constant, 'g')}"
        for v in variables.all
        if v.constant is not None
    ]
    if constant:
        yield "constant columns", f"{_listed(constant)}; not modelled, and written as they are"
    if words := [f"{v.name} ({len(v.levels):,})" for v in variables.all if v.levels]:
        yield "columns of words", f"{_listed(words)}; one feature for each word"
    if facts := [v.name for v in variables.all if v.lasting]:
        yield "of the whole sequence", f"{_listed(facts)}; the same in all rows of a sample"
    here = {v.name for v in variables.all}
    if empty := [name for name in roles.values if name not in here]:
        yield "empty columns", f"{_listed(empty)}; left out"
    numbers = [v for v in variables.all if v.features and not v.levels]
    if fine := [v.name for v in numbers if _is_finer(v, rows.values[:, roles.values.index(v.name)])]:
        yield "precision", f"{_listed(fine)}: values have more digits than the {_DIGITS} that a model knows (float32)"


def _is_finer(variable: Variable, values: np.ndarray) -> bool:
    """Whether values have more digits than float32 holds, in a sample of them."""
    some = values[:: max(1, len(values) // 1000)]
    some = some[np.isfinite(some)]
    if variable.decimals is None and not variable.offset:
        return bool((some.astype(np.float32).astype(str).astype(np.float64) != some).any())
    back = (some - variable.offset).astype(np.float32).astype(np.float64) + variable.offset
    return bool((np.round(back, variable.decimals or 0) != some).any())


def _about_missing(rows: Rows, roles: Roles, variables: Variables, options: SeriesOptions) -> str:
    places = [roles.values.index(v.name) for v in variables.all]
    count = sum(int(np.count_nonzero(np.isnan(rows.values[:, place]))) for place in places)
    total = len(places) * len(rows.values)
    if not count:
        return "none"
    masked = sum(v.masked for v in variables.all)
    what = {
        "leave-out": "samples with one are left out",
        "forward-fill": "filled with the value before; samples that begin with one are left out",
        "mask": f"kept, as {masked} further features that say what is there",
    }
    return f"{count:,} of {total:,} ({count / total:.2%}); {what[options.missing]}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _listed(names: list[str]) -> str:
    return some(names, _SHOWN)
