"""From options and a path (or none) to a data set."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from rgan_kit.contracts import DataError, Dataset, TokenSpec, TooLittleError
from rgan_kit_plugins.domains.text import embedded
from rgan_kit_plugins.domains.text.decoder import TextDecoder, TextManifest
from rgan_kit_plugins.domains.text.encoding import BOS, EOS, PAD, UNKNOWN
from rgan_kit_plugins.domains.text.judging import settle_level, settle_unit
from rgan_kit_plugins.domains.text.options import TextOptions
from rgan_kit_plugins.domains.text.reading import Corpus, Unit, read_corpus
from rgan_kit_plugins.domains.text.records import Layout
from rgan_kit_plugins.domains.text.running import learn_windows
from rgan_kit_plugins.domains.text.samples import USE_WINDOWS, LearntText, hold_out, learn_samples

_LARGE: Final = 6400
"""Samples of characters that a training of usual length (64,000 samples) passes over ten times."""


def load(options: TextOptions, path: Path | None, seed: int) -> Dataset:
    """Reads text, or draws sentences of the embedded language where ``path`` is None.

    Raises:
        DataError: the text cannot be read, with the file and the line; or it is one symbol all through.
        TooLittleError: it is fewer than ten samples.
        UsageError: the options ask for anything but sentences of the embedded language, or lines of the oracle.
        DeviceError: subwords are asked for, and ``tokenizers`` is not installed.
    """
    rng = np.random.default_rng(seed)
    if path is None:
        learnt, corpus, notes, truth = embedded.draw(options, seed, rng)
        return replace(_assemble(learnt, "line", corpus, notes), truth=truth)
    layout = Layout(options.labels, options.columns, options.text_key, options.label_key)
    corpus = read_corpus(path, layout, options.held_out)
    unit, because = settle_unit(options, corpus)
    level, reason = settle_level(options, corpus, unit)
    passages = corpus.passages(unit)
    if unit == "window":
        learnt = learn_windows(passages, level, options, rng)
    else:
        learnt = learn_samples(passages, level, options, unit, hold_out(options, rng))
    if unit == "window" and learnt.vocabulary.found == 1:
        only = learnt.vocabulary.written[0]
        raise DataError(f"{path}: the whole text is {only!r} again and again: there is nothing to learn from it.")
    files = f"{len(corpus.documents):,} files in {path}" if path.is_dir() else str(path)
    if unit != "window":
        files += f", {len(passages.texts):,} {passages.noun(unit)}s"
    notes = {"data": "; ".join([files, *corpus.notes])}
    if because:
        notes["unit"] = f"{unit}, {because}"
    dataset = _assemble(learnt, unit, corpus, {**notes, "level": f"{level.name}, {reason}"})
    if learnt.too_little:
        raise TooLittleError(learnt.too_little, USE_WINDOWS, dataset)
    return dataset


def make(options: TextOptions, folder: Path, seed: int) -> list[Path]:
    """Writes ``options.embedded_sentences`` sentences of the embedded language (``sentences.txt``) or sequences of the
    oracle (``oracle.txt``), one a line."""
    file = folder / ("sentences.txt" if options.embedded == "language" else "oracle.txt")
    written = embedded.lines(options, np.random.default_rng(seed))
    file.write_bytes("".join(f"{line}\n" for line in written).encode())
    return [file]


def _assemble(learnt: LearntText, unit: Unit, corpus: Corpus, notes: dict[str, str]) -> Dataset:
    train, validation, level, vocabulary = learnt.train, learnt.validation, learnt.level, learnt.vocabulary
    ends = not learnt.window
    lengths = train.lengths - ends
    longest = int(max(lengths.max(), validation.lengths.max(initial=1) - ends))
    spec = TokenSpec(len(vocabulary.names), BOS, EOS, PAD, longest, UNKNOWN, labels=learnt.classes, ends=ends)
    summary = {
        **notes,
        **learnt.notes,
        "lengths": f"{lengths.mean():.1f} {level.noun}s on average, {longest:,} at most",
        "vocabulary": _describe_vocabulary(learnt),
        "training and validation": f"{len(train):,} and {len(validation):,} samples",
    }
    defaults = {}
    if level.name == "character" and len(train) >= _LARGE:
        defaults = {"generator.dropout": 0.0}
        summary["dropout"] = (
            "none unless asked for: a training passes over so much text too seldom to learn it by heart"
        )
    decoder = TextDecoder(TextManifest.of(level, vocabulary.names, unit, corpus.layout, learnt.classes, learnt.window))
    return Dataset(
        spec, train, validation, decoder, corpus.fingerprint, summary, refused=corpus.left_out, tallies=learnt.tallies,
        defaults=defaults,
    )  # fmt: skip


def _describe_vocabulary(learnt: LearntText) -> str:
    vocabulary, level = learnt.vocabulary, learnt.level
    written = len(vocabulary.written)
    if level.merges is not None:
        merged = len(level.merges.symbols)
        return f"{written:,} subwords: {written - merged:,} characters, {merged:,} merges"
    return (
        f"{written:,} of {vocabulary.found:,} different {level.name}s: those that occur at least "
        f"{vocabulary.min_count:,} times in training"
    )
