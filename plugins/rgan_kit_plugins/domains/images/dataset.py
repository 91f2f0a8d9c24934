"""From options and a path (or none) to a data set of pictures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from rgan_kit.contracts import Dataset, TooLittleError
from rgan_kit.files import Spans, Split, at_random
from rgan_kit_plugins.domains.frames.clips import Clips
from rgan_kit_plugins.domains.frames.recordings import Recordings, classes, read
from rgan_kit_plugins.domains.frames.sources import find_sources
from rgan_kit_plugins.domains.frames.store import FrameStore
from rgan_kit_plugins.domains.images import embedded
from rgan_kit_plugins.domains.images.decoder import KINDS, ImagesDecoder
from rgan_kit_plugins.domains.images.encoding import in_words, samples_of, spec_of
from rgan_kit_plugins.domains.images.options import ImagesOptions

FEWEST_SAMPLES: Final = 10

_PAIRS: Final = 200
_ALIKE: Final = 0.3
"""Neighbours by name that differ by less than this share of what any two pictures differ by are frames of a clip."""


def load(options: ImagesOptions, path: Path | None, seed: int) -> Dataset:
    """Reads pictures, or draws digits where ``path`` is None.

    Raises:
        DataError: nothing can be read, or too little; names files and reasons.
        DeviceError: Pillow is not installed.
        UsageError: the options do not suit the digits.
    """
    if path is None:
        return embedded.load(options, seed)
    preparation = options.preparation()
    store = options.store(preparation)
    sources = find_sources(path, KINDS, options, pictures_are_frames=False)
    read_in = read(sources, preparation, store, options.seconds_a_file)
    count = len(read_in.recordings)
    names, labels = classes(read_in.recordings, options.labels)
    notes = read_in.notes() | _clips_perhaps(read_in, store)
    if sources.parts and not options.held_out:
        notes["held out?"] = (
            f"there is {', '.join(sources.parts)}; what is not to be trained on: "
            f"--set domain.held_out={sources.parts[-1]} (or domain.leave_out)"
        )
    summary = {
        "data": f"{count:,} pictures in {path}",
        "pictures": in_words(preparation, options),
        "classes": ", ".join(names) or "none",
        **notes,
        "memory": f"{store.size / 2**20:,.1f} MiB of pictures, "
        f"{'in a temporary file' if store.on_disk else 'in memory'}",
    }
    starts = np.array([each.start for each in read_in.recordings], np.int64)
    everything = Clips(store, Spans(starts, np.ones_like(starts)), labels)
    dataset = Dataset(
        spec_of(preparation, names, options.form),
        samples_of(everything, options.form),
        samples_of(everything.where(np.zeros(0, np.int64)), options.form),
        ImagesDecoder(preparation, options.form),
        read_in.fingerprint,
        summary,
        refused=read_in.left_out,
        tallies=read_in.tallies(preparation),
    )
    if count < FEWEST_SAMPLES:
        raise TooLittleError(
            f"{path}: {count} pictures can be read; at least {FEWEST_SAMPLES} are needed.", "Give a folder with more.",
            dataset,
        )  # fmt: skip
    split = _split(read_in, options, np.random.default_rng(seed))
    train, validation = (samples_of(everything.where(side), options.form) for side in (split.train, split.validation))
    said = f"{len(train):,} and {len(validation):,} pictures; {split.words}"
    return replace(dataset, train=train, validation=validation, summary={**summary, "training and validation": said})


def _split(read_in: Recordings, options: ImagesOptions, rng: np.random.Generator) -> Split:
    named = np.array([recording.source.held_out for recording in read_in.recordings])
    if named.any() and not named.all():
        return Split.of(named, f"{named.sum():,} pictures are held out, as was asked for")
    return at_random(len(named), options.validation_share, rng, "pictures")


def _clips_perhaps(read_in: Recordings, store: FrameStore) -> dict[str, str]:
    """A question, where pictures that follow each other by name look like frames of one clip."""
    recordings = read_in.recordings
    folders = [recording.source.files[0].parent for recording in recordings]
    follow = [n for n in range(1, len(recordings)) if folders[n] == folders[n - 1]]
    if 2 * len(follow) < len(recordings) or len(follow) < FEWEST_SAMPLES:
        return {}
    rng = np.random.default_rng(0)
    chosen = rng.choice(follow, min(len(follow), _PAIRS), replace=False)
    pictures = np.empty((3, len(chosen), *store.shape), np.uint8)
    for place, number in enumerate(chosen.tolist()):
        for row, other in enumerate((number, number - 1, int(rng.integers(len(recordings))))):
            store.read(recordings[other].start, pictures[row, place : place + 1])
    one, before, any_other = pictures.astype(np.int16)
    neighbours, anyhow = (np.median(np.abs(one - other).mean((1, 2, 3))) for other in (before, any_other))
    if not anyhow or neighbours > _ALIKE * anyhow:
        return {}
    return {
        "frames of clips?": f"pictures that follow each other by name ({recordings[chosen.min()].name}, …) look like "
        "frames of clips; each is a sample of its own here, and with --domain video those of a folder are one clip"
    }
