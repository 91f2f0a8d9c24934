"""Bach's chorales as piano rolls: nats a frame of a recurrent NADE on their test part, by the data's own split.

    python benchmarks/chorales.py FILE.json|FOLDER [--told-shift] [--recipe lstm-lm] [--seeds 0] [--set k=v …]

FILE.json has `train`, `valid` and `test`, each a list of pieces, each a list of frames (quarter notes), each a list of
the MIDI pitches that sound. It becomes .mid files with one beat a bar, which the domain `music` reads back to the same
frames (that is checked). A FOLDER has .mid files in `train`, `valid` and `test`; it reads them on a grid of quarter
notes, and bars are filled up with silence.

As in the literature (Boulanger-Lewandowski et al. 2012, arXiv:1206.6392), a frame is given those before it and nothing
else: how long a piece is is neither told nor counted, as it is in `rgankit train`. Training pieces also count up to
five semitones higher and lower. With --told-shift the model is told by how many, which are none for the test part: for
data whose pieces all stand in one key, as those of the published tables do. Weights are the averaged ones at the end.
Beside them stands the control: every key by itself, as often as in the training part. Minutes are of one processor.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from rgan_kit.config import Request, RunConfig, resolve
from rgan_kit.contracts import Batch, Dataset, SequenceSource
from rgan_kit.plugins.registry import default_registry
from rgan_kit.training.engine import Engine
from rgan_kit.training.session import load_dataset, make_trainer
from rgan_kit_plugins.domains.music.metres import Metre
from rgan_kit_plugins.domains.music.midi import to_midi
from rgan_kit_plugins.domains.music.notes import Defaults
from rgan_kit_plugins.domains.music.pianoroll import PianoRoll

PITCHES = range(21, 109)
MOST = 5
COPIES = 3
"""With --told-shift, how often a piece in its own key counts, and in each other one once."""

SETTINGS = (
    "domain.representation=pianoroll", "domain.onsets=false", "domain.steps_per_beat=1", "domain.window_bars=0",
    f"domain.transpose={MOST}", "generator.hidden_size=256", "generator.reading_size=128", "generator.dropout=0.3",
    "train.steps=1500", "train.batch_size=24", "train.weight_decay=0.03", "train.average_decay=0.995",
    "train.evaluate_every=100000", "train.sample_every=100000",
    "train.evaluation_samples=2", "train.select=last", "train.threads=1",
)  # fmt: skip


def folder_of(file: Path, into: Path) -> Path:
    """The pieces of a .json file as .mid files, a folder a part."""
    form = PianoRoll(PITCHES, Defaults(1, Metre(1, 4), 100.0, 80))
    for part, pieces in json.loads(file.read_text()).items():
        (into / part).mkdir()
        for number, frames in enumerate(pieces):
            (into / part / f"{number:03d}.mid").write_bytes(to_midi(form.decode(roll_of(frames))))
    return into


def roll_of(frames: list[list[int]]) -> np.ndarray:
    """float32 ``[frames, 88]``, 1 where a key sounds."""
    roll = np.zeros((len(frames), len(PITCHES)), np.float32)
    for step, pitches in enumerate(frames):
        roll[step, np.array(pitches, np.int64) - PITCHES.start] = 1
    return roll


def load(data: Path, held_out: str, arguments: argparse.Namespace, seed: int) -> tuple[RunConfig, Dataset]:
    """The training part and one of the others, whose lengths a model says nothing of."""
    settings = [*SETTINGS, f"domain.held_out={data / held_out}", *arguments.set]
    config = resolve(Request(arguments.recipe, "music", data / "train", settings, seed=seed), default_registry())
    dataset = load_dataset(config)
    spec: Any = dataclasses.replace(dataset.spec, length_shares=None)  # type: ignore[call-arg]
    if not arguments.told_shift:
        return config, dataclasses.replace(dataset, spec=spec)
    names = tuple(f"{shift:+d}" for shift in range(-MOST, MOST + 1))
    spec = dataclasses.replace(spec, labels=names)
    validation = Told(dataset.validation, np.zeros(len(dataset.validation), np.int64))
    return config, dataclasses.replace(dataset, spec=spec, train=Told.of(dataset.train), validation=validation)


class Told:
    """Pieces whose class is how many semitones they are moved by."""

    def __init__(self, source: SequenceSource, shifts: np.ndarray, rows: np.ndarray | None = None) -> None:
        self.source = source
        self.rows = np.arange(len(shifts)) if rows is None else rows
        self.labels = shifts[self.rows] + MOST
        self.lengths = source.lengths[self.rows]

    @classmethod
    def of(cls, moved: Any) -> Told:
        """Training pieces, those in their own key several times."""
        own = np.flatnonzero(moved.shifts == 0)
        return cls(moved, moved.shifts, np.concatenate([np.arange(len(moved)), *[own] * (COPIES - 1)]))

    def __len__(self) -> int:
        return len(self.rows)

    def take(self, indices: np.ndarray) -> Batch[np.ndarray]:
        """With their classes."""
        return dataclasses.replace(self.source.take(self.rows[indices]), labels=self.labels[indices])


@torch.no_grad()
def nats_of(generator: Any, dataset: Dataset) -> float:
    """Nats a frame of the held-out part."""
    engine, total, frames = Engine("cpu", "float32", 0), 0.0, 0
    for first in range(0, len(dataset.validation), 32):
        numbers = np.arange(first, min(first + 32, len(dataset.validation)))
        batch = engine.place(dataset.validation.take(numbers), dataset.spec)
        total -= float(generator.log_probs(batch).double().sum())
        frames += int(batch.lengths.sum())
    return total / frames


def frames_of(source: SequenceSource) -> np.ndarray:
    """All frames of a part ``[frames, 88]``."""
    batch = source.take(np.arange(len(source)))
    return np.concatenate([values[:length] for values, length in zip(batch.values, batch.lengths, strict=True)])


def control(dataset: Dataset) -> float:
    """Nats a frame of the held-out part with every key by itself, as often as in training (and at least as if it had
    sounded once)."""
    moved: Any = dataset.train
    train, held = frames_of(moved.samples), frames_of(dataset.validation)
    share = (train.sum(0) + 1) / (len(train) + 2)
    return float(-(held @ np.log(share) + (1 - held) @ np.log(1 - share)).mean())


def check_same(file: Path, dataset: Dataset) -> None:
    """That the domain made of the test part what stands in the file."""
    there = np.concatenate([roll_of(frames) for frames in json.loads(file.read_text())["test"]])
    assert np.array_equal(there, frames_of(dataset.validation)), "the frames are not those of the file"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--told-shift", action="store_true")
    parser.add_argument("--recipe", default="lstm-lm")
    parser.add_argument("--seeds", default="0")
    parser.add_argument("--set", action="append", default=[])
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    plain = argparse.Namespace(**{**vars(arguments), "told_shift": False})
    found: dict[str, list[float]] = {"valid": [], "test": [], "minutes": []}
    with tempfile.TemporaryDirectory() as folder:
        data = arguments.data.absolute()
        if data.is_file():
            data = folder_of(data, Path(folder))
        test = load(data, "test", plain, 0)[1]
        if arguments.data.is_file():
            check_same(arguments.data, test)
        for seed in map(int, arguments.seeds.split(",")):
            config, dataset = load(data, "valid", arguments, seed)
            run = Path(folder) / f"run-{seed}"
            run.mkdir()
            trainer = make_trainer(config, dataset, default_registry(), run)
            began = time.process_time()
            trainer.train()
            found["minutes"].append((time.process_time() - began) / 60)
            found["valid"].append(nats_of(trainer.generator, dataset))
            found["test"].append(nats_of(trainer.generator, load(data, "test", arguments, seed)[1]))
    print("| model | nats a frame, valid | nats a frame, test | CPU-minutes |")
    print("|---|---|---|---|")
    cells = [f"{statistics.mean(values):.3f} ({min(values):.3f}–{max(values):.3f})" for values in found.values()]
    print(f"| {arguments.recipe}{', told the shift' * arguments.told_shift} | {' | '.join(cells)} |")
    print(f"| control: every key by itself | | {control(test):.3f} | |")


if __name__ == "__main__":
    main()
