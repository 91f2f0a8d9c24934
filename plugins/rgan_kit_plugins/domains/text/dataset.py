"""From options and a path (or none) to a data set."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np

from rgan_kit.contracts import Dataset, Sequences, TokenSpec, Truth, UsageError
from rgan_kit_plugins.domains.text.decoder import TextDecoder
from rgan_kit_plugins.domains.text.files import Text, fingerprint, read_text
from rgan_kit_plugins.domains.text.language import embedded_grammar
from rgan_kit_plugins.domains.text.levels import Level, decide_level
from rgan_kit_plugins.domains.text.options import TextOptions
from rgan_kit_plugins.domains.text.samples import Samples, hold_out_at_random, lines_as_samples, windows_as_samples
from rgan_kit_plugins.domains.text.symbols import BOS, EOS, PAD, UNKNOWN, Vocabulary
from rgan_kit_plugins.domains.text.truth import GrammarTruth

_FEWEST_HELD_OUT_SENTENCES: Final = 500


def load(options: TextOptions, path: Path | None, seed: int) -> Dataset:
    """Reads text, or draws sentences of the embedded language where ``path`` is None.

    Raises:
        DataError: the text cannot be read or is too little; names the file and the line.
        UsageError: the options ask for windows of the embedded language.
    """
    rng = np.random.default_rng(seed)
    if path is None:
        return _load_embedded(options, seed, rng)
    text = read_text(path)
    level = decide_level(options.level, text.lines)
    if options.unit == "line":
        samples = lines_as_samples(text, level, options, hold_out_at_random(options, rng))
    else:
        samples = windows_as_samples(text, level, options, rng)
    files = f"{len(text.starts):,} files in {path}" if path.is_dir() else str(path)
    origin = {"data": f"{files}, {len(text.lines):,} lines"}
    if text.skipped:
        origin["skipped"] = ", ".join(text.skipped)
    return _assemble(samples, level, options, origin, text.fingerprint, None)


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
    text = Text(Path(name), lines, ((Path(name), 0),), (), mark)

    def last_ones(lines: Sequence[str], numbers: np.ndarray) -> np.ndarray:
        return numbers >= train

    level = decide_level(options.level, lines)
    samples = lines_as_samples(text, level, options, last_ones)
    origin = {"data": f"{name}, {train:,} training and {validation:,} validation sentences drawn with seed {seed}"}
    return _assemble(samples, level, options, origin, mark, GrammarTruth(grammar))


def _assemble(
    samples: Samples, level: Level, options: TextOptions, origin: dict[str, str], mark: str, truth: Truth | None
) -> Dataset:
    symbols = samples.symbols
    vocabulary = Vocabulary.fit(
        symbols.names,
        samples.train.cover(symbols.codes),
        min_count=options.min_count,
        max_size=options.max_vocabulary,
    )
    train, validation = (vocabulary.encode(spans, symbols.codes) for spans in (samples.train, samples.validation))
    longest = int(max(train.lengths.max(), validation.lengths.max())) - 1
    spec = TokenSpec(len(vocabulary.names), BOS, EOS, PAD, longest, UNKNOWN)
    summary = {
        **origin,
        "level": f"{level.name}, {level.reason}",
        **samples.notes,
        "lengths": f"{train.lengths.mean() - 1:.1f} {level.name}s on average, {longest:,} at most",
        "vocabulary": f"{len(vocabulary.names) - (UNKNOWN + 1):,} of {len(symbols.names):,} different {level.name}s: "
        f"those that occur at least {vocabulary.min_count:,} times in training, {options.max_vocabulary:,} at most",
        "unknown": f"{_unknown_share(train):.2%} of training and {_unknown_share(validation):.2%} of validation "
        f"{level.name}s are outside the vocabulary",
        "training and validation": f"{len(train):,} and {len(validation):,} samples",
    }
    decoder = TextDecoder(level.name, vocabulary.names)
    return Dataset(spec, train, validation, decoder, mark, summary, truth)


def _unknown_share(sequences: Sequences) -> float:
    unknown = np.count_nonzero(sequences.values == UNKNOWN)
    return unknown / max(1, len(sequences.values) - len(sequences))
