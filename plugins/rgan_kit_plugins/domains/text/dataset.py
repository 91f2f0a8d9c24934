"""From options and a path (or none) to a data set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from rgan_kit.contracts import Dataset, Sequences, TokenSpec, UsageError
from rgan_kit_plugins.domains.text.decoder import TextDecoder
from rgan_kit_plugins.domains.text.files import Part, Text, fingerprint, read_text
from rgan_kit_plugins.domains.text.levels import Level, decide_level
from rgan_kit_plugins.domains.text.options import TextOptions
from rgan_kit_plugins.domains.text.reading import layout_of, reading_of
from rgan_kit_plugins.domains.text.samples import Samples, hold_out_at_random, lines_as_samples, windows_as_samples
from rgan_kit_plugins.domains.text.subwords import as_subwords
from rgan_kit_plugins.domains.text.symbols import BOS, EOS, PAD, UNKNOWN, Vocabulary
from rgan_kit_plugins.worlds.sentences import GrammarTruth, embedded_grammar

_FEWEST_HELD_OUT_SENTENCES: Final = 500


def load(options: TextOptions, path: Path | None, seed: int) -> Dataset:
    """Reads text, or draws sentences of the embedded language where ``path`` is None.

    Raises:
        DataError: the text cannot be read or is too little; names the file and the line.
        UsageError: the options ask for windows of the embedded language, or for classes of windows.
        DeviceError: subwords are asked for, and ``tokenizers`` is not installed.
    """
    rng = np.random.default_rng(seed)
    if path is None:
        return _load_embedded(options, seed, rng)
    if options.unit == "window" and options.labels in ("file", "folder"):
        raise UsageError(
            "Windows run on from file to file, so they have no classes.",
            "Leave domain.unit at line, or domain.labels at auto.",
        )
    layout = layout_of(options)
    text = read_text(path, layout)
    level = decide_level(options, text.lines)
    if options.unit == "line":
        samples = lines_as_samples(text, level, options, hold_out_at_random(options, rng))
    else:
        samples = windows_as_samples(text, level, options, rng)
    files = f"{len(text.parts):,} files in {path}" if path.is_dir() else str(path)
    origin = {"data": f"{files}, {len(text.lines):,} lines"}
    if text.refused:
        origin["skipped"] = ", ".join(f"{name} ({reason})" for name, reason in text.refused.items())
    return replace(_assemble(samples, level, options, origin, text.fingerprint), refused=text.refused)


def make(options: TextOptions, folder: Path, seed: int) -> list[Path]:
    """Writes ``sentences.txt``: ``options.embedded_sentences`` sentences of the embedded language, one a line."""
    grammar = embedded_grammar()
    rng = np.random.default_rng(seed)
    lines = [" ".join(grammar.sample(rng)) for _ in range(options.embedded_sentences)]
    file = folder / "sentences.txt"
    file.write_bytes("".join(f"{line}\n" for line in lines).encode())
    return [file]


def _load_embedded(options: TextOptions, seed: int, rng: np.random.Generator) -> Dataset:
    if options.unit != "line":
        raise UsageError(
            "The embedded language comes in sentences and not in windows.",
            "Give a text with --data, or leave domain.unit at line.",
        )
    grammar = embedded_grammar()
    train = options.embedded_sentences
    share = options.validation_share
    validation = max(_FEWEST_HELD_OUT_SENTENCES, round(train * share / (1 - share)))
    lines = [" ".join(grammar.sample(rng)) for _ in range(train + validation)]
    name = "embedded language"
    mark = fingerprint([(name, "\n".join(lines).encode())])
    text = Text(Path(name), lines, (Part(Path(name), 0),), mark)

    def last_ones(lines: Sequence[str], numbers: np.ndarray) -> np.ndarray:
        return numbers >= train

    level = decide_level(options, lines)
    samples = lines_as_samples(text, level, options, last_ones)
    origin = {"data": f"{name}, {train:,} training and {validation:,} validation sentences drawn with seed {seed}"}
    return replace(_assemble(samples, level, options, origin, mark), truth=GrammarTruth(grammar))


def _assemble(samples: Samples, level: Level, options: TextOptions, origin: dict[str, str], mark: str) -> Dataset:
    if level.name == "subword":
        samples, vocabulary, merges = as_subwords(samples, options)
        level = replace(level, merges=merges)
    else:
        covered = samples.train.cover(samples.symbols.codes)
        vocabulary = Vocabulary.fit(
            samples.symbols.names, covered, min_count=options.min_count, max_size=options.max_vocabulary
        )
    train, validation = (
        vocabulary.encode(spans, samples.symbols.codes, labels)
        for spans, labels in zip((samples.train, samples.validation), samples.labels, strict=True)
    )
    longest = int(max(train.lengths.max(), validation.lengths.max())) - 1
    spec = TokenSpec(len(vocabulary.names), BOS, EOS, PAD, longest, UNKNOWN, labels=samples.classes)
    summary = {
        **origin,
        "level": f"{level.name}, {level.reason}",
        **samples.notes,
        "lengths": f"{train.lengths.mean() - 1:.1f} {level.noun}s on average, {longest:,} at most",
        "vocabulary": _describe_vocabulary(vocabulary, level, samples, options),
        "unknown": f"{_unknown_share(train):.2%} of training and {_unknown_share(validation):.2%} of validation "
        f"{level.noun}s are outside the vocabulary",
        "training and validation": f"{len(train):,} and {len(validation):,} samples",
    }
    decoder = TextDecoder(level.name, vocabulary.names, reading_of(level, options, samples))
    return Dataset(spec, train, validation, decoder, mark, summary)


def _describe_vocabulary(vocabulary: Vocabulary, level: Level, samples: Samples, options: TextOptions) -> str:
    if level.merges is not None:
        merged = len(level.merges.symbols)
        return (
            f"{len(vocabulary.written):,} subwords: {len(vocabulary.written) - merged:,} characters, {merged:,} merges"
        )
    return (
        f"{len(vocabulary.written):,} of {len(samples.symbols.names):,} different {level.name}s: those that occur at "
        f"least {vocabulary.min_count:,} times in training, {options.max_vocabulary:,} at most"
    )


def _unknown_share(sequences: Sequences) -> float:
    unknown = np.count_nonzero(sequences.values == UNKNOWN)
    return unknown / max(1, len(sequences.values) - len(sequences))
