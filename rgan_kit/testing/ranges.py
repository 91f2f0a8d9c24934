"""What lies where: symbols in their vocabulary and within their lengths, numbers in their range and units."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rgan_kit.contracts import Autoregressive, Batch, DataSpec, FrameSpec, SeriesSpec, TokenSpec
from rgan_kit.testing import drawing
from rgan_kit.testing.requirements import require

if TYPE_CHECKING:
    from torch import Tensor

_EDGE = 1e-3
"""How far beyond the range a value may lie, as a share of the range."""


def check_generated_symbols(made: Batch[Tensor], data: TokenSpec) -> None:
    """Holds what ``generate()`` gave to its lengths and vocabulary."""
    import torch

    symbols = made.values.argmax(dim=2)
    requirement = (
        "generate() gives one-hot vectors up to and with the end token, zero after it, and lengths that count it."
    )
    hint = "lengths = lengths + alive before alive is updated by `symbol != data.eos`; multiply each step by alive."
    inside = torch.arange(symbols.shape[1]) < made.lengths[:, None]
    sums = made.values.sum(dim=2)
    require(
        bool(((sums - inside.float()).abs() < 1e-3).all()), requirement, "values do not end where lengths say", hint
    )
    rows = zip(symbols.tolist(), made.lengths.tolist(), strict=True)
    for row, length in rows:
        first = row.index(data.eos) + 1 if data.eos in row[:length] else symbols.shape[1]
        require(length == first, requirement, f"a length of {length} for {row}, whose end token is {data.eos}", hint)
        _check_possible(row[:length], data)


def check_drawn_symbols(drawn: tuple[Tensor, ...], data: TokenSpec) -> None:
    """Holds tokens and lengths of a sampler to each other and to the vocabulary."""
    requirement = "The sampler gives tokens int64 [batch, time], padded after the end token; lengths do not count it."
    hint = "token = where(alive, picked, data.pad); lengths = ((tokens != data.eos) & (tokens != data.pad)).sum(1)."
    require(len(drawn) == 2, requirement, f"{len(drawn)} outputs", hint)
    for row, length in zip(drawn[0].tolist(), drawn[1].tolist(), strict=True):
        end = row.index(data.eos) if data.eos in row else len(row)
        require(length == end, requirement, f"a length of {length} for {row}, whose end token is {data.eos}", hint)
        require(set(row[end + 1 :]) <= {data.pad}, requirement, f"{row[end + 1 :]} after the end token", hint)
        _check_possible(row[:end], data)


def _check_possible(symbols: list[int], data: TokenSpec) -> None:
    strange = [s for s in symbols if not 0 <= s < data.vocab_size or s in data.never_generated]
    require(
        not strange,
        "Symbols lie in the vocabulary, and none is one of data.never_generated.",
        f"{strange[:3]} (never generated: {data.never_generated})",
        "Add rgan_kit.nn.IMPOSSIBLE to the logits of data.never_generated.",
    )


def check_network_range(values: Tensor, density: bool) -> None:
    """Holds values of ``generate()`` to -1..1, or to something near it where steps have a density."""
    largest = float(values.abs().max())
    limit = 1e3 if density else 1 + _EDGE
    require(
        largest <= limit,
        "generate() gives values as networks see them, from -1 to 1 (now and then beyond, where they have a density).",
        f"{largest:.4g}",
        "End with tanh, or scale to -1..1: discriminators see real data there.",
    )


def check_own_units(network: Any, made: Tensor, drawn: Tensor, data: DataSpec) -> None:
    """Holds what a sampler drew to the units of the data; ``made`` are samples as networks see them."""
    import torch

    own = drawing.in_own_units(made, data)
    if isinstance(data, FrameSpec):
        requirement = "The sampler gives uint8 frames [batch, time, height, width, channels] in 0..255."
        right = drawn.dtype == torch.uint8 and drawn.shape == own.shape
        seen, hint = f"{drawn.dtype} {list(drawn.shape)}", "End with rgan_kit.nn.to_uint8."
        require(right, requirement, seen, hint)
        far = abs(float(drawn.float().mean()) - float(own.float().mean()))
        require(
            far < 40,
            requirement,
            f"a mean of {drawn.float().mean():.0f}, and {own.float().mean():.0f} in generate()",
            hint,
        )
        return
    assert isinstance(data, SeriesSpec)
    low, high = torch.from_numpy(data.minimum), torch.from_numpy(data.maximum)
    middle = drawn.flatten(0, 1).median(dim=0).values
    expected = own.flatten(0, 1).median(dim=0).values
    requirement = "The sampler gives series in the data's own units, minimum to maximum of the spec."
    hint = "End with rgan_kit.nn.OwnUnits(data), from -1..1 to the spec's minimum..maximum."
    require(drawn.shape == made.shape, requirement, f"{list(drawn.shape)} and not {list(made.shape)}", hint)
    off = (middle - expected).abs() / (high - low)
    place = int(off.argmax())
    require(
        float(off.max()) < 0.25,
        requirement,
        f"feature {data.names[place]} around {float(middle[place]):.3g}, where generate() is around "
        f"{float(expected[place]):.3g} in own units ({float(low[place]):g} to {float(high[place]):g})",
        hint,
    )
    if not isinstance(network, Autoregressive):
        margin = _EDGE * (high - low)
        beyond = bool(((drawn < low - margin) | (drawn > high + margin)).any())
        require(not beyond, requirement, f"{drawn.amin((0, 1)).tolist()} to {drawn.amax((0, 1)).tolist()}", hint)


def pairs(rows: Tensor, data: TokenSpec, lengths: Tensor | None) -> set[tuple[int, int]]:
    """Which symbol follows which, up to the end token."""
    found: set[tuple[int, int]] = set()
    for number, row in enumerate(rows.tolist()):
        end = row.index(data.eos) + 1 if data.eos in row else len(row)
        end = end if lengths is None else int(lengths[number])
        found.update(zip([data.bos, *row[: end - 1]], row[:end], strict=True))
    return found
