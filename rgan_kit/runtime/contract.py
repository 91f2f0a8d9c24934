"""The contract between a model file and whoever runs it: names, types and shapes of inputs and outputs.

Version 2 is version 1 and inputs that a model may take besides (``OPTIONAL``); a file without them is one of version 1.

``docs/model-file.md`` says the same for people.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from rgan_kit.contracts.data import Kind

VERSION: Final = 2
"""The highest one that is read and written here."""

Role = Literal["generator", "encoder", "step"]
"""What a file computes: samples from noise, the posterior of a latent from samples, or one step of a sample."""

Precision = Literal["float32", "float16", "int8"]
"""How a file stores the larger part of its weights."""

Noise = Literal["uniform", "normal"]
Distribution = Literal["uniform", "normal", "constant", "choice", "state"]

NOISE_OF: Final[dict[Kind, Noise]] = {"tokens": "uniform", "series": "normal", "frames": "normal"}

Dim = str | int
"""A size: a number, the name of a free dimension, or ``*`` for any number that the model fixes."""


@dataclass(frozen=True)
class Port:
    """An input or output: its name, its numpy type and its dimensions."""

    name: str
    dtype: str
    shape: tuple[Dim, ...]
    distribution: Distribution | None = None

    def __str__(self) -> str:
        """As in ``float32 [batch, time]``."""
        return f"{self.dtype} [{', '.join(str(dim) for dim in self.shape)}]"

    def accepts(self, dtype: str, shape: Sequence[Dim]) -> bool:
        """Whether a declaration is this port's: equal types, equal dimensions, a number for every ``*``."""
        return (
            dtype == self.dtype
            and len(shape) == len(self.shape)
            and all(
                (isinstance(given, int) and given > 0) if dim == "*" else given == dim
                for dim, given in zip(self.shape, shape, strict=True)
            )
        )


def inputs(
    kind: Kind, *, noise_size: int, latent_size: int, conditional: bool, takes: Collection[str] = ()
) -> tuple[Port, ...]:
    """The inputs of a model; ``conditional`` where its data has labels; ``takes`` names those of ``OPTIONAL``."""
    step: tuple[Dim, ...] = () if kind == "tokens" else (noise_size,)
    ports = [Port("noise", "float32", ("batch", "time", *step), NOISE_OF[kind])]
    if latent_size:
        ports.append(Port("latent", "float32", ("batch", latent_size), "normal"))
    if kind == "tokens":
        ports.append(Port("temperature", "float32", (), "constant"))
    if conditional:
        ports.append(Port("labels", "int64", ("batch",), "choice"))
    return *ports, *(port for name, port in OPTIONAL[kind].items() if name in takes)


def version_of(kind: Kind, names: Iterable[str]) -> int:
    """The lowest version of the contract that has inputs of these names."""
    return 2 if OPTIONAL[kind].keys() & set(names) else 1


def outputs(kind: Kind, variable: bool = False) -> tuple[Port, ...]:
    """The outputs of a model; ``variable`` where its samples differ in length, as those of tokens always do."""
    return (_VALUES[kind], _LENGTHS) if kind == "tokens" or variable else (_VALUES[kind],)


_LENGTHS: Final = Port("lengths", "int64", ("batch",))


_VALUES: Final[dict[Kind, Port]] = {
    "tokens": Port("tokens", "int64", ("batch", "time")),
    "series": Port("series", "float32", ("batch", "time", "*")),
    "frames": Port("frames", "uint8", ("batch", "time", "*", "*", "*")),
}


def _optional(kind: Kind) -> dict[str, Port]:
    values = _VALUES[kind]
    ports = [
        Port("given", values.dtype, values.shape, "constant"),
        Port("known", "bool", ("batch", "time"), "constant"),
    ]
    if kind == "tokens":
        ports.append(Port("top_p", "float32", (), "constant"))
        ports += [Port(name, "int64", (), "constant") for name in ("top_k", "min_length")]
    return {port.name: port for port in ports}


OPTIONAL: Final[dict[Kind, dict[str, Port]]] = {kind: _optional(kind) for kind in _VALUES}
"""Inputs that a model may take besides, by name. Their defaults, which stand in the manifest, change nothing; an input
with dimensions is filled with its default."""

TOGETHER: Final = ("given", "known")
"""Neither is there without the other."""


def encoder_inputs(kind: Kind) -> tuple[Port, ...]:
    """The inputs of an encoder: samples as a generator gives them, and the positions of each that count, the end token
    of tokens among them."""
    return _VALUES[kind], Port("lengths", "int64", ("batch",))


def encoder_outputs(latent_size: int) -> tuple[Port, ...]:
    """The outputs of an encoder: a normal distribution of the latent."""
    shape: tuple[Dim, ...] = ("batch", latent_size)
    return Port("mean", "float32", shape), Port("log_variance", "float32", shape)


def step_inputs(
    kind: Kind,
    *,
    noise_size: int,
    latent_size: int,
    conditional: bool,
    states: Iterable[Sequence[int]],
    takes: Collection[str] = (),
) -> tuple[Port, ...]:
    """The inputs of a step: what is fresh in it, the states that the step before gave, and what holds for the whole
    sequence; ``states`` are shapes without their batch. A step of tokens takes none of ``OPTIONAL``: symbols are picked
    outside, and one that is known is simply the next ``previous``."""
    if kind == "tokens":
        fresh = Port("previous", "int64", ("batch",), "state")
    else:
        fresh = Port("noise", "float32", ("batch", noise_size), "normal")
    whole = inputs(kind, noise_size=noise_size, latent_size=latent_size, conditional=conditional)
    kept = [Port(f"state_{i}", "float32", ("batch", *shape), "state") for i, shape in enumerate(states)]
    more = [] if kind == "tokens" else [_of_step(port) for name, port in OPTIONAL[kind].items() if name in takes]
    return fresh, *kept, *(port for port in whole if port.name in ("latent", "labels")), *more


def _of_step(port: Port) -> Port:
    """An input of a whole model as that of one step: without its time."""
    return Port(port.name, port.dtype, tuple(dim for dim in port.shape if dim != "time"), port.distribution)


def step_outputs(kind: Kind, states: Iterable[Sequence[int]], variable: bool = False) -> tuple[Port, ...]:
    """The outputs of a step: the logits of the next symbol, or the values of the step; how long its sample is, where
    series or frames differ in that; and the next states."""
    if kind == "tokens":
        made = Port("logits", "float32", ("batch", "*"))
    else:
        made = Port(kind, _VALUES[kind].dtype, ("batch", *_VALUES[kind].shape[2:]))
    ends = (_LENGTHS,) if variable else ()
    return made, *ends, *(Port(f"next_state_{i}", "float32", ("batch", *shape)) for i, shape in enumerate(states))


def names(ports: Iterable[Port]) -> list[str]:
    """Their names, in order."""
    return [port.name for port in ports]
