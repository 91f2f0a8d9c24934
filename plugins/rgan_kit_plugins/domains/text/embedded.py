"""Text without a user's files: sentences of the embedded language, or sequences of the oracle."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from rgan_kit.contracts import Truth, UsageError
from rgan_kit.files import Found, Split, fingerprint
from rgan_kit_plugins.domains.text.encoding import SPECIAL, Level, Vocabulary, least_type, with_ends
from rgan_kit_plugins.domains.text.judging import settle_level
from rgan_kit_plugins.domains.text.options import TextOptions
from rgan_kit_plugins.domains.text.reading import Corpus, Passages
from rgan_kit_plugins.domains.text.records import Layout, Records
from rgan_kit_plugins.domains.text.samples import LearntText, learn_samples
from rgan_kit_plugins.worlds.oracle import LENGTH, SYMBOLS, OracleTruth, embedded_oracle
from rgan_kit_plugins.worlds.sentences import GrammarTruth, embedded_grammar

_FEWEST_HELD_OUT: Final = 500

Drawn = tuple[LearntText, Corpus, dict[str, str], Truth]
"""What became of it, where it is said to come from, what was decided, and the known source."""


def draw(options: TextOptions, seed: int, rng: np.random.Generator) -> Drawn:
    """As many as the options say, and held-out ones.

    Raises:
        UsageError: the options ask for anything but lines; of the oracle, for anything but its symbols.
    """
    what = "The embedded language comes in sentences" if options.embedded == "language" else "The oracle writes lines"
    if options.unit not in ("auto", "line"):
        raise UsageError(
            f"{what} and not {'in ' * (options.embedded == 'language')}{options.unit}s.",
            "Give a text with --data, or leave domain.unit at line.",
        )
    share = options.validation_share
    train = options.embedded_sentences
    validation = max(_FEWEST_HELD_OUT, round(train * share / (1 - share)))
    return (_of_language if options.embedded == "language" else _of_oracle)(options, train, validation, seed, rng)


def lines(options: TextOptions, rng: np.random.Generator) -> list[str]:
    """As many as the options say."""
    if options.embedded == "oracle":
        drawn = embedded_oracle().sample(options.embedded_sentences, rng)
        return [" ".join(map(str, sequence)) for sequence in drawn.tolist()]
    grammar = embedded_grammar()
    return [" ".join(grammar.sample(rng)) for _ in range(options.embedded_sentences)]


def _of_language(options: TextOptions, train: int, validation: int, seed: int, rng: np.random.Generator) -> Drawn:
    grammar = embedded_grammar()
    sentences = [" ".join(grammar.sample(rng)) for _ in range(train + validation)]
    name = "embedded language"
    document = (Path(name), Records(sentences, range(1, len(sentences) + 1)))
    corpus = _corpus(name, (document,), fingerprint(["\n".join(sentences).encode()]))
    level, reason = settle_level(options, corpus, "line")

    def the_last(passages: Passages, kept: np.ndarray) -> Split:
        return Split.of(kept >= train, "the last sentences drawn are held out")

    learnt = learn_samples(corpus.passages("line"), level, options, "line", the_last)
    notes = {
        "data": f"{name}, {train:,} training and {validation:,} validation sentences drawn with seed {seed}",
        "level": f"{level.name}, {reason}",
    }
    return learnt, corpus, notes, GrammarTruth(grammar)


def _of_oracle(options: TextOptions, train: int, validation: int, seed: int, rng: np.random.Generator) -> Drawn:
    """Its symbols are all known, whether they were drawn or not."""
    if options.level not in ("auto", "word"):
        raise UsageError(f"The symbols of the oracle are not cut into {options.level}s.", "Leave domain.level at word.")
    oracle = embedded_oracle()
    drawn = oracle.sample(train + validation, rng)
    vocabulary = Vocabulary((*SPECIAL, *map(str, range(SYMBOLS))), found=SYMBOLS)
    tokens = (drawn + len(SPECIAL)).astype(least_type(len(vocabulary.names)))
    first, rest = (
        with_ends(side.reshape(-1), np.full(len(side), LENGTH, np.int64)) for side in (tokens[:train], tokens[train:])
    )
    notes = {
        "data": f"oracle, {train:,} training and {validation:,} validation sequences drawn with seed {seed}",
        "level": "word, one a symbol of the oracle",
    }
    learnt = LearntText(first, rest, Level("word"), vocabulary, {"split": "the last sequences drawn are held out"})
    return learnt, _corpus("oracle", (), fingerprint([drawn.astype("<u2").tobytes()])), notes, OracleTruth(oracle)


def _corpus(name: str, documents: tuple[tuple[Path, Records], ...], digest: str) -> Corpus:
    return Corpus(Found(Path(name), (Path(name),)), documents, {}, digest, Layout())
