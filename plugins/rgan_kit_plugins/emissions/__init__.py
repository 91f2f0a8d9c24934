"""Built-in emissions, how a step of a series is drawn from the recurrent state: their descriptions, and the choice
among them by the data. The networks lie beside this file and import torch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rgan_kit.contracts import Column, EmissionSpec, SeriesSpec, UsageError

if TYPE_CHECKING:
    from rgan_kit.nn import Emission

AUTO = "auto"
FEW_LEVELS = 64
"""Numbers on a grid that take at most so many values are drawn from a softmax over them."""

MOST_LEVELS = 2**16
"""Numbers on a finer grid than this are drawn as if they lay anywhere."""


def columns_of(data: SeriesSpec) -> tuple[Column, ...]:
    """What the features are; each a number of its own where the data does not say."""
    return data.columns or tuple(Column(name) for name in data.names)


def levels_of(data: SeriesSpec) -> list[int]:
    """How many values each column can take between its minimum and its maximum; 0 where they lie anywhere."""
    found, start = [], 0
    for column in columns_of(data):
        span = float(data.maximum[start]) - float(data.minimum[start])
        steps = round(span / column.grid) if column.grid else 0
        found.append(len(column.levels) or (steps + 1 if steps else 0))
        start += column.features
    return found


def chosen(name: str, data: SeriesSpec) -> str:
    """The name of the emission for a data set: ``auto`` goes by what its columns are."""
    if name != AUTO:
        return name
    columns = columns_of(data)
    if not _not_binary(data):
        return "bernoulli-nade"
    return "mixed" if any(c.levels or c.grid or c.constant for c in columns) else "joint"


def build(options: Any, data: SeriesSpec, hidden_size: int) -> Emission:
    """The emission that a generator's options name, of a plugin where it is none of these.

    Raises:
        UsageError: there is none of this name, or it does not fit the data; says why.
    """
    name = chosen(options.emission, data)
    spec = next((each for each in EMISSIONS if each.name == name), None)
    if spec is None:
        from rgan_kit.plugins.registry import default_registry

        spec = default_registry().get(EmissionSpec, name)
    reason = spec.refuses(data)
    if reason:
        raise UsageError(
            f"generator.emission = {name!r} does not fit this data: {reason}.",
            f"What suits it is: --set generator.emission={chosen(AUTO, data)} (or auto).",
        )
    made: Emission = spec.build(options, data, hidden_size)
    return made


def _fits_all(data: SeriesSpec) -> str:
    return ""


def _not_binary(data: SeriesSpec) -> str:
    """Why it is no grid of two values; empty where it is."""
    many = [
        column.name
        for column, levels in zip(columns_of(data), levels_of(data), strict=True)
        if levels != 2 or column.levels
    ]
    return f"{_listed(many)} not of two values (a grid of one step)" if many else ""


def _not_numbers(data: SeriesSpec) -> str:
    chosen_from = [column.name for column in columns_of(data) if column.levels]
    return f"{_listed(chosen_from)} categorical" if chosen_from else ""


def _not_gridded(data: SeriesSpec) -> str:
    free = [column.name for column in columns_of(data) if not column.grid or column.levels]
    return f"{_listed(free)} not on a grid" if free else ""


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return f"{', '.join(names[:3])}{more} {'are' if len(names) > 1 else 'is'}"


def _spec(name: str, summary: str, paper: str, refuses: Any = _fits_all) -> EmissionSpec:
    def make(options: Any, data: SeriesSpec, hidden_size: int) -> Emission:
        from rgan_kit_plugins.emissions import making

        maker = getattr(making, name.replace("-", "_"))
        made: Emission = maker(options, data, hidden_size)
        return made

    return EmissionSpec(
        name=name, summary=summary, paper=paper, kinds=frozenset({"series"}), build=make, refuses=refuses
    )


RNADE = "Uria et al. 2013, arXiv:1306.0186; Boulanger-Lewandowski et al. 2012, arXiv:1206.6392"

EMISSIONS = (
    _spec("mixture", "one of several normal distributions, features independent within it", "Bishop 1994"),
    _spec("joint", "numbers one after another, each a mixture of normal distributions", RNADE, _not_numbers),
    _spec("mixed", "columns one after another, each as suits it: categories, few values, grids, numbers", RNADE),
    _spec("bernoulli", "two values, features independent", "Boulanger-Lewandowski et al. 2012", _not_binary),
    _spec(
        "bernoulli-nade",
        "two values, features one after another",
        "Larochelle & Murray 2011; Boulanger-Lewandowski et al. 2012, arXiv:1206.6392",
        _not_binary,
    ),
    _spec(
        "logistic",
        "numbers on a grid between two bounds (pixels) one after another, mixtures of logistic distributions",
        "Salimans et al. 2017, arXiv:1701.05517",
        _not_gridded,
    ),
)
