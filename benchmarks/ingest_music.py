"""A folder of MIDI files, parsed and turned into tokens: this package (its worker processes and their start included)
beside pretty_midi, in one run.

python benchmarks/ingest_music.py FOLDER [--representation melody] [--runs 5] [--json]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pretty_midi
from symusic import Score

from rgan_kit_plugins.domains.music.cutting import Cutting, cut
from rgan_kit_plugins.domains.music.dataset import load
from rgan_kit_plugins.domains.music.decoder import MusicDecoder
from rgan_kit_plugins.domains.music.encoding import encode
from rgan_kit_plugins.domains.music.options import MusicOptions
from rgan_kit_plugins.domains.music.songs import Song

TICKS = 480


def seconds(work: Callable[[], object]) -> tuple[float, float]:
    """Of the clock, and of the processors: of this process and of those that it started."""
    before, began = os.times(), time.perf_counter()
    work()
    passed, after = time.perf_counter() - began, os.times()
    return passed, sum(after[:4]) - sum(before[:4])


def song_of(score: pretty_midi.PrettyMIDI) -> Song:
    """What pretty_midi read, as the arrays that the tokens are made from."""
    rows = [
        (score.time_to_tick(note.start), score.time_to_tick(note.end), note.pitch, note.velocity, track)
        for track, instrument in enumerate(score.instruments)
        for note in instrument.notes
    ]
    notes = np.array(rows, np.int64)
    notes[:, 1] -= notes[:, 0]
    programs = np.array([instrument.program for instrument in score.instruments])
    names = tuple(instrument.name for instrument in score.instruments)
    nothing, tempos = np.zeros((0, 3), np.int64), np.array([[0.0, 120.0]])
    return Song(score.resolution, np.array([[0, 4, 4]]), tempos, programs, names, notes, nothing, "", {})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--representation", default="melody", choices=["melody", "events", "remi", "pianoroll"])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    options = MusicOptions(representation=arguments.representation)
    files = sorted(arguments.folder.rglob("*.mid"))
    cutting, decoder = Cutting.of(options), load(options, arguments.folder, 0).decoder
    assert isinstance(decoder, MusicDecoder)

    def tokens_by_pretty_midi() -> None:
        songs = [song_of(pretty_midi.PrettyMIDI(str(file))) for file in files]
        done = cut(songs, cutting, decoder.steps_per_beat, decoder.pitches).songs
        passages = [passage for own in done if not isinstance(own, str) for passage in own]
        encode(decoder.form, passages, cutting.max_length, Counter())

    works: dict[str, Callable[[], object]] = {
        "parse, symusic": lambda: [Score(str(file)) for file in files],
        "parse, pretty_midi": lambda: [pretty_midi.PrettyMIDI(str(file)) for file in files],
        "files to tokens, rgan-kit": lambda: load(options, arguments.folder, 0),
        "files to tokens, pretty_midi": tokens_by_pretty_midi,
    }
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in works}
    for _ in range(arguments.runs):
        for name, work in works.items():
            taken[name].append(seconds(work))
    median = {name: [statistics.median(each) for each in zip(*own, strict=True)] for name, own in taken.items()}
    report = {
        "files": len(files),
        "representation": arguments.representation,
        **{name: {"seconds": round(wall, 4), "cpu_seconds": round(cpu, 3)} for name, (wall, cpu) in median.items()},
        "parsing, times faster": round(median["parse, pretty_midi"][0] / median["parse, symusic"][0], 1),
        "files to tokens, times faster": round(
            median["files to tokens, pretty_midi"][0] / median["files to tokens, rgan-kit"][0], 1
        ),
        "files to tokens, times less processor time": round(
            median["files to tokens, pretty_midi"][1] / median["files to tokens, rgan-kit"][1], 1
        ),
    }
    if arguments.json:
        print(json.dumps(report, indent=2))
        return
    for name, value in report.items():
        print(f"{name:<44} {value}")


if __name__ == "__main__":
    main()
