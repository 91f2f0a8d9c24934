"""Opening a model file: read, searched for harm, held to its manifest, and handed to onnxruntime."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rgan_kit.errors import DataError, UsageError
from rgan_kit.runtime import arrays, providers
from rgan_kit.runtime.manifest import Manifest
from rgan_kit.runtime.untrusted import proto, safety
from rgan_kit.runtime.untrusted.files import MAX_BYTES, ModelFacts, describe, read_file
from rgan_kit.runtime.watchdog import NO_LIMIT, PATIENCE, Limit

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, eq=False)
class Opened:
    """A model file that passed every check.

    Attributes:
        source: the file's path.
        manifest: what it says about itself.
        facts: what it holds.
        session: the ``onnxruntime.InferenceSession`` that runs it.
        limit: of the time that one call may take.
    """

    source: str
    manifest: Manifest
    facts: ModelFacts
    session: Any
    limit: Limit = NO_LIMIT

    def run(self, given: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Runs the graph once on inputs by name; returns its outputs by name.

        Raises:
            UsageError: an input is missing, superfluous, or not as the manifest says.
            DataError: the graph fails, takes too long, or breaks its contract.
        """
        sizes = arrays.check_inputs(given, self.manifest)
        names = [output.name for output in self.manifest.outputs]
        options = providers.onnxruntime().RunOptions()
        try:
            with self.limit.watch(self.source, options):
                results = self.session.run(names, given, options)
        except DataError:
            raise
        except Exception as error:  # onnxruntime has no common base class for its errors
            raise DataError(f"{self.source}: the graph fails: {providers.first_line(error)}") from None
        outputs = dict(zip(names, results, strict=True))
        arrays.check_outputs(outputs, self.manifest, sizes, self.source)
        return outputs


def open_model(
    path: Path | str,
    *,
    provider: str = "auto",
    threads: int = 1,
    trusted: bool = False,
    max_bytes: int = MAX_BYTES,
    timeout: float | None = None,
    ends_process: bool = False,
) -> Opened:
    """Opens a model file of either role.

    Args:
        path: the ``.onnx`` file.
        provider: ``cpu``, ``cuda``, ``tensorrt`` or ``auto``.
        threads: of onnxruntime within one operation; 0 leaves it to onnxruntime.
        trusted: leaves out the look for harm, for a file that this program has just written itself.
        max_bytes: the largest file that is read, unless it is trusted.
        timeout: seconds that loading, or one call of the graph, may take before it is stopped; where None, ten minutes,
            and no limit for a trusted file.
        ends_process: as in ``watchdog.Limit``; for programs that can afford it.

    Raises:
        DataError: the file is refused (see ``safety``), or its graph and its manifest do not agree.
        DeviceError: onnxruntime or the provider is missing.
        UsageError: no such provider, or a negative number of threads.
    """
    check_range("threads", threads, 0, 1024)
    if timeout is not None and not timeout > 0:
        raise UsageError(f"timeout is {timeout}; it must be a number of seconds above 0.")
    path, source = Path(path), str(path)
    data = read_file(path, max_bytes=None if trusted else max_bytes)
    facts = describe(proto.read(data, source), len(data)) if trusted else safety.check_bytes(data, source)
    manifest = Manifest.from_metadata(facts.metadata, source)
    limit = Limit(PATIENCE if timeout is None and not trusted else timeout, ends_process)
    with limit.watch(source):
        session = providers.session(data, source, request=provider, threads=threads)
    arrays.check_session(session, manifest, source)
    return Opened(source, manifest, facts, session, limit)


def check_range(name: str, value: int, lowest: int, highest: int) -> None:
    """Raises ``UsageError`` where a number is not whole or out of range."""
    if not isinstance(value, int | np.integer) or not lowest <= value <= highest:
        raise UsageError(f"{name} is {value}; it must be a whole number from {lowest} to {highest}.")
