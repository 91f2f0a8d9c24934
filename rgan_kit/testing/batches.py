"""What batches of a data set have to be, and whether two sets of samples are the same or apart."""

from __future__ import annotations

import hashlib
import math
from collections import Counter

import numpy as np

from rgan_kit.contracts import Batch, Dataset, DataSpec, FrameSpec, SequenceSource, SeriesSpec, TokenSpec, evenly
from rgan_kit.testing.requirements import require

LOOKED_AT = 24
MOST_COMPARED = 5000
_AT_ONCE = 64


def check(source: SequenceSource, spec: DataSpec, name: str) -> None:
    """Holds a source to what networks expect of batches."""
    size = len(source)
    require(size > 0, "There are samples on both sides of the split.", f"no {name} samples", "Hold out fewer.")
    ends = int(isinstance(spec, TokenSpec) and spec.ends)
    lengths = source.lengths
    require(
        lengths.shape == (size,) and lengths.dtype == np.int64 and lengths.min() >= 1,
        "lengths is int64 [samples], each at least 1 (a token sequence counts its end token).",
        f"{lengths.dtype} {lengths.shape}, from {lengths.min(initial=0)}, for {size} {name} samples",
        "np.diff(offsets) of int64 offsets; add the end token to every sample.",
    )
    require(
        lengths.max() - ends <= spec.max_length,
        "No sample is longer than spec.max_length (the end token not counted).",
        f"{lengths.max() - ends} and not {spec.max_length}",
        "Compute it over training and validation samples.",
    )
    indices = evenly(size, LOOKED_AT)[::-1].copy()
    batch = source.take(indices)
    _check_shape(batch, spec, lengths[indices], name)
    _check_rows(source, batch, indices, spec)
    _check_labels(batch, spec, len(indices))
    if isinstance(spec, TokenSpec):
        _check_tokens(batch, spec)
    elif isinstance(spec, SeriesSpec):
        _check_series(batch, spec, name)


def _check_shape(batch: Batch[np.ndarray], spec: DataSpec, lengths: np.ndarray, name: str) -> None:
    dtype, inner = _form(spec)
    expected = (len(lengths), int(lengths.max()), *inner)
    require(
        batch.values.dtype == dtype and batch.values.shape == expected,
        "take() pads samples to the longest of them: tokens int64 [batch, time], series float32 [batch, time, "
        "features], frames uint8 [batch, time, height, width, channels].",
        f"{batch.values.dtype} {batch.values.shape}, and not {np.dtype(dtype)} {expected}, from the {name} samples",
        "Sequences does it: Sequences.of(samples, fill=…, dtype=…).",
    )
    require(
        batch.lengths.dtype == np.int64 and np.array_equal(batch.lengths, lengths),
        "take() gives the samples asked for in the order asked for, with their lengths (int64).",
        f"{batch.lengths.dtype} {batch.lengths.tolist()[:6]} and not {lengths.tolist()[:6]}",
        "Index by the numbers as they come.",
    )


def _form(spec: DataSpec) -> tuple[type[np.generic], tuple[int, ...]]:
    if isinstance(spec, TokenSpec):
        return np.int64, ()
    if isinstance(spec, FrameSpec):
        return np.uint8, (spec.height, spec.width, spec.channels)
    return np.float32, (spec.features,)


def _check_rows(source: SequenceSource, batch: Batch[np.ndarray], indices: np.ndarray, spec: DataSpec) -> None:
    fill = spec.pad if isinstance(spec, TokenSpec) else None
    for row, index in enumerate(indices):
        length = int(batch.lengths[row])
        alone = source.take(np.array([index])).values[0]
        require(
            np.array_equal(batch.values[row, :length], alone),
            "A sample is the same in every batch.",
            f"sample {index} differs beside others from itself alone",
            "Let nothing in take() depend on the other samples, on calls before, or on chance.",
        )
        rest = batch.values[row, length:]
        require(
            fill is None or bool((rest == fill).all()),
            "What follows a sequence of tokens in a batch is the padding token.",
            f"{np.unique(rest)[:5].tolist()} and not {fill} after sample {index}",
            "Give Sequences fill=pad.",
        )


def _check_labels(batch: Batch[np.ndarray], spec: DataSpec, size: int) -> None:
    requirement = "labels is int64 [batch] of numbers of spec.labels, and None where there are none."
    hint = "Put names into the spec and int64 numbers into both sources, or neither."
    if batch.labels is None or not spec.labels:
        kept = (batch.labels is None) == (not spec.labels)
        require(kept, requirement, f"labels {batch.labels!r:.60} with the names {spec.labels}", hint)
        return
    labels = batch.labels
    kept = labels.dtype == np.int64 and labels.shape == (size,)
    kept = kept and labels.min() >= 0 and labels.max() < len(spec.labels)
    require(
        kept, requirement, f"{labels.dtype} {labels.shape}, {labels.tolist()[:6]}, for {len(spec.labels)} names", hint
    )


def _check_tokens(batch: Batch[np.ndarray], spec: TokenSpec) -> None:
    for row, length in zip(batch.values, batch.lengths.tolist(), strict=True):
        tokens = row[:length]
        inside = tokens[:-1] if spec.ends else tokens
        require(
            (tokens[-1] == spec.eos or not spec.ends) and not np.isin(inside, [spec.eos, spec.bos, spec.pad]).any(),
            "A sequence of tokens ends with the end token (unless spec.ends is False), and no other special one stands "
            "in it but unknown ones.",
            f"{tokens.tolist()[:12]}… (bos {spec.bos}, eos {spec.eos}, pad {spec.pad})",
            "Append eos to every sample, and nothing in front.",
        )
        require(
            tokens.min() >= 0 and tokens.max() < spec.vocab_size,
            "Tokens lie within the vocabulary.",
            f"{tokens.min()} to {tokens.max()} in a vocabulary of {spec.vocab_size}",
            "Count the special tokens in vocab_size.",
        )
        if spec.allowed_next is not None:
            before = np.concatenate([[spec.bos], tokens[:-1]])
            refused = np.flatnonzero(~spec.allowed_next[before, tokens])
            require(
                len(refused) == 0,
                "The grammar allows what the data does, else no model could learn it.",
                f"allowed_next has False for {[(int(before[i]), int(tokens[i])) for i in refused[:3]]}",
                "Allow every pair that a real sample has, bos and eos included.",
            )


def _check_series(batch: Batch[np.ndarray], spec: SeriesSpec, name: str) -> None:
    inside = np.arange(batch.values.shape[1]) < batch.lengths[:, None]
    values = batch.values[inside]  # [positions, features]
    require(
        np.isfinite(values).all(),
        "Numbers are finite.",
        f"{np.count_nonzero(~np.isfinite(values))} of the {name} samples are not",
        "Say where values are missing in a feature of their own, and fill them in.",
    )
    margin = 1e-5 * np.maximum(spec.maximum - spec.minimum, np.abs(spec.maximum))
    require(
        name != "training" or bool(((values >= spec.minimum - margin) & (values <= spec.maximum + margin)).all()),
        "minimum and maximum of the spec are those of the training samples, in their own units.",
        f"{values.min(0)[:4].tolist()} to {values.max(0)[:4].tolist()} where the spec says "
        f"{spec.minimum[:4].tolist()} to {spec.maximum[:4].tolist()}",
        "Compute both over all training samples; the trainer scales.",
    )


def real(dataset: Dataset, outputs: dict[str, np.ndarray]) -> np.ndarray:
    """A training sample as ``Decoder.read`` has to give it: ``[time, ...]``, tokens with their end token."""
    values: np.ndarray = next(iter(outputs.values()))[0]
    spec = dataset.spec
    return np.append(values, spec.eos) if isinstance(spec, TokenSpec) and spec.ends else values


def difference(one: np.ndarray, other: np.ndarray, spec: DataSpec, tolerance: float) -> str:
    """In what two samples differ, in words; empty where they do not."""
    if one.shape != other.shape:
        return f"{list(other.shape)} and not {list(one.shape)}"
    if isinstance(spec, SeriesSpec):
        off = np.abs(one.astype(np.float64) - other) > tolerance * np.maximum(spec.maximum - spec.minimum, 1e-12)
    else:
        off = one != other
    if not off.any():
        return ""
    place = tuple(int(axis[0]) for axis in np.nonzero(off))
    return f"{other[place]} and not {one[place]} at {list(place)}, and {np.count_nonzero(off):,} such values in all"


def equal(one: SequenceSource, other: SequenceSource) -> bool:
    """Whether samples from all over two sources are the same."""
    indices = evenly(len(one), LOOKED_AT)
    first, second = one.take(indices), other.take(indices)
    if first.labels is None or second.labels is None:
        labels = first.labels is second.labels
    else:
        labels = np.array_equal(first.labels, second.labels)
    return labels and np.array_equal(first.values, second.values)


def check_apart(dataset: Dataset) -> None:
    """Holds training and validation to having no sample in common. Data repeats itself at times; then the share of
    validation samples that stand in training as well must not exceed that of training samples with a twin there."""
    train, validation = (Counter(_keys(source)) for source in (dataset.train, dataset.validation))
    total, held_out = train.total(), validation.total()
    twins = sum(count for count in train.values() if count > 1) / total
    shared = sum(count for key, count in validation.items() if key in train) / held_out
    chance = 3 * math.sqrt(twins * (1 - twins) / held_out) + 1 / held_out if twins else 0.0
    require(
        shared <= min(twins + chance, 0.999),
        "No sample is in training and in validation.",
        f"{shared:.0%} of {held_out} validation samples stand in training, where {twins:.0%} have a twin",
        "Split before augmenting and before cutting overlapping windows; give `files` that differ from each other.",
    )


def _keys(source: SequenceSource) -> list[bytes]:
    keys = []
    indices = evenly(len(source), MOST_COMPARED)
    for start in range(0, len(indices), _AT_ONCE):
        batch = source.take(indices[start : start + _AT_ONCE])
        for row, length in zip(batch.values, batch.lengths.tolist(), strict=True):
            keys.append(hashlib.blake2b(np.ascontiguousarray(row[:length]).tobytes(), digest_size=16).digest())
    return keys
