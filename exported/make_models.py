"""Trains the small example models in ``exported/models/`` from embedded data, and exports them.

    python exported/make_models.py                     # all of them, as committed
    python exported/make_models.py sines --steps 20    # one of them, in a hurry

Needs ``pip install "rgan-kit[train,cpu]"`` and no data. The same versions of the libraries make the same files.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

LARGEST = 1_000_000
"""Bytes of a model file: they are committed."""

OUT = Path(__file__).parent / "models"


@dataclass(frozen=True)
class Example:
    """A model: its name, how it is trained, and what it says about itself."""

    name: str
    recipe: str
    domain: str
    steps: int
    description: str
    settings: tuple[str, ...] = ()


EXAMPLES = (
    Example(
        "sentences", "lstm-gan", "text", 1400,
        "Short English sentences of an embedded grammar whose words agree with each other.",
    ),
    Example(
        "melody", "lstm-lm", "music", 1500,
        "Four bars of melody, like those of an embedded process that composes in major and minor.",
        ("generator.hidden_size=128", "generator.embedding_size=32"),
    ),
    Example(
        "shapes", "world-model", "video", 7500,
        "A disc, square, triangle or cross in one of six colours that moves to the right, falls, runs a circle or an "
        "arc, as its class says.",
        (
            *("domain.height=32", "domain.width=32", "domain.embedded_clips=2000"),
            *("train.evaluate_every=1500", "train.evaluation_samples=300", "train.threads=1"),
        ),
    ),
    Example(
        "sines", "gru-gan", "series", 1500,
        "Sines of many frequencies, amplitudes and phases, with a latent space to move in.",
    ),
)  # fmt: skip


def make(example: Example, steps: int | None, out: Path, seed: int, more: list[str]) -> Path:
    """Trains and exports one model.

    Raises:
        subprocess.CalledProcessError: ``rgankit`` failed; it has said why.
        SystemExit: the file is too large to be committed.
    """
    target = out / f"{example.name}.onnx"
    settings = [word for each in (*example.settings, *more) for word in ("--set", each)]
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / example.name
        words = ["--plugin", example.recipe, "--domain", example.domain, "--steps", str(steps or example.steps)]
        _rgankit("train", *words, "--seed", str(seed), "--run", str(run), *settings)
        about = ["--licence", "Apache-2.0", "--description", example.description]
        _rgankit("export", str(run), "--out", str(target), *about)
    if target.stat().st_size > LARGEST:
        sys.exit(f"{target}: {target.stat().st_size:,} bytes are more than {LARGEST:,}")
    return target


def _rgankit(*words: str) -> None:
    subprocess.run([sys.executable, "-m", "rgan_kit", *words], check=True)


def main() -> None:
    """The program."""
    parser = argparse.ArgumentParser(description="Train and export the example models.")
    names = [example.name for example in EXAMPLES]
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{', '.join(names)}; all where none is named")
    parser.add_argument("--steps", type=int, help="steps of each training; its own number where not given")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, default=OUT, help="folder to write to")
    parser.add_argument("--set", action="append", default=[], metavar="K=V", help="a setting of every training")
    given = parser.parse_args()
    if unknown := set(given.names) - set(names):
        parser.error(f"no model is called {', '.join(sorted(unknown))}")
    given.out.mkdir(parents=True, exist_ok=True)
    for example in EXAMPLES:
        if not given.names or example.name in given.names:
            target = make(example, given.steps, given.out, given.seed, given.set)
            print(f"{target}: {target.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
