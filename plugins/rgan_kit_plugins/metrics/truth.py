"""Figures of samples under the known source of the data, where there is one."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Final

from rgan_kit.contracts import KINDS, Better, Figure, MetricSpec, SampleSet
from rgan_kit_plugins.worlds.shapes import MOTIONS


def _compute(samples: SampleSet) -> Mapping[str, float]:
    truth = samples.dataset.truth
    if truth is None:
        return {}
    measure: Callable[..., Mapping[str, float]] = truth.measure
    if "labels" in inspect.signature(measure).parameters:
        return measure(samples.samples, labels=samples.labels)
    return measure(samples.samples)


def _share(name: str, meaning: str, title: str = "", better: Better = "higher") -> Figure:
    return Figure(name=name, title=title, meaning=meaning, unit="share", better=better)


FIGURES: Final = (
    _share("valid", "samples that the known source could have produced"),
    Figure(
        name="grammar_nll",
        title="grammar nats",
        meaning="nats a token of the valid samples under the known grammar",
        unit="nats a token",
    ),
    Figure(
        name="oracle_nll",
        title="oracle nats",
        meaning="nats a symbol of the valid samples under the oracle",
        unit="nats a symbol",
    ),
    Figure(
        name="melody_nll",
        title="melody nats",
        meaning="nats a token of the valid samples under the known process",
        unit="nats a token",
    ),
    _share("in_key", "samples whose notes all lie in one scale", "in key"),
    _share("in_range", "samples within the pitches of the known source", "in range"),
    _share("in_metre", "samples of four bars with no note across a bar line", "in metre"),
    Figure(
        name="series_nll",
        title="source nats",
        meaning="nats a step (density) of the samples under the known process",
        unit="nats a step",
    ),
    _share("one_shape", "clips with the same shape in every frame", "one shape"),
    _share("one_colour", "clips with the same colour in every frame", "one colour"),
    _share("combinations", "of shape, colour and motion that valid clips show, of all there are"),
    _share("label_motion", "clips that move as their class says", "motion as asked"),
    _share("known_motion", "clips whose track is a motion of the source", "known motion"),
    _share("backward", "clips that move so only when played backwards", better="lower"),
    _share("frozen", "clips that hardly move", better="lower"),
    *(
        Figure(name=f"motion_{motion}", title=f"motion: {motion}", meaning="of the clips", unit="share")
        for motion in MOTIONS
    ),
    Figure(name="speed", meaning="of the shape, in pictures a frame", unit="pictures a frame"),
    Figure(name="match", meaning="correlation with the nearest picture of the source", better="higher"),
    Figure(
        name="digit_balance",
        title="digit balance",
        meaning="1 where all digits are equally frequent",
        better="higher",
    ),
    Figure(
        name="sine_residual",
        title="no sine",
        meaning="what no sine explains, in amplitudes",
        unit="amplitudes",
        better="lower",
    ),
    Figure(
        name="phase_relation_error",
        title="phase relation",
        meaning="how far columns are from the phase that they have to each other, in turns",
        better="lower",
    ),
    Figure(
        name="frequency_distance",
        title="frequency distance",
        meaning="of the samples' frequencies from the source's (Wasserstein), in its range",
        better="lower",
    ),
    Figure(
        name="phase_distance",
        title="phase distance",
        meaning="of the samples' phases from the source's (Wasserstein), in turns",
        better="lower",
    ),
    Figure(
        name="spectrum_distance",
        title="spectrum distance",
        meaning="of the logarithm of the spectrum from the process's, nats a frequency",
        better="lower",
    ),
    Figure(
        name="autocorrelation_error",
        title="autocorrelation error",
        meaning="of correlations with the past from the process's",
        better="lower",
    ),
    Figure(name="return_deviation", title="deviation of returns", meaning="of the logarithm of a price, a day"),
    Figure(name="day_range", title="range of a day", meaning="of the logarithm of a price, lowest to highest"),
    Figure(name="range_persistence", title="range's persistence", meaning="correlation of a day's range with the next"),
    Figure(name="volume_of_range", title="volume by range", meaning="growth of log volume with log range"),
    Figure(
        name="innovation_std",
        title="innovations",
        meaning="standard deviation of what the past does not explain",
    ),
)

METRICS: Final = (
    MetricSpec(
        name="truth",
        summary="figures under the known source of the data, where there is one",
        kinds=frozenset(KINDS),
        compute=_compute,
        figures=FIGURES,
    ),
)
