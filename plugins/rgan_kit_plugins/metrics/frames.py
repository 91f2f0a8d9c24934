"""What is measured of clips and pictures while a model trains."""

from __future__ import annotations

from typing import Final

from rgan_kit.contracts import Figure, Kind, MetricSpec
from rgan_kit_plugins.metrics import frame_judges, frame_metrics
from rgan_kit_plugins.metrics.common import AUTOCORRELATION, DISTINCT, NEAR_COPIES, SPREAD, SPREAD_ERROR

_FRAMES: Final[frozenset[Kind]] = frozenset({"frames"})

METRICS: Final = (
    MetricSpec(
        name="frame_judge",
        summary="how often a small classifier tells samples from training data",
        kinds=_FRAMES,
        compute=frame_judges.judged,
        selects=("frames_judge_distance",),
        paper="Dempster et al. 2020, arXiv:1910.13051; Lopez-Paz & Oquab 2017, arXiv:1610.06545",
        figures=(
            Figure(
                name="frames_told_apart",
                title="told apart",
                meaning="pairs of a sample and a training one that a small judge orders; 0.5 is chance",
                better="lower",
            ),
            Figure(
                name="frames_judge_distance",
                title="judge distance",
                meaning="of what that judge looks at, in deviations of real data, squared",
                better="lower",
            ),
        ),
    ),
    MetricSpec(
        name="frame_classes",
        summary="share of samples in which a small classifier sees the class that was asked for",
        kinds=_FRAMES,
        compute=frame_judges.recognised,
        selects=("label_error",),
        paper="Coates et al. 2011, An analysis of single-layer networks in unsupervised feature learning",
        figures=(
            Figure(
                name="label_accuracy",
                title="class as asked",
                meaning="samples in which a small classifier sees the class that was asked for",
                unit="share",
                better="higher",
            ),
            Figure(
                name="label_error",
                title="other class",
                meaning="samples in which it sees another one",
                unit="share",
                better="lower",
            ),
            Figure(
                name="class_coverage",
                title="classes covered",
                meaning="how far the classes that it sees are as frequent as those that were asked for",
                unit="share",
                better="higher",
            ),
        ),
    ),
    MetricSpec(
        name="frame_pixels",
        summary="Wasserstein distance between the values of a pixel in samples and in training data",
        kinds=_FRAMES,
        compute=frame_metrics.pixels,
        selects=("pixel_distance",),
        figures=(
            Figure(
                name="pixel_distance",
                title="pixel distance",
                meaning="of a pixel's values from training data (Wasserstein), in its deviations",
                better="lower",
            ),
        ),
    ),
    MetricSpec(
        name="frame_motion",
        summary="Wasserstein distance between the change from frame to frame in samples and in training data",
        kinds=_FRAMES,
        compute=frame_metrics.motion,
        selects=("motion_distance",),
        figures=(
            Figure(
                name="motion_distance",
                title="motion distance",
                meaning="of changes from frame to frame; 1 if frozen",
                better="lower",
            ),
        ),
    ),
    MetricSpec(
        name="frame_autocorrelation",
        summary="difference of pixels' correlation with themselves later between samples and training data",
        kinds=_FRAMES,
        compute=frame_metrics.autocorrelations,
        selects=("autocorrelation_distance",),
        figures=(AUTOCORRELATION,),
    ),
    MetricSpec(
        name="frame_spread",
        summary="deviation across samples as a share of that of the training data; far below 1 after a collapse",
        kinds=_FRAMES,
        compute=frame_metrics.spread,
        selects=("spread_error",),
        figures=(SPREAD, SPREAD_ERROR),
    ),
    MetricSpec(
        name="frame_copies",
        summary="share of samples that differ from each other, and share that are near copies of training data",
        kinds=_FRAMES,
        compute=frame_metrics.copies,
        figures=(DISTINCT, NEAR_COPIES),
    ),
)
