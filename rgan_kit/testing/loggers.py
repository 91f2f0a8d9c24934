"""What is required of loggers: lifecycle hooks that watch a training and never get in its way."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from rgan_kit.contracts import RunInfo
from rgan_kit.testing.parts import DescribedContract
from rgan_kit.testing.requirements import require, unfailing

METRICS = {"generator/loss": 1.5, "discriminator/loss": math.nan, "samples/valid": math.inf}
"""What a training that goes wrong tells."""

SAMPLES = ["one sample", "another\twith ünusual signs | and `marks`"]
"""Samples as lines."""

ROWS = [("start", {"valid": 0.1, "heldout_distinct": 1.0}), ("after likelihood", {"valid": 0.9, "distinct": 0.5})]
"""The table of a training; figures may be missing at some moments."""

_QUIET = "Look for your name in run.loggers when the training starts, and do nothing where it is not there."


class LoggerContract(DescribedContract):
    """What is required of a logger. A subclass names it:

    Attributes:
        logger: the object or module that has the hooks, as the entry point names it.
        name: what it is called in ``train.loggers``: the entry point's name.
        plugin: as in ``DescribedContract``.
    """

    logger: ClassVar[Any]
    name: ClassVar[str]

    def tell(self, hook: str, **arguments: Any) -> None:
        """Calls a hook as the trainer does, with those arguments that it takes."""
        implementation = getattr(self.logger, hook, None)
        if implementation is None:
            return
        code = getattr(implementation, "__code__", None)
        names = code.co_varnames[: code.co_argcount] if code is not None else tuple(arguments)
        with unfailing(
            "A hook never raises: the trainer would not call it again.",
            "Handle what may go wrong, numbers that are not finite among it.",
            hook,
        ):
            implementation(**{name: value for name, value in arguments.items() if name in names})

    def train(self, folder: Path, *, loggers: tuple[str, ...] | None = None, start: int = 0, steps: int = 2) -> None:
        """Tells it of a whole training that writes into ``folder``."""
        run = RunInfo(folder.name, folder, "lstm-lm", {}, (self.name,) if loggers is None else loggers)
        checkpoint = folder / "checkpoints" / f"step-{start + steps:08d}"
        checkpoint.mkdir(parents=True, exist_ok=True)
        self.tell("rgankit_train_start", run=run, step=start)
        for step in range(start + (start > 0), start + steps + 1):
            self.tell("rgankit_step_end", run=run, step=step, metrics=METRICS)
        shown = folder / "samples" / f"step-{start + steps:08d}" / "samples.txt"
        shown.parent.mkdir(parents=True, exist_ok=True)
        shown.write_text(f"{SAMPLES[0]}\n", encoding="utf-8")
        outputs = {"tokens": np.ones((len(SAMPLES), 4), np.int64), "lengths": np.full(len(SAMPLES), 3)}
        decoded = [text.upper() for text in SAMPLES]
        samples = {"samples": decoded, "lines": SAMPLES, "files": [shown], "outputs": outputs}
        self.tell("rgankit_samples", run=run, step=start + steps, **samples)
        self.tell("rgankit_warning", run=run, step=start + steps, text="the samples collapse: 1% of them are distinct")
        self.tell("rgankit_checkpoint_saved", run=run, step=start + steps, path=checkpoint)
        self.tell("rgankit_table", run=run, rows=ROWS, reference={"valid": 1.0})
        self.tell("rgankit_train_end", run=run, status="done")

    def test_a_whole_training_is_watched_without_an_error(self, tmp_path: Path) -> None:
        """Losses that are not finite included."""
        self.train(tmp_path)

    def test_a_training_that_is_resumed_is_watched_too(self, tmp_path: Path) -> None:
        """The hooks start again with the step from which it goes on."""
        self.train(tmp_path)
        self.train(tmp_path, start=2)

    def test_it_is_quiet_where_nobody_asked_for_it(self, tmp_path: Path) -> None:
        """Every installed logger is told of every training."""
        self.train(tmp_path, loggers=("another",))
        files = [path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()]
        written = sorted(str(path) for path in files if path.parts[0] != "samples")
        require(not written, "A logger that was not asked for writes nothing.", ", ".join(written), _QUIET)

    def test_it_changes_nothing_that_the_trainer_made(self, tmp_path: Path) -> None:
        """A run's own files are read again when it is resumed."""
        own = {tmp_path / "config.toml": b"seed = 0\n", tmp_path / "metrics.jsonl": b'{"step": 1}\n'}
        for file, content in own.items():
            file.write_bytes(content)
        self.train(tmp_path)
        changed = [file.name for file, content in own.items() if not file.exists() or file.read_bytes() != content]
        require(
            not changed,
            "A logger leaves the files of the run alone.",
            f"{', '.join(changed)} changed",
            "Write into files of your own.",
        )
