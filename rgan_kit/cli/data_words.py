"""The report on a data set for people, and what of it a training says too."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np

from rgan_kit.cli.console import Results
from rgan_kit.contracts import Dataset
from rgan_kit.files import count_files

REFUSED_SHOWN = 20
FEATURES_SHOWN = 12
CLASSES_SHOWN = 20


def print_report(report: dict[str, Any], results: Results) -> None:
    """What ``examine`` found."""
    results.line(f"{report['path']}: {report['kind']}, read by domain {report['domain']}")
    if report["files_seen"]["others"] or len(report["files_seen"]["domains"]) > 1:
        results.line(f"  files there: {report['files_seen']['words']}")
    for key, text in report["summary"].items():
        results.line(f"  {key}: {text}")
    for line in (*_refused(report["refused"]), *map(_loudly, report["not_as_they_are"])):
        results.line(line)
    samples, lengths, memory = report["samples"], report["lengths"], report["memory"]
    results.line(f"samples: {samples['training']:,} for training, {samples['validation']:,} held out")
    results.line(f"lengths: {lengths['shortest']:,} to {lengths['longest']:,}, {lengths['mean']:,.1f} on average")
    for line in _content(report["content"]):
        results.line(line)
    if report["labels"]:
        counted = [name if count is None else f"{name} ({count:,})" for name, count in report["labels"].items()]
        more = f", and {len(counted) - CLASSES_SHOWN:,} more" if len(counted) > CLASSES_SHOWN else ""
        results.line(f"classes: {', '.join(counted[:CLASSES_SHOWN])}{more}")
    held = "decoded (in memory, or on disk above the domain's budget)" if memory["streamed"] else "for all samples"
    batch = f"{_size(memory['batch'])} at most for a batch of {memory['batch_size']}"
    results.line(f"memory: {_size(memory['data'])} {held}, {batch}")
    results.line("examples:")
    for example in report["examples"]:
        results.line(f"  {example}")
    for file in report["files"]:
        results.line(f"written: {file}")
    results.line(f"recipes that fit: {', '.join(report['recipes']) or 'none (see: rgankit plugins list)'}")
    _print_outlook(report, results)


def _print_outlook(report: dict[str, Any], results: Results) -> None:
    if report["too_little"]:
        results.line(f"\nTOO LITTLE TO TRAIN ON: {report['too_little']}")
        return
    if pace := report["training"]:
        steps = f"{pace['steps']:,} steps of {pace['recipe']}"
        results.line(f"training time: about {_duration(pace['seconds'])} for {steps}, as timed here on one thread")
    if report["recipes"]:
        results.line(f"\nnext: {shlex.join(report['next'])}")


def announced(dataset: Dataset) -> Iterator[str]:
    """What a training says of its data: the summary, how many files were left out, and what was not taken as it is."""
    for key, text in dataset.summary.items():
        yield f"  {key}: {text}"
    if dataset.refused:
        yield f"  files left out: {count_files(dataset.refused):,} (which and why: rgankit data check)"
    for tally in dataset.tallies:
        if tally.count:
            yield _loudly({"words": str(tally), "loud": tally.loud, "hint": tally.hint})


def _loudly(tally: Mapping[str, Any]) -> str:
    hint = f" ({tally['hint']})" if tally["hint"] else ""
    return f"{'WARNING: ' if tally['loud'] else '  '}{tally['words']}{hint}"


def _refused(refused: dict[str, str]) -> Iterator[str]:
    if refused:
        yield f"left out: {count_files(refused):,} files"
    for name, reason in list(refused.items())[:REFUSED_SHOWN]:
        yield f"  {name}: {reason}"
    if len(refused) > REFUSED_SHOWN:
        yield f"  … and {len(refused) - REFUSED_SHOWN:,} more (all of them: --json)"


def _content(content: dict[str, Any]) -> Iterator[str]:
    if "vocabulary" in content:
        yield f"vocabulary: {content['vocabulary']:,} tokens, {content['special']} of them special"
    elif "features" in content:
        yield f"features: {len(content['features']):,}"
        rows = list(_features(content["features"]))
        yield from rows[:FEATURES_SHOWN]
        if len(rows) > FEATURES_SHOWN:
            yield f"  … (all {len(content['features']):,}: --json)"
    else:
        shape = f"{content['width']} × {content['height']}, {content['channels']} channel(s)"
        yield f"frames: {shape}, {content['frames_a_second']:g} a second"


def _features(features: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """A line for each run of neighbours with the same range."""
    for (low, high), run in groupby(features, lambda each: (each["minimum"], each["maximum"])):
        names = [each["name"] for each in run]
        named = names[0] if len(names) == 1 else f"{names[0]} to {names[-1]} ({len(names):,})"
        yield f"  {named}: {_number(low)} to {_number(high)}"


def _number(value: float) -> str:
    """Whole numbers with all their digits, as ids have them."""
    return f"{value:.0f}" if value == round(value) and abs(value) < 1e17 else f"{value:g}"


def _duration(seconds: float) -> str:
    """As people say it."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = seconds / 60
    return f"{minutes:,.0f} min" if minutes < 90 else f"{minutes / 60:,.1f} h"


def _size(count: int) -> str:
    """Bytes as people read them."""
    if count < 1000:
        return f"{count} bytes"
    power = min(int(np.log10(count) // 3), 4)
    return f"{count / 1000**power:,.1f} {('kB', 'MB', 'GB', 'TB')[power - 1]}"
