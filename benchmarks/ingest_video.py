"""Video into clips: seconds beside bare PyAV on the same file in the same run, and memory while clips are streamed.

python benchmarks/ingest_video.py speed FILE [--repeat-file 20] [--runs 5] [--json]
python benchmarks/ingest_video.py memory [--gigabytes 10] [--folder DIR] [--json]

``speed`` decodes the file (joined to itself so many times, packets copied) in three ways, in turn: PyAV decoding with
its automatic threads and doing nothing with the frames; the same with ``to_ndarray("rgb24")``, how frames are usually
got at; and what the domain does: decode, crop, scale by area to 32 × 32, hand over from the decoding process. Seconds
of the processor, of both processes, are given beside those of the clock: a busy machine changes them less.

``memory`` writes so many gigabytes of clips as ``.npy`` files, loads them with 64 MiB of memory budget, takes batches
of all of them at random, and watches the resident memory of both processes.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    speed = commands.add_parser("speed")
    speed.add_argument("file", type=Path)
    speed.add_argument("--repeat-file", type=int, default=20)
    speed.add_argument("--runs", type=int, default=5)
    memory = commands.add_parser("memory")
    memory.add_argument("--gigabytes", type=float, default=10)
    memory.add_argument("--folder", type=Path, default=None)
    for each in (speed, memory):
        each.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if arguments.command == "speed":
        rows = measure_speed(arguments.file, arguments.repeat_file, arguments.runs)
    else:
        rows = measure_memory(arguments.gigabytes, arguments.folder)
    if arguments.json:
        print(json.dumps(rows, indent=2))
    else:
        print("\n".join(f"{name:<58} {value}" for name, value in rows.items()))


def measure_speed(file: Path, repeats: int, runs: int) -> dict[str, Any]:
    from rgan_kit.files import Sandbox
    from rgan_kit_plugins.domains.frames.preparation import Preparation
    from rgan_kit_plugins.domains.frames.recordings import MOST_MEMORY, PROGRAM, request_for
    from rgan_kit_plugins.domains.frames.sources import Source

    with tempfile.TemporaryDirectory() as folder:
        longer = Path(folder, "longer.mp4")
        join_to_itself(file, longer, repeats)
        preparation = Preparation(32, 32, 3)
        request = request_for(Source(longer.name, "video", (longer,)), preparation)

        def started() -> Sandbox:
            return Sandbox(PROGRAM, seconds=3600, memory=MOST_MEMORY, maps=True)

        def warm(sandbox: Sandbox) -> Callable[[], int]:
            def ingest() -> int:
                return sum(answer.header.get("frames", 0) for answers in sandbox.each([request]) for answer in answers)

            return ingest

        def cold() -> int:
            with started() as sandbox:
                return warm(sandbox)()

        with started() as sandbox:
            ways: dict[str, Callable[[], int]] = {
                "PyAV, frames thrown away": lambda: bare(longer, arrays=False),
                "PyAV, to_ndarray(rgb24)": lambda: bare(longer, arrays=True),
                "rgan-kit, 32 x 32 clips": warm(sandbox),
                "rgan-kit, its process started anew": cold,
            }
            for way in ways.values():
                way()
            clock: dict[str, list[float]] = {name: [] for name in ways}
            processor: dict[str, list[float]] = {name: [] for name in ways}
            frames = 0
            for _ in range(runs):
                for name, way in ways.items():
                    began, used = time.perf_counter(), processor_seconds()
                    frames = way()
                    clock[name].append(time.perf_counter() - began)
                    processor[name].append(processor_seconds() - used)
    rows: dict[str, Any] = {"frames": frames}
    ours = "rgan-kit, 32 x 32 clips"
    for unit, times in (("clock", clock), ("processor", processor)):
        rows |= {f"{name}, {unit}, median s": round(statistics.median(each), 3) for name, each in times.items()}
        for name in list(times)[:2]:
            ratios = [a / b for a, b in zip(times[ours], times[name], strict=True)]
            rows[f"rgan-kit / {name}, {unit}, median"] = round(statistics.median(ratios), 3)
    return rows


def processor_seconds() -> float:
    """Of this process and its children, those that are done and those that run."""
    running = 0
    for child in children():
        fields = (child / "stat").read_text().rpartition(")")[2].split()
        running += int(fields[11]) + int(fields[12])
    done = os.times()
    return done.user + done.system + done.children_user + done.children_system + running / os.sysconf("SC_CLK_TCK")


def join_to_itself(file: Path, target: Path, repeats: int) -> None:
    """The packets of a video so many times over, not encoded again."""
    import av

    with av.open(str(target), "w") as output:
        stream, offset = None, 0
        for _ in range(repeats):
            with av.open(str(file)) as container:
                original = container.streams.video[0]
                stream = stream or output.add_stream_from_template(original)
                last = 0
                for packet in container.demux(original):
                    if packet.dts is None or packet.pts is None:
                        continue
                    last = max(last, packet.pts + (packet.duration or 0))
                    packet.pts, packet.dts = packet.pts + offset, packet.dts + offset
                    packet.stream = stream
                    output.mux(packet)
                offset += last


def bare(file: Path, *, arrays: bool) -> int:
    import av

    count = 0
    with av.open(str(file)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        for frame in container.decode(stream):
            if arrays:
                frame.to_ndarray(format="rgb24")
            count += 1
    return count


class Watch:
    """The resident memory of this process and of its children, MiB, every twentieth of a second."""

    def __init__(self) -> None:
        self.seen: list[tuple[float, float, float]] = []
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def _look(self) -> None:
        while not self._done.wait(0.05):
            self.seen.append((time.perf_counter(), resident(Path("/proc/self")), sum(map(resident, children()))))

    def stop(self) -> None:
        self._done.set()
        self._thread.join()


def children() -> list[Path]:
    listed = Path("/proc/self/task").glob("*/children")
    return [Path("/proc", number) for each in listed for number in each.read_text().split()]


def resident(process: Path) -> float:
    try:
        lines = (process / "status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS")), 0.0)


def measure_memory(gigabytes: float, where: Path | None) -> dict[str, Any]:
    from rgan_kit_plugins.domains.video import SPEC

    shape = (512, 16, 64, 64, 3)  # 96 MiB a file
    with tempfile.TemporaryDirectory(dir=where) as folder:
        files = max(1, round(gigabytes * 1e9 / np.prod(shape)))
        rng = np.random.default_rng(0)
        clips = rng.integers(0, 256, shape, np.uint8)
        for number in range(files):
            clips[:, 0, 0, 0] = number % 256
            np.save(Path(folder, f"{number:04}.npy"), clips)
        del clips
        options = SPEC.options(height=64, width=64, memory_budget=64)
        watch = Watch()
        began = time.perf_counter()
        dataset = SPEC.load(options, Path(folder), 0)
        loaded = time.perf_counter()
        order = rng.permutation(len(dataset.train))
        taken = 0
        for first in range(0, len(order), 32):
            taken += dataset.train.take(order[first : first + 32]).values.nbytes
        done = time.perf_counter()
        watch.stop()
    own = np.array([mine for _, mine, _ in watch.seen])
    at = np.array([moment for moment, _, _ in watch.seen])
    streaming = own[at > loaded]
    tenth = max(1, len(streaming) // 10)
    return {
        "gigabytes of clips": round(files * float(np.prod(shape)) / 1e9, 2),
        "gigabytes taken in batches of 32": round(taken / 1e9, 2),
        "seconds to load": round(loaded - began, 1),
        "seconds to take": round(done - loaded, 1),
        "resident while loading, most, MiB": round(float(own[at <= loaded].max())),
        "resident of the decoding process, most, MiB": round(max(other for _, _, other in watch.seen)),
        "resident while taking, first tenth, mean MiB": round(float(streaming[:tenth].mean())),
        "resident while taking, last tenth, mean MiB": round(float(streaming[-tenth:].mean())),
        "resident while taking, most, MiB": round(float(streaming.max())),
        "in a temporary file": "temporary" in dataset.summary["memory"],
    }


if __name__ == "__main__":
    main()
