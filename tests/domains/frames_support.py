"""One decoding process for many tests: starting one costs more than most of them."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from rgan_kit.files import Sandbox
from rgan_kit_plugins.domains.frames import recordings
from rgan_kit_plugins.domains.frames.preparation import Preparation
from rgan_kit_plugins.domains.frames.recordings import PROGRAM, Recording, read
from rgan_kit_plugins.domains.frames.signatures import KINDS_BY_SUFFIX
from rgan_kit_plugins.domains.frames.sources import Source, Sources
from rgan_kit_plugins.domains.frames.store import FrameStore


class Shared(Sandbox):
    """Stays open when it is left."""

    def __exit__(self, *arguments) -> None:
        pass


@pytest.fixture(scope="module", autouse=True)
def one_decoding_process() -> Iterator[None]:
    made: list[Shared] = []

    def share(program: Path, **options) -> Shared:
        if not made:
            made.append(Shared(program, **options))
        made[0].seconds = options["seconds"]
        return made[0]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recordings, "Sandbox", share)
        yield
    for sandbox in made:
        sandbox.close()


def decoded(file: Path, preparation: Preparation, kind: str = "") -> tuple[np.ndarray, Recording]:
    """The frames of a file, uint8 ``[frames, height, width, channels]``, and what is said of them."""
    source = Source(file.name, kind or KINDS_BY_SUFFIX[file.suffix.lower()], (file,))
    store = FrameStore(preparation.height, preparation.width, preparation.channels, memory_budget=2**28)
    (recording,) = read(Sources(file, (source,), {}), preparation, store, 60).recordings
    frames = np.empty((len(store), *store.shape), np.uint8)
    store.read(0, frames)
    return frames, recording


__all__ = ["PROGRAM", "decoded", "one_decoding_process"]
