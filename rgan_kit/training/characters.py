"""How many characters symbols stand for, so that likelihoods of characters, words and pieces of words compare."""

from __future__ import annotations

import numpy as np

from rgan_kit.contracts import Dataset, SequenceSource, TokenSpec


def symbols_per_character(dataset: Dataset, source: SequenceSource, picked: np.ndarray) -> float | None:
    """Symbols of samples divided by the characters of their text; the end of a sample is one of both. What is not
    scored (context, unknown symbols) is left out.

    Args:
        dataset: of tokens, with the decoder.
        source: where the samples are.
        picked: int64, their numbers.

    Returns:
        None where samples are no text, or there are none.
    """
    spec = dataset.spec
    assert isinstance(spec, TokenSpec)
    symbols = characters = 0
    for index in picked:
        batch = source.take(np.array([index]))
        context = 0 if batch.context is None else int(batch.context[0])
        tokens = batch.values[:, context : int(batch.lengths[0]) - spec.ends]
        known = tokens[:, tokens[0] != (-1 if spec.unknown is None else spec.unknown)]
        (text,) = dataset.decoder.decode({"tokens": known, "lengths": np.array([known.shape[1]])})
        if not isinstance(text, str):
            return None
        symbols += known.shape[1] + spec.ends
        characters += len(text) + spec.ends
    return symbols / characters if characters else None
