"""``rgankit benchmark``: how fast a model is here."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rgan_kit.cli.console import Results, say
from rgan_kit.errors import RganKitError, UsageError

if TYPE_CHECKING:
    from rgan_kit.runtime.benchmark import Row

COLUMNS = ("runner", "provider", "batch", "length", "first_ms", "p50_ms", "p95_ms", "samples_per_s")


def add_to(app: typer.Typer, results: Results) -> None:
    """Adds the command."""

    @app.command()
    def benchmark(
        model: Annotated[Path, typer.Argument(help="An exported .onnx file.")],
        provider: Annotated[str, typer.Option(help="cpu, cuda, tensorrt or auto; several with commas.")] = "auto",
        batch: Annotated[str, typer.Option(help="Samples of a call; several with commas.")] = "1,16,256",
        length: Annotated[int | None, typer.Option(help="Steps of a sample; the data's longest if not given.")] = None,
        threads: Annotated[int, typer.Option(help="Of onnxruntime and torch; 0 leaves it to them.")] = 1,
        run: Annotated[Path | None, typer.Option(help="The run that MODEL is of: torch is timed beside it.")] = None,
        cold: Annotated[int, typer.Option(min=0, help="New processes whose first sample is timed.")] = 3,
        json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    ) -> None:
        """Time an exported model: samples a second, and how long a call and the first sample take."""
        from rgan_kit.runtime.benchmark import measure_file

        batches = _numbers(batch)
        rows: list[Row] = []
        firsts: dict[str, float] = {}
        for name in provider.split(","):
            first, measured = measure_file(model, provider=name, threads=threads, batches=batches, length=length)
            firsts[measured[0].provider] = round(first, 4)
            rows += measured
        if run is not None:
            rows += _torch(model, run, batches, length, threads)
        seconds = [_cold(model, provider.split(",")[0]) for _ in range(cold)]
        started = round(statistics.median(seconds), 3) if seconds else None
        if results.as_json:
            figures = [asdict(row) for row in rows]
            results.document({"rows": figures, "file_to_first_sample_s": firsts, "cold_process_s": started})
            return
        _print(rows, results)
        for name, taken in firsts.items():
            results.line(f"from the file to the first sample on {name}: {taken} s")
        if started is not None:
            results.line(f"a new process with one sample: {started} s (median of {cold})")


def _numbers(said: str) -> list[int]:
    try:
        numbers = [int(word) for word in said.split(",")]
    except ValueError:
        numbers = []
    if not numbers or min(numbers) < 1:
        raise UsageError(f"--batch {said}: these are no numbers of samples.", "For example: --batch 1,16,256")
    return numbers


def _torch(path: Path, run: Path, batches: list[int], length: int | None, threads: int) -> list[Row]:
    """The same sampler in eager torch on the CPU, with the same inputs."""
    from rgan_kit.cli.extras import TRAIN, need

    need("benchmark --run", TRAIN)
    import torch

    from rgan_kit.plugins.registry import default_registry
    from rgan_kit.runtime import load
    from rgan_kit.runtime.benchmark import measure
    from rgan_kit.training.session import load_trained

    if threads:
        torch.set_num_threads(threads)
    generator: Any = load_trained(run, None, default_registry()).generator
    sampler, model = generator.sampler().cpu().eval(), load(path, provider="cpu")
    time_steps = length or model.manifest.max_length
    rows = []
    for batch in batches:
        given = {name: torch.from_numpy(value) for name, value in model.inputs(batch, length=time_steps).items()}

        def call(given: dict[str, Any] = given) -> None:
            with torch.no_grad():
                sampler(**given)

        rows.append(measure(call, batch, time_steps, "torch", "cpu"))
    return rows


def _cold(model: Path, provider: str) -> float:
    """Seconds of a whole process that draws one sample."""
    words = [sys.executable, "-m", "rgan_kit", "sample", str(model), "-n", "1", "--seed", "0", "--provider", provider]
    began = time.perf_counter()
    done = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603 - our own program
    if done.returncode:
        say(done.stderr)
        raise RganKitError(f"{model}: a new process could not draw a sample.", "Leave that out with --cold 0.")
    return time.perf_counter() - began


def _print(rows: list[Row], results: Results) -> None:
    cells = [COLUMNS, *(tuple(_cell(getattr(row, name)) for name in COLUMNS) for row in rows)]
    widths = [max(len(line[index]) for line in cells) for index in range(len(COLUMNS))]
    for runner, provider, *numbers in cells:
        right = (cell.rjust(width) for cell, width in zip(numbers, widths[2:], strict=True))
        results.line("  ".join([runner.ljust(widths[0]), provider.ljust(widths[1]), *right]))


def _cell(value: str | float) -> str:
    return value if isinstance(value, str) else f"{value:,}"
