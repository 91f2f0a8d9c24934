"""The watermark of token models: how much text it needs, how often it cries wolf, and what it costs in quality.

    python benchmarks/watermark.py MODEL… [--keys 200] [--unmarked 10000] [--repeats 20] [--samples 1000] [--seed 0]
                                   [--json]

Three Markdown tables, a line or more for each model. All text is drawn by the model at temperature 1 and tested as the
arrays that it gave, end tokens counted, so nothing here depends on a decoder.

- **Power**: ``--keys`` independent keys mark a long text each, from places of their own. The test is made after every
  token that says anything, so what is needed is exact to one token: the fewest tokens (and whole samples) from which on
  at least 95 % of the keys have p < 1e-6; in brackets the 95 % interval of a bootstrap over keys. The model's entropy,
  a token given those before it, comes from the width of the interval of uniform numbers that would have drawn it.
- **False positives**: ``--unmarked`` samples of public seeds, shared out among (at most) 50 keys that have nothing to
  do with them, each tested alone, and in documents of as many samples as power needs. Counts stand beside those of a
  perfect test (tests × p ± the binomial standard deviation).
- **Quality**: ``--repeats`` sets of ``--samples`` marked samples, a key each, against as many of public seeds. Figures
  under the embedded source where the model was trained on one; for all models the share of distinct ones, the length,
  and nats a token under a trigram model and distance of bigrams (total variation), both of 10,000 other unmarked ones.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from rgan_kit.contracts import Batch, Truth
from rgan_kit.errors import RganKitError
from rgan_kit.evaluation import NGramModel, distinct_share, row_keys, sampled_rows
from rgan_kit.runtime import load, noise, watermark
from rgan_kit.runtime.decoding import find_domain
from rgan_kit.runtime.model import Model

DETECTED: Final = 1e-6
POWER: Final = 0.95
LEVELS: Final = (0.05, 0.01, 0.001, DETECTED)
KEYS_OF_UNMARKED: Final = 50
REFERENCE: Final = 10_000
PICKED: Final = 1000
FIRST_SAMPLES: Final = 16


class Draws:
    """Marked and unmarked text of a model, from seeds of its own.

    Args:
        model: of tokens.
        seed: of all seeds.
    """

    def __init__(self, model: Model, seed: int) -> None:
        self.model, self.key = model, watermark.make_key(model)
        self.rng = np.random.default_rng(seed)

    def new_seed(self) -> int:
        """A number below 2**64."""
        return int(self.rng.integers(noise.SEEDS, dtype=np.uint64, endpoint=False))

    def new_key(self) -> watermark.Key:
        """With a secret of its own."""
        return self.key.model_copy(update={"secret": self.new_seed()})

    def unmarked(self, count: int) -> dict[str, np.ndarray]:
        """Outputs of a public seed."""
        return self.model.outputs(count, seed=self.new_seed())

    def marked(self, key: watermark.Key, count: int) -> dict[str, np.ndarray]:
        """Outputs that carry a key's mark, as ``rgankit sample --watermark-key`` draws them."""
        return self.model.outputs(count, seed=key.secret, start=key.start(self.new_seed(), count))


def batch_of(outputs: Mapping[str, np.ndarray]) -> Batch[np.ndarray]:
    """Outputs as a decoder reads samples: end token counted."""
    tokens = outputs["tokens"]
    return Batch(tokens, np.minimum(outputs["lengths"] + 1, tokens.shape[1]))


def entropy(model: Model, seed: int, count: int) -> tuple[float, float]:
    """Nats of a token given all before it (and the latent), and their standard error, of ``count`` tokens picked from
    as many samples: minus the logarithm of the width of the interval of numbers that draw it, found by bisection."""
    given: dict[str, Any] = model.inputs(count, seed=seed)
    drawn = model.run(**given)
    batch = batch_of(drawn)
    rows, steps = np.nonzero(np.arange(batch.values.shape[1]) < batch.lengths[:, None])
    chosen = np.sort(np.random.default_rng(seed).choice(len(rows), min(count, len(rows)), replace=False))
    rows, steps = rows[chosen], steps[chosen]
    inputs: dict[str, Any] = {name: value[rows] if np.ndim(value) else value for name, value in given.items()}
    picked, each = drawn["tokens"][rows, steps], np.arange(len(rows))
    edges = []
    for outer in (0.0, 1.0):
        inside, outside = inputs["noise"][each, steps].astype(np.float64), np.full(len(rows), outer)
        for _ in range(22):
            middle = (inside + outside) / 2
            tried = inputs["noise"].copy()
            tried[each, steps] = np.minimum(middle, 1 - 2.0**-24)
            same = model.run(**{**inputs, "noise": tried})["tokens"][each, steps] == picked
            inside, outside = np.where(same, middle, inside), np.where(same, outside, middle)
        edges.append((inside + outside) / 2)
    nats = -np.log(np.maximum(edges[1] - edges[0], 2.0**-24))
    return float(nats.mean()), float(nats.std(ddof=1) / math.sqrt(len(nats)))


def detected(detector: watermark.Detector, batch: Batch[np.ndarray]) -> dict[str, np.ndarray]:
    """After how many informative tokens, tokens and samples of a text its key was found: bool ``[count]`` each."""
    rows, steps = detector.informative(batch)
    found = np.array([False, *(each.p_value < DETECTED for each in detector.growing(batch))])
    ends, complete = np.cumsum(batch.lengths), len(rows) < watermark.MOST_TOKENS
    read = ends[rows] - batch.lengths[rows] + steps + 1  # tokens read when each informative one has been
    tokens = np.arange(1, (ends[-1] if complete else read[-1]) + 1)
    samples = np.arange(1, (len(ends) if complete else rows[-1]) + 1)
    return {
        "informative": found[1:],
        "tokens": found[np.searchsorted(read, tokens, side="right")],
        "samples": found[np.searchsorted(rows, samples)],
    }


def needed(shares: np.ndarray, level: float = POWER) -> np.ndarray:
    """The first count (from 1) from which on shares ``[…, counts]`` stay at a level; one beyond where they do not."""
    short = shares < level - 1e-9
    last = shares.shape[-1] - np.argmax(short[..., ::-1], axis=-1)  # the last count that is too few
    return np.where(short.any(axis=-1), last + 1, 1)


def power(draws: Draws, keys: int) -> dict[str, Any]:
    """What ``keys`` keys need: for each unit the count, its bootstrap interval, and counts at lesser power."""
    samples = FIRST_SAMPLES
    while True:
        made = (draws.new_key() for _ in range(keys))
        texts = [detected(watermark.Detector(key), batch_of(draws.marked(key, samples))) for key in made]
        cut = {unit: min(len(text[unit]) for text in texts) for unit in texts[0]}
        hits = {unit: np.array([text[unit][: cut[unit]] for text in texts], float) for unit in cut}
        enough = needed(hits["samples"].mean(axis=0)) <= samples / 2
        if enough or cut["informative"] >= watermark.MOST_TOKENS or samples >= 2048:
            break
        samples *= 2
    weights = draws.rng.multinomial(keys, np.full(keys, 1 / keys), size=1000) / keys
    return {"keys": keys, "looked_at": cut, **{unit: unit_of(hit, weights) for unit, hit in hits.items()}}


def unit_of(hit: np.ndarray, weights: np.ndarray) -> dict[str, Any]:
    """What is needed of a unit, by hits ``[keys, counts]`` and bootstrap weights ``[resamples, keys]``; None where that
    is more than was looked at."""
    full, half = (int(needed(hit.mean(axis=0), level)) for level in (POWER, 0.5))
    low, high = np.quantile(needed(weights @ hit), (0.025, 0.975)).round().astype(int).tolist()
    most = hit.shape[1]
    return {"needed": full if full <= most else None, "interval": [low, high], "half": half if half <= most else None}


def false_positives(draws: Draws, unmarked: int, together: int) -> list[dict[str, Any]]:
    """Counts of tests below each level, of samples alone and of documents of ``together`` samples."""
    share = max(-(-unmarked // KEYS_OF_UNMARKED), together)
    p_values: dict[int, list[float]] = {size: [] for size in dict.fromkeys((1, together))}
    for first in range(0, unmarked, share):
        batch = batch_of(draws.unmarked(min(share, unmarked - first)))
        detector = watermark.Detector(draws.new_key())
        for size, values in p_values.items():
            for start in range(0, len(batch.lengths) - size + 1, size):
                part = slice(start, start + size)
                values.append(detector.detect(Batch(batch.values[part], batch.lengths[part])).p_value)
    return [
        {
            "samples": size,
            "tests": len(values),
            "least": min(values, default=1.0),
            "below": {level: int(np.sum(np.array(values) < level)) for level in LEVELS},
        }
        for size, values in p_values.items()
    ]


def truth_of(model: Model) -> Truth | None:
    """The embedded source that a model was trained on, if its data were drawn from one with default options."""
    domain = find_domain(model.manifest, model.source)
    for seed in range(10):
        try:
            dataset = domain.load(domain.options(), None, seed)
        except RganKitError:
            return None
        if dataset.fingerprint == model.manifest.hashes["data"]:
            return dataset.truth
    return None


def bigrams(outputs: Mapping[str, np.ndarray]) -> np.ndarray:
    """All pairs of neighbours, a number each: int64 ``[pairs]``."""
    tokens, batch = outputs["tokens"].astype(np.int64), batch_of(outputs)
    inside = np.arange(1, tokens.shape[1]) < batch.lengths[:, None]
    return (tokens[:, :-1] << 32 | tokens[:, 1:])[inside]


def distance(one: np.ndarray, other: np.ndarray) -> float:
    """Total variation between the shares of what two arrays hold."""
    kinds, number = np.unique(np.concatenate([one, other]), return_inverse=True)
    first, second = (np.bincount(part, minlength=len(kinds)) for part in np.split(number, [len(one)]))
    return float(np.abs(first / len(one) - second / len(other)).sum() / 2)


def quality(draws: Draws, repeats: int, samples: int) -> dict[str, dict[str, list[float]]]:
    """For every figure, its values of ``repeats`` sets of ``unmarked`` and of ``marked`` samples."""
    reference, truth = draws.unmarked(REFERENCE), truth_of(draws.model)
    sets = {
        "unmarked": [draws.unmarked(samples) for _ in range(repeats)],
        "marked": [draws.marked(draws.new_key(), samples) for _ in range(repeats)],
    }
    size = 2 + max(int(each["tokens"].max()) for each in (reference, *sets["unmarked"], *sets["marked"]))
    judge = NGramModel(sampled_rows(reference), vocab_size=size, bos=size - 1)
    pairs = bigrams(reference)
    measures: dict[str, Callable[[Mapping[str, np.ndarray]], float]] = {
        "distinct": lambda outputs: distinct_share(row_keys(sampled_rows(outputs), -1)),
        "length": lambda outputs: float(outputs["lengths"].mean()),
        "trigram_nats": lambda outputs: judge.nats_per_token(sampled_rows(outputs)),
        "bigram_distance": lambda outputs: distance(bigrams(outputs), pairs),
    }
    figures = {name: {kind: [f(each) for each in sets[kind]] for kind in sets} for name, f in measures.items()}
    if truth is not None:
        known = {kind: [truth.measure(draws.model.decoder.decode(each)) for each in sets[kind]] for kind in sets}
        figures |= {name: {kind: [m[name] for m in known[kind]] for kind in sets} for name in known["marked"][0]}
    return figures


Cells = Iterator[tuple[str, ...]]


def power_cells(figures: Mapping[str, Any]) -> Cells:
    need, (nats, error) = figures["power"], figures["nats_a_token"]
    cells = [f"{nats:.2f} ± {error:.2f}", f"{figures['informative_share']:.0%}"]
    for unit, most in need["looked_at"].items():
        count, (low, high) = need[unit]["needed"], need[unit]["interval"]
        cells.append(f"more than {most:,}" if count is None else f"{count:,} ({low:,}–{high:,})")
    yield (*cells, f"{need['tokens']['half']:,}" if need["tokens"]["half"] else "–")


def false_positive_cells(figures: Mapping[str, Any]) -> Cells:
    for each in figures["false_positives"]:
        n, tested = each["tests"], f"documents of {each['samples']}" if each["samples"] > 1 else "samples alone"
        counts = [f"{each['below'][p]:,} ({n * p:.3g} ± {math.sqrt(n * p * (1 - p)):.2g})" for p in LEVELS]
        yield tested, f"{n:,}", *counts, f"{each['least']:.1e}"


def quality_cells(figures: Mapping[str, Any]) -> Cells:
    """Mean (lowest–highest) of both kinds, and Welch's statistic: their difference in standard errors."""
    for figure, kinds in figures["quality"].items():
        plain, marked = (np.array(kinds[kind]) for kind in ("unmarked", "marked"))
        error = math.sqrt(plain.var(ddof=1) / len(plain) + marked.var(ddof=1) / len(marked))
        shown = [f"{values.mean():.4g} ({values.min():.4g}–{values.max():.4g})" for values in (plain, marked)]
        yield figure, *shown, f"{(marked.mean() - plain.mean()) / error:+.1f}" if error else "0"


TABLES: Final[dict[tuple[str, ...], Callable[[Mapping[str, Any]], Cells]]] = {
    (
        "nats a token",
        "informative",
        "informative tokens needed",
        "tokens",
        "samples",
        "tokens for half power",
    ): power_cells,
    ("tested", "tests", *(f"p < {level:g}" for level in LEVELS), "least p"): false_positive_cells,
    ("figure", "unmarked", "marked", "apart, standard errors"): quality_cells,
}


def measure(path: Path, given: argparse.Namespace) -> dict[str, Any]:
    """All figures of a model."""
    model = load(path, provider="cpu", threads=1)
    draws = Draws(model, given.seed)
    nats = entropy(model, draws.new_seed(), PICKED)
    need = power(draws, given.keys)
    known = [token for token, centre in enumerate(draws.key.centres) if centre is not None]
    informative = np.isin(sampled_rows(draws.unmarked(1000)).values, known)
    together = need["samples"]["needed"] or need["looked_at"]["samples"]
    return {
        "nats_a_token": nats,
        "informative_share": float(informative.mean()),
        "power": need,
        "false_positives": false_positives(draws, given.unmarked, together),
        "quality": quality(draws, given.repeats, given.samples),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="+", type=Path, metavar="MODEL")
    for name, value in (("keys", 200), ("unmarked", 10_000), ("repeats", 20), ("samples", 1000), ("seed", 0)):
        parser.add_argument(f"--{name}", type=int, default=value)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    found = {path.stem: measure(path, given) for path in given.models}
    if given.json:
        print(json.dumps(found, indent=2))
        return
    for titles, cells_of in TABLES.items():
        print(f"| model | {' | '.join(titles)} |\n|---|{'---:|' * len(titles)}")
        for name, figures in found.items():
            print("".join(f"| {name} | {' | '.join(cells)} |\n" for cells in cells_of(figures)), end="")
        print()


if __name__ == "__main__":
    main()
