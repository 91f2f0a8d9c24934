"""What sequences are: their specification, a padded batch of them, and a source that batches are taken from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Generic, Literal, Protocol, TypeVar

import numpy as np

Kind = Literal["tokens", "series", "frames"]
KINDS: tuple[Kind, ...] = ("tokens", "series", "frames")

ArrayT = TypeVar("ArrayT")


@dataclass(frozen=True, eq=False)
class TokenSpec:
    """Sequences of symbols from a finite vocabulary.

    Attributes:
        vocab_size: number of symbols, the special ones included.
        bos: the symbol before the first one; never part of a sample.
        eos: the symbol after the last one.
        pad: the symbol that fills a batch; never part of a sample.
        max_length: symbols in the longest sample, the end token not counted.
        unknown: the symbol for what the vocabulary lacks; read, never generated.
        allowed_next: boolean ``[vocab_size, vocab_size]``, row = previous symbol (``bos`` first), column = next
            one; what is False is never generated. None allows every symbol but those of ``never_generated``.
        labels: names of the classes; empty where the data has none.
        ends: whether samples end. Windows of a running text do not: they carry no end token, none is generated, and a
            sample is as long as it is asked to be.
    """

    kind: ClassVar[Kind] = "tokens"

    vocab_size: int
    bos: int
    eos: int
    pad: int
    max_length: int
    unknown: int | None = None
    allowed_next: np.ndarray | None = None
    labels: tuple[str, ...] = ()
    ends: bool = True

    def __post_init__(self) -> None:
        special = [self.bos, self.eos, self.pad] + ([] if self.unknown is None else [self.unknown])
        if len(set(special)) != len(special) or not all(0 <= token < self.vocab_size for token in special):
            raise ValueError(f"special tokens {special} must differ and lie within 0..{self.vocab_size - 1}")
        if self.max_length < 1:
            raise ValueError(f"max_length is {self.max_length}; it must be at least 1")
        if self.allowed_next is not None and self.allowed_next.shape != (self.vocab_size, self.vocab_size):
            raise ValueError(f"allowed_next is {self.allowed_next.shape}, not [vocab_size, vocab_size]")

    @property
    def never_generated(self) -> tuple[int, ...]:
        """Symbols that no generator may emit."""
        return self.never_in_data if self.unknown is None else (*self.never_in_data, self.unknown)

    @property
    def never_in_data(self) -> tuple[int, ...]:
        """Symbols that stand in no sample."""
        return (self.bos, self.pad) if self.ends else (self.bos, self.pad, self.eos)


@dataclass(frozen=True)
class Column:
    """Features of a series that belong together: one number a step, or one choice among several a step.

    Attributes:
        name: as in the data.
        levels: what a categorical column chooses among. It has one feature a level, 1 for the level that it holds and
            0 for the others, so ``minimum`` is 0 and ``maximum`` 1 for each. Empty for a number.
        grid: what values of a number are multiples of (1 for whole numbers, 0.01 for two decimals), counted from the
            feature's minimum; 0 where they lie anywhere.
        constant: whether it is a fact of the whole sequence, the same at every step.
        offset: what its feature lacks of the data's own numbers, which a decoder adds: numbers far from zero would lose
            their digits as float32.
    """

    name: str
    levels: tuple[str, ...] = ()
    grid: float = 0.0
    constant: bool = False
    offset: float = 0.0

    @property
    def features(self) -> int:
        """How many features of the series it takes."""
        return len(self.levels) or 1


@dataclass(frozen=True, eq=False)
class SeriesSpec:
    """Real-valued sequences; networks see every feature scaled from ``minimum..maximum`` to [-1, 1].

    Attributes:
        features: numbers a step.
        length: steps in the longest sample.
        names: one name a feature.
        minimum, maximum: float32 ``[features]``, in the data's own units.
        labels: names of the classes; empty where the data has none.
        columns: what the features are, in order; empty where each is a number of its own.
        length_shares: float64 ``[length]``, how often training samples have 1, 2, … steps, adding up to 1; None where
            all have the same. A model of such data draws a length for every sample.
        moments: float64 ``[1 + 2 features, 1 + 2 features]``, means over training pairs of neighbouring steps of the
            products of (1, the step before, the step), scaled to [-1, 1]. Filled in before a training begins.
        bounds: int64 ``[n, 2]``, pairs of features of which the first never exceeds the second at any training step,
            in their own units, and comes near it at some; -1 stands for zero. Filled in before a training begins.
    """

    kind: ClassVar[Kind] = "series"

    features: int
    length: int
    names: tuple[str, ...]
    minimum: np.ndarray
    maximum: np.ndarray
    labels: tuple[str, ...] = ()
    columns: tuple[Column, ...] = ()
    length_shares: np.ndarray | None = None
    moments: np.ndarray | None = None
    bounds: np.ndarray | None = None

    def __post_init__(self) -> None:
        if self.columns and sum(column.features for column in self.columns) != self.features:
            raise ValueError(f"the columns have {sum(c.features for c in self.columns)} features, not {self.features}")
        _check_shares(self.length_shares, self.length)

    @property
    def variable(self) -> bool:
        """Whether samples differ in length, so that a model says how long each of its own is."""
        return self.length_shares is not None

    @property
    def max_length(self) -> int:
        """Steps in the longest sample."""
        return self.length


@dataclass(frozen=True, eq=False)
class FrameSpec:
    """Sequences of pictures: uint8 ``[time, height, width, channels]`` on disk, [-1, 1] at the network.

    Attributes:
        length: frames in the longest sample.
        height, width, channels: of a picture, in pixels.
        fps: frames a second.
        labels: names of the classes; empty where the data has none.
        length_shares: as in ``SeriesSpec``.
    """

    kind: ClassVar[Kind] = "frames"

    length: int
    height: int
    width: int
    channels: int
    fps: float
    labels: tuple[str, ...] = ()
    length_shares: np.ndarray | None = None

    def __post_init__(self) -> None:
        _check_shares(self.length_shares, self.length)

    @property
    def variable(self) -> bool:
        """Whether samples differ in length, so that a model says how long each of its own is."""
        return self.length_shares is not None

    @property
    def max_length(self) -> int:
        """Frames in the longest sample."""
        return self.length


DataSpec = TokenSpec | SeriesSpec | FrameSpec


@dataclass(frozen=True)
class Batch(Generic[ArrayT]):
    """Padded sequences, as numpy arrays between the domain and the trainer and as torch tensors at the networks.

    Attributes:
        values: tokens int64 ``[batch, time]``, or ``[batch, time, vocabulary]`` as (straight-through) one-hot
            where a generator made them; series float32 ``[batch, time, features]``; frames
            ``[batch, time, channels, height, width]`` at the network.
        lengths: int64 ``[batch]``, positions that count. **A token sequence counts its end token**, where it has one
            (``TokenSpec.ends``); every mask derives from here.
        labels: int64 ``[batch]`` or None.
        known: bool, ``[batch, time]`` or, for series, ``[batch, time, features]``: False where the data has no value
            (what stands there is a filling). None where all are known.
        times: float32 ``[batch, time]``, when each step was taken, for steps that are not evenly apart; None else.
        context: int64 ``[batch]``, positions at the beginning of each sequence that are read and not scored: what
            stands before a window of a running text. None where all are scored.
    """

    values: ArrayT
    lengths: ArrayT
    labels: ArrayT | None = None
    known: ArrayT | None = None
    times: ArrayT | None = None
    context: ArrayT | None = None


class SequenceSource(Protocol):
    """Samples by number; in memory (``Sequences``) or streamed from disk."""

    @property
    def lengths(self) -> np.ndarray:
        """int64 ``[samples]``: positions of each sample, counted as in ``Batch.lengths``."""
        ...

    def __len__(self) -> int: ...

    def take(self, indices: np.ndarray) -> Batch[np.ndarray]:
        """The samples with these numbers, padded to the longest of them."""
        ...


@dataclass(frozen=True, eq=False)
class Sequences:
    """Samples of any length held in memory, one after the other.

    Attributes:
        values: ``[positions of all samples, ...]``; tokens carry their end token.
        offsets: int64 ``[samples + 1]``; sample ``i`` is ``values[offsets[i]:offsets[i + 1]]``.
        fill: what pads a batch.
        labels: int64 ``[samples]`` or None.
    """

    values: np.ndarray
    offsets: np.ndarray
    fill: int | float = 0
    labels: np.ndarray | None = None

    @classmethod
    def of(cls, samples: list[Any], *, fill: int | float, dtype: Any, labels: np.ndarray | None = None) -> Sequences:
        """Joins a list of arrays or lists, one a sample."""
        offsets = np.cumsum([0, *(len(sample) for sample in samples)], dtype=np.int64)
        values = np.concatenate([np.asarray(sample, dtype) for sample in samples]) if samples else np.zeros(0, dtype)
        return cls(values, offsets, fill, labels)

    @property
    def lengths(self) -> np.ndarray:
        """int64 ``[samples]``."""
        return np.diff(self.offsets)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, index: int) -> np.ndarray:
        return self.values[self.offsets[index] : self.offsets[index + 1]]

    def take(self, indices: np.ndarray) -> Batch[np.ndarray]:
        """The samples with these numbers, padded with ``fill`` to the longest of them."""
        starts = self.offsets[indices]
        lengths = self.offsets[indices + 1] - starts
        steps = np.arange(int(lengths.max(initial=0)))
        inside = steps < lengths[:, None]  # [batch, time]
        positions = np.where(inside, starts[:, None] + steps, 0)
        values = self.values[positions]
        values[~inside] = self.fill
        if np.issubdtype(values.dtype, np.integer):
            values = values.astype(np.int64)
        return Batch(values, lengths, None if self.labels is None else self.labels[indices])


def _check_shares(shares: np.ndarray | None, length: int) -> None:
    """Raises ``ValueError`` where these are no shares of samples with 1 to ``length`` positions."""
    if shares is not None and (shares.shape != (length,) or shares.min() < 0 or abs(float(shares.sum()) - 1) > 1e-6):
        raise ValueError(f"length_shares has to be {length} shares that add up to 1")


def evenly(count: int, most: int) -> np.ndarray:
    """Numbers of at most ``most`` of ``count`` samples, from all over them: files are often sorted."""
    return np.linspace(0, count - 1, min(count, most)).round().astype(np.int64)
