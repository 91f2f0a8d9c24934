"""The figures of a training as a table: one column a moment, and the control, what real data gives, in the last."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rgan_kit.contracts.specs import CONTROL


@dataclass(frozen=True)
class Figure:
    """How a figure is shown."""

    title: str
    meaning: str
    share: bool = False

    def text(self, value: float | None) -> str:
        """The value as a cell."""
        if value is None or not math.isfinite(value):
            return "–"
        return f"{value:.1%}" if self.share else f"{value:.3f}"


FIGURES: dict[str, Figure] = {
    "valid": Figure("valid", "samples that the known source could have produced", share=True),
    "grammar_nll": Figure("grammar nats", "nats a token of the valid samples under the known grammar"),
    "oracle_nll": Figure("oracle nats", "nats a symbol of the valid samples under the oracle"),
    "heldout_nll": Figure("held-out nats", "nats a token of held-out data under the model, unknown ones left out"),
    "perplexity": Figure("perplexity", "e to the power of the held-out nats"),
    "bits_a_character": Figure("bits a character", "of held-out text under the model; comparable across levels"),
    "distinct": Figure("distinct", "samples that differ from each other", share=True),
    "verbatim": Figure("verbatim", "samples that stand word for word in the training data", share=True),
    "ngram_nll": Figure("3-gram nats", "nats a token of the samples under a trigram model of the training data"),
    "coverage_nll": Figure("coverage nats", "nats a token of held-out data under a trigram model of the samples"),
    "length": Figure("length", "mean length of the samples"),
    "melody_nll": Figure("melody nats", "nats a token of the valid samples under the known process"),
    "in_key": Figure("in key", "samples whose notes all lie in one scale", share=True),
    "in_range": Figure("in range", "samples within the pitches of the known source", share=True),
    "in_metre": Figure("in metre", "samples of four bars with no note across a bar line", share=True),
    "series_nll": Figure("source nats", "nats a step of the samples under the known process"),
    "marginal_distance": Figure("marginal distance", "of single values from training data; a column's range is 2"),
    "autocorrelation_distance": Figure("autocorrelation gap", "of correlations of values with those before"),
    "cross_correlation_distance": Figure("cross-correlation gap", "of correlations between columns"),
    "told_apart": Figure("told apart", "pairs of a sample and a training series that a judge orders; 0.5 is chance"),
    "changes_told_apart": Figure("changes told apart", "the same of changes from step to step"),
    "judge_distance": Figure("judge distance", "of what that judge looks at, in deviations of real data, squared"),
    "changes_judge_distance": Figure("changes' distance", "the same of changes from step to step"),
    "spread": Figure("spread", "deviation across samples; 1 is right, far below 1 is a collapse"),
    "near_copies": Figure("near copies", "samples that are all but equal to a training sample", share=True),
    "known_motion": Figure("known motion", "clips whose track is a motion of the source", share=True),
    "backward": Figure("backward", "clips that move so only when played backwards", share=True),
    "frozen": Figure("frozen", "clips that hardly move", share=True),
    "speed": Figure("speed", "of the shape, in pictures a frame"),
    "match": Figure("match", "correlation with the nearest picture of the source"),
    "digit_balance": Figure("digit balance", "1 where all digits are equally frequent"),
    "pixel_distance": Figure("pixel distance", "of a pixel's values from training data, in its deviations"),
    "motion_distance": Figure("motion distance", "of changes from frame to frame; 1 if frozen"),
    "sine_residual": Figure("no sine", "what no sine explains, in amplitudes"),
    "innovation_std": Figure("innovations", "standard deviation of what the past does not explain"),
}


def table(rows: Sequence[tuple[str, Mapping[str, float | None]]], reference: Mapping[str, float]) -> list[str]:
    """Evaluations as lines of text: a line a figure, a column a moment; below, what each figure means.

    Args:
        rows: moment and figures.
        reference: exact figures of the known source; empty where there is none.
    """
    figures = {name: value for _, values in rows for name, value in values.items()} | dict(reference)
    names = [name for name in FIGURES if name in figures]
    names += [name for name in figures if name not in FIGURES and f"{CONTROL}{name}" in figures]
    control = {name: figures[f"{CONTROL}{name}"] for name in names if f"{CONTROL}{name}" in figures} | dict(reference)
    columns = [*rows, ("real data", control)] if control else list(rows)
    shown = [FIGURES.get(name, Figure(name.replace("_", " "), "")) for name in names]
    cells = [["", *(moment for moment, _ in columns)]]
    for name, figure in zip(names, shown, strict=True):
        cells.append([figure.title, *(figure.text(values.get(name)) for _, values in columns)])
    widths = [max(len(row[column]) for row in cells) for column in range(len(columns) + 1)]
    legend = [f"{figure.title}: {figure.meaning}" for figure in shown if figure.meaning]
    return [*(_line(row, widths) for row in cells), "", *legend]


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    numbers = (cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))
    return "  ".join([row[0].ljust(widths[0]), *numbers])
