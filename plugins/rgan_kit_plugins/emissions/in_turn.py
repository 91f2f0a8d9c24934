"""A step drawn one column after another, each given those before it: NADE (Larochelle & Murray 2011), for real values
RNADE (Uria et al. 2013, arXiv:1306.0186), under a recurrence RNN-NADE (Boulanger-Lewandowski et al. 2012,
arXiv:1206.6392).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rgan_kit.contracts import SeriesSpec
from rgan_kit.nn import Carry, Emission, scan_carrying
from rgan_kit_plugins.emissions import columns_of
from rgan_kit_plugins.emissions.bounds import Bounds
from rgan_kit_plugins.emissions.heads import Frame, Head
from rgan_kit_plugins.emissions.linear import Linear

_FARTHEST = 8.0
"""Innovations are seen up to here: data have outliers, and the next step must not be thrown off by one."""


_FEW_FEATURES = 128
"""Up to so many, all columns take what comes before them by one product."""


@dataclass(frozen=True)
class Group:
    """Columns that one head draws.

    Attributes:
        head: their distribution.
        columns: their numbers, in order.
    """

    head: Head
    columns: tuple[int, ...]


@dataclass(frozen=True)
class _Run:
    """Neighbouring columns of one head.

    Attributes:
        group: number of the head.
        columns: of the step.
        first: place of the first one among the head's columns.
        width: features of each.
    """

    group: int
    columns: range
    first: int
    width: int


class InTurnEmission(Emission):
    """``p(x_t | h_t) = Π_c p(x_tc | x_t,<c, h_t)``.

    The hidden units of column ``c`` are ``tanh(P_c h_t + b_c + Σ_{j<c} U_j e_tj)``, with ``e`` the innovations of
    ``Linear``. The sum runs along while a step is drawn, so that a step costs one pass over its columns; neighbouring
    columns of one head are a scan, so that a file has the head once. The step after sees values, a 1, and the
    innovations of numbers.

    Args:
        hidden_size: of the recurrence.
        data: of numbers and columns.
        groups: who draws which columns; together all of them.
        units: hidden units of a column.
        shared: whether all columns share one projection ``P``, as NADE has it; parameters then come from the
            recurrence directly too. Cheaper where there are many columns.
        within: whether no number lies beyond -1..1.
    """

    before: Tensor
    first: Tensor
    numbers: Tensor
    rows: Tensor
    constant: Tensor

    def __init__(
        self,
        hidden_size: int,
        data: SeriesSpec,
        groups: Sequence[Group],
        units: int,
        *,
        shared: bool = False,
        within: bool = False,
    ) -> None:
        super().__init__()
        self.features, self.units, self.shared = data.features, units, shared
        columns = columns_of(data)
        self.widths = [column.features for column in columns]
        self.starts = [sum(self.widths[:column]) for column in range(len(columns))]
        owner = np.repeat(np.arange(len(columns)), self.widths)
        numbers = sorted(self.starts[c] for group in groups if group.head.number for c in group.columns)
        self.register_buffer("numbers", torch.tensor(numbers, dtype=torch.int64), persistent=False)
        self.runs = _runs(groups, self.widths)
        self.heads = nn.ModuleList(group.head for group in groups)
        self.groups = [list(group.columns) for group in groups]
        self.linear = Linear(owner, numbers, data.moments)
        self.bounds = Bounds(data, within=within)
        self.project = nn.Linear(hidden_size, units if shared else len(columns) * units)
        self.bias = nn.Parameter(torch.zeros(len(columns), units)) if shared else None
        self.direct = nn.ModuleList(
            nn.Linear(hidden_size, len(group.columns) * group.head.size, bias=False) for group in groups if shared
        )
        self.from_earlier = nn.Parameter(torch.randn(self.features, units) * 0.1)
        self.register_buffer("rows", torch.eye(self.features), persistent=False)
        first = torch.tensor(self.starts)
        self.register_buffer("first", first, persistent=False)
        before = (torch.arange(self.features)[:, None] < first).float()  # [features, columns]
        self.register_buffer("before", before, persistent=False)
        kept = torch.tensor([[float(column.constant)] for column in columns])
        self.register_buffer("constant", kept, persistent=False)
        self.keeps = bool(kept.any())
        noise_of = {column: group.head.noise for group in groups for column in group.columns}
        self.noise_of = [noise_of[column] for column in range(len(columns))]
        self.noise_size = sum(self.noise_of)
        self.straight_through = any(group.head.straight_through for group in groups)
        self.discrete = all(group.head.discrete for group in groups)

    @property
    def seen_size(self) -> int:
        """Values, a 1, innovations of numbers."""
        return self.features + 1 + len(self.numbers)

    def see(self, values: Tensor, previous: Tensor) -> Tensor:
        """``[..., seen_size]``."""
        before, seen = self._parts(previous)
        parts = [values, torch.ones_like(seen)]
        if len(self.numbers):
            base = self.linear.expected(before, seen) + self.linear.added(values, seen)
            innovations = ((values - base) / self.linear.scale(seen)).index_select(-1, self.numbers)
            parts.append(innovations.clamp(-_FARTHEST, _FARTHEST) / 2)
        return torch.cat(parts, dim=-1)

    def log_prob(self, values: Tensor, hidden: Tensor, previous: Tensor) -> Tensor:
        """Nats of whole steps ``[...]``."""
        before, seen = self._parts(previous)
        base = self.linear.expected(before, seen) + self.linear.added(values, seen)
        scale = self.linear.scale(seen)
        units = torch.tanh(self._context(hidden) + self._earlier((values - base) / scale))
        frame = Frame(base, scale, *self.bounds(values)).of(self.starts)
        total = values.new_zeros(values.shape[:-1])
        for number, (head, columns) in enumerate(zip(self.heads, self.groups, strict=True)):
            assert isinstance(head, Head)
            starts, width = [self.starts[c] for c in columns], self.widths[columns[0]]
            own = _split(values[..., [s + i for s in starts for i in range(width)]], width)
            whole = len(columns) == units.shape[-2]
            parameters = head.parameters_of(units if whole else units[..., columns, :])
            if self.shared:
                parameters = parameters + _split(self.direct[number](hidden), head.size)
            nats = head.log_prob(parameters.float(), own, frame.of(columns))
            if self.keeps:
                nats = nats * (1 - self.constant[columns, 0] * seen)
            total = total + nats.sum(dim=-1)
        return total

    def _earlier(self, innovations: Tensor) -> Tensor:
        """What the features before each column bring to its units: ``[..., features]`` to ``[..., columns, units]``.

        Of few features by one product of matrices: a running sum over them would touch memory four times as often, and
        a training on 88 keys would take twice as long."""
        if self.features <= _FEW_FEATURES:
            weights = (self.from_earlier[:, None] * self.before[:, :, None]).flatten(1)
            return _split(innovations @ weights, self.units)
        entering = innovations[..., None] * self.from_earlier  # [..., features, units]
        return F.pad(entering.cumsum(dim=-2), (0, 0, 1, 0)).index_select(-2, self.first)

    def draw(self, hidden: Tensor, previous: Tensor, noise: Tensor) -> Tensor:
        """A step ``[batch, features]``."""
        before, seen = (part.clone() for part in self._parts(previous))  # a scan reads no memory twice
        context = self._context(hidden).transpose(0, 1)  # [columns, batch, units]
        scale = self.linear.scale(seen).expand_as(before)
        carry: Carry = (torch.zeros_like(context[0]), self.linear.expected(before, seen), torch.zeros_like(before))
        for run in self.runs:
            head = self.heads[run.group]
            assert isinstance(head, Head)
            of_columns = (_part(context, run.columns), *self._of_columns(run, head, hidden, noise))
            step = partial(self._draw_one, head, before, seen, scale)
            if len(run.columns) == 1:
                carry, _ = step(carry, tuple(each[0] for each in of_columns))
            else:
                carry, _ = scan_carrying(step, carry, of_columns)
        return carry[2]

    def _draw_one(
        self, head: Head, before: Tensor, seen: Tensor, scale: Tensor, carry: Carry, of_column: tuple[Tensor, ...]
    ) -> tuple[Carry, Tensor]:
        """One column: from what has run along (hidden units, expected values, the step so far) and what it has of its
        own, to what runs on and its value ``[batch, width]``."""
        running, base, made = carry
        context, noise, rows, within, earlier, factors, offsets, kept, weight, bias, *more = of_column
        centre, spread = _gathered(base, rows), _gathered(scale, rows)
        parameters = torch.tanh(context + running) @ weight + bias
        if self.shared:
            parameters, more = parameters + more[0], more[1:]
        frame = Frame(centre[:, 0], spread[:, 0], *self.bounds.of_one(made, factors, offsets))
        value = head.draw(parameters.float(), noise, frame, *more)
        value = torch.where(kept * seen > 0, _gathered(before, rows), value)
        running = running + ((value - centre) / spread) @ earlier
        base = base + seen * _spread(value, within[:, 1]) + (1 - seen) * _spread(value, within[:, 0])
        return (running, base, made + _spread(value, rows)), value.clone()

    def _of_columns(self, run: _Run, head: Head, hidden: Tensor, noise: Tensor) -> list[Tensor]:
        """What the columns of a run have of their own, ``[columns, ...]`` each."""
        size, places = len(run.columns), slice(run.first, run.first + len(run.columns))
        features = slice(self.starts[run.columns.start], self.starts[run.columns.start] + size * run.width)
        direct = []
        if self.shared:
            each = _split(self.direct[run.group](hidden), head.size)
            direct = [_part(each.transpose(0, 1), places)]
        first = sum(self.noise_of[: run.columns.start])
        numbers = _split(noise[:, first : first + size * head.noise], head.noise).transpose(0, 1)
        by_feature = [
            _part(each, features).reshape(size, run.width, *each.shape[1:])
            for each in (self.rows, self.linear.within, self.from_earlier)
        ]
        bounds = [_part(each, features)[:: run.width] for each in (self.bounds.factors, self.bounds.offsets)]
        weight, bias, *more = (_part(each, places) for each in head.own)
        kept = _part(self.constant, run.columns)
        return [numbers, *by_feature, *bounds, kept, weight, bias, *direct, *more]

    def settle(self, series: Tensor) -> Tensor:
        """Within the bounds to the last digit."""
        return self.bounds.settle(series)

    def _parts(self, previous: Tensor) -> tuple[Tensor, Tensor]:
        """The values of the step before, and whether they are seen."""
        return previous[..., : self.features], previous[..., self.features : self.features + 1]

    def _context(self, hidden: Tensor) -> Tensor:
        """``[..., hidden_size]`` to ``[..., columns, units]``."""
        projected: Tensor = self.project(hidden)
        if self.bias is None:
            return _split(projected, self.units)
        return projected[..., None, :] + self.bias


def _part(values: Tensor, span: slice | range) -> Tensor:
    """``values[span]``; the very tensor where that is all of it, so that a graph has no node for it."""
    return values if span.stop - span.start == len(values) else values[span.start : span.stop]


def _split(values: Tensor, size: int) -> Tensor:
    """``[..., n * size]`` to ``[..., n, size]``."""
    return values.reshape(*values.shape[:-1], values.shape[-1] // size, size)


def _gathered(values: Tensor, rows: Tensor) -> Tensor:
    """Of ``[batch, features]`` those that one-hot ``rows`` ``[width, features]`` name: ``[batch, width]``."""
    return (values[:, None] * rows).sum(dim=2)


def _spread(values: Tensor, rows: Tensor) -> Tensor:
    """``[batch, width]`` over ``rows`` ``[width, features]``: ``[batch, features]``. No product of matrices: autocast
    would round it."""
    return (values[:, :, None] * rows).sum(dim=1)


def _runs(groups: Sequence[Group], widths: Sequence[int]) -> list[_Run]:
    """All columns in order, in as few runs as there can be."""
    place = {column: (g, p) for g, group in enumerate(groups) for p, column in enumerate(group.columns)}
    runs: list[_Run] = []
    for column in range(len(widths)):
        group, first = place[column]
        if runs and runs[-1].group == group:
            runs[-1] = _Run(group, range(runs[-1].columns.start, column + 1), runs[-1].first, widths[column])
        else:
            runs.append(_Run(group, range(column, column + 1), first, widths[column]))
    return runs
