"""From options and a path (or none) to a data set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from rgan_kit.contracts import DataError, Dataset, DataSpec, Sequences, SequenceSource, SeriesSpec, TokenSpec
from rgan_kit_plugins.domains.music import embedded
from rgan_kit_plugins.domains.music.cutting import Cutting
from rgan_kit_plugins.domains.music.decoder import Form, MusicDecoder
from rgan_kit_plugins.domains.music.events import Events
from rgan_kit_plugins.domains.music.files import Found, read_scores
from rgan_kit_plugins.domains.music.melody import Melody
from rgan_kit_plugins.domains.music.notes import PITCH, TRACK, VELOCITY, Passage
from rgan_kit_plugins.domains.music.options import MusicOptions
from rgan_kit_plugins.domains.music.pianoroll import PianoRoll
from rgan_kit_plugins.domains.music.songs import DRUMS, Song, coarsest_grid
from rgan_kit_plugins.domains.music.transposition import Transposed
from rgan_kit_plugins.domains.music.vocabulary import BOS, EOS, PAD, name

FEWEST_SAMPLES: Final = 10


@dataclass(frozen=True, eq=False)
class Samples:
    """What a data set is made of.

    Attributes:
        passages: all samples.
        held_out: bool ``[samples]``.
        labels: int64 ``[samples]`` or None, and their names.
        beats_per_bar, programs: of the files that are written.
    """

    passages: list[Passage]
    held_out: np.ndarray
    labels: np.ndarray | None = None
    label_names: tuple[str, ...] = ()
    beats_per_bar: float = 4.0
    programs: tuple[int, ...] = (0,)

    @property
    def training(self) -> list[Passage]:
        """Those that are trained on."""
        return [passage for passage, out in zip(self.passages, self.held_out, strict=True) if not out]


@dataclass(eq=False)
class _Cut:
    """Scores as they are cut into passages, and what went wrong."""

    songs: list[Song] = field(default_factory=list)
    passages: list[Passage] = field(default_factory=list)
    owners: list[int] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    left_out: int = 0


def load(options: MusicOptions, path: Path | None, seed: int) -> Dataset:
    """Reads scores, or draws melodies of the embedded process where ``path`` is None.

    Raises:
        DataError: nothing can be used, or too little; names files and reasons.
        UsageError: the options do not suit the embedded melodies.
        DeviceError: symusic is not installed.
    """
    rng = np.random.default_rng(seed)
    if path is not None:
        return _load_files(read_scores(path), options, path, rng)
    options = embedded.suitable(options)
    melodies = embedded.draw(options, rng)
    samples = Samples(melodies.passages, melodies.held_out, melodies.labels, melodies.label_names)
    decoder = _decoder(options, samples)
    train, validation = _sides(samples, decoder)
    notes = {"data": f"embedded melodies, {len(melodies.passages):,} drawn with seed {seed}"}
    summary = {**notes, **_describe(samples, decoder, train, validation)}
    spec = _spec(samples, decoder, train, validation)
    return Dataset(spec, train, validation, decoder, melodies.fingerprint, summary, embedded.truth(options))


def _load_files(found: Found, options: MusicOptions, path: Path, rng: np.random.Generator) -> Dataset:
    grid = options.steps_per_beat or coarsest_grid([score.song for score in found.scores])
    options = options.model_copy(update={"steps_per_beat": grid})
    cut = _cut(found, options)
    _check_enough(path, len(cut.passages), cut.refused)
    held_out = _hold_out(np.array(cut.owners), options.validation_share, rng)
    labels, names = _label(cut.labels, path) if options.labels == "folder" else (None, ())
    bars = Counter(song.beats_per_bar for song in cut.songs).most_common(1)[0][0]
    programs = _programs(cut.songs, Cutting.of(options))
    samples = Samples(cut.passages, held_out, labels, names, bars, programs)
    decoder = _decoder(options, samples)
    own, validation = _sides(samples, decoder)
    train = _transposed(decoder, own, samples.training, options.transpose) if options.transpose else own
    held = len(set(np.array(cut.owners)[held_out].tolist()))
    notes = {"data": f"{len(cut.songs):,} scores in {path}"}
    if cut.refused:
        notes["refused"] = f"{len(cut.refused):,} scores or files"
    if cut.left_out:
        notes["left out"] = (
            f"{cut.left_out:,} notes outside the pitches {options.lowest_pitch} to {options.highest_pitch}"
        )
    notes["samples"] = f"{options.window_bars} bars of a score each" if options.window_bars else "a whole score each"
    notes["split"] = f"{held:,} scores are held out" if len(cut.songs) > 1 else "the last samples are held out"
    summary = {**notes, **_describe(samples, decoder, train, validation)}
    spec = _spec(samples, decoder, own, validation)
    refused = dict(sorted(cut.refused.items()))
    return Dataset(spec, train, validation, decoder, found.fingerprint, summary, None, refused)


def _cut(found: Found, options: MusicOptions) -> _Cut:
    cut = _Cut(refused=dict(found.refused))
    pitches = range(options.lowest_pitch, options.highest_pitch + 1)
    scores = found.scores
    if options.labels == "folder":
        cut.refused |= {each.name: "it lies in no folder that could be its class" for each in scores if not each.label}
        scores = [score for score in scores if score.label]
    passages = Cutting.of(options).passages([score.song for score in scores], options.steps_per_beat, pitches)
    for score, own in zip(scores, passages, strict=True):
        if isinstance(own, str):
            cut.refused[score.name] = own
            continue
        cut.passages += own
        cut.owners += [len(cut.songs)] * len(own)
        cut.labels += [score.label] * len(own)
        cut.songs.append(score.song)
        heights = score.song.notes[:, PITCH]
        cut.left_out += int(np.count_nonzero((heights < pitches.start) | (heights >= pitches.stop)))
    return cut


def _check_enough(path: Path, count: int, refused: Mapping[str, str]) -> None:
    if count < FEWEST_SAMPLES:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in list(refused.items())[:3])
        raise DataError(
            f"{path}: {count} samples can be cut from what lies there; at least {FEWEST_SAMPLES} are needed"
            f"{f' (refused: {reasons})' if reasons else ''}.",
            "Give more music, or make domain.window_bars smaller.",
        )


def _hold_out(owners: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Bool ``[samples]``: all samples of some scores; the last ones where there is one score alone."""
    scores = int(owners[-1]) + 1
    if scores == 1:
        return np.arange(len(owners)) >= len(owners) - max(1, round(share * len(owners)))
    chosen = rng.permutation(scores)[: min(max(1, round(share * scores)), scores - 1)]
    return np.isin(owners, chosen)


def _label(labels: list[str], path: Path) -> tuple[np.ndarray, tuple[str, ...]]:
    names = tuple(sorted(set(labels)))
    if len(names) < 2:
        raise DataError(
            f"{path}: all scores lie in the folder {names[0]}, and classes come from at least two.",
            "Sort them into folders, or leave domain.labels at none.",
        )
    return np.array([names.index(label) for label in labels], np.int64), names


def _programs(songs: list[Song], cutting: Cutting) -> tuple[int, ...]:
    """The commonest instrument of each track kept apart."""
    found: list[Counter[int]] = [Counter() for _ in range(cutting.tracks)]
    for song in songs:
        for place, program in zip(cutting.places(song).tolist(), song.programs.tolist(), strict=True):
            if place >= 0:
                found[place][program] += 1
    return tuple(counts.most_common(1)[0][0] if counts else 0 for counts in found)


def _decoder(options: MusicOptions, samples: Samples) -> MusicDecoder:
    """With tempo, loudness and levels of them as the training samples have them."""
    pitches = range(options.lowest_pitch, options.highest_pitch + 1)
    tempos = np.array([passage.tempo for passage in samples.training])
    velocities = np.concatenate([passage.notes[:, VELOCITY] for passage in samples.training])
    tempo, velocity = round(float(np.median(tempos)), 2), int(np.median(velocities))
    form: Form
    if options.representation == "melody":
        form = Melody(Melody.names(pitches), tempo, velocity)
    elif options.representation == "events":
        longest = options.longest_beats * options.steps_per_beat
        names = Events.names(pitches, longest, options.tracks, tempos, velocities, options.velocity_bins)
        form = Events(names, tempo, velocity)
    else:
        form = PianoRoll(pitches, tempo, velocity)
    programs = samples.programs if len(samples.programs) == options.tracks else (0,) * options.tracks
    return MusicDecoder(
        form, steps_per_beat=options.steps_per_beat, beats_per_bar=samples.beats_per_bar, programs=programs,
        cutting=Cutting.of(options), pitches=pitches,
    )  # fmt: skip


def _sides(samples: Samples, decoder: MusicDecoder) -> tuple[Sequences, Sequences]:
    """Training and validation samples, encoded."""
    rows = decoder.encode(samples.passages)
    train, validation = (
        decoder.join([rows[place] for place in chosen], None if samples.labels is None else samples.labels[chosen])
        for chosen in (np.flatnonzero(~samples.held_out), np.flatnonzero(samples.held_out))
    )
    return train, validation


def _transposed(decoder: MusicDecoder, samples: Sequences, passages: list[Passage], most: int) -> Transposed:
    drums = [track for track, program in enumerate(decoder.programs) if program == DRUMS]
    pitches = decoder.pitches
    room = np.zeros((len(passages), 2), np.int64)
    for number, passage in enumerate(passages):
        moved = passage.notes[:, PITCH]
        if drums:
            moved = moved[~np.isin(passage.notes[:, TRACK], drums)]
        if len(moved):
            room[number] = moved.min() - pitches[0], pitches[-1] - moved.max()
    if isinstance(decoder.form, PianoRoll):
        return Transposed.of(samples, room, most, range(len(pitches)), ())
    vocabulary = decoder.form.vocabulary
    fixed = tuple(vocabulary.tokens["track"][track] for track in drums)
    return Transposed.of(samples, room, most, vocabulary.block("pitch"), fixed)


def _spec(samples: Samples, decoder: MusicDecoder, train: Sequences, validation: Sequences) -> DataSpec:
    form, labels = decoder.form, samples.label_names
    longest = int(max(train.lengths.max(), validation.lengths.max()))
    if isinstance(form, PianoRoll):
        names = tuple(name("pitch", pitch) for pitch in form.pitches)
        zeros, ones = np.zeros(len(names), np.float32), np.ones(len(names), np.float32)
        return SeriesSpec(len(names), longest, names, zeros, ones, labels)
    return TokenSpec(len(form.vocabulary), BOS, EOS, PAD, longest - 1, None, form.allowed_next(), labels)


def _describe(
    samples: Samples, decoder: MusicDecoder, train: SequenceSource, validation: SequenceSource
) -> dict[str, str]:
    form = decoder.form
    is_roll = isinstance(form, PianoRoll)
    lengths = validation.lengths - (not is_roll)
    several = isinstance(form, Events) and "tempo" in form.tokens
    own = len(samples.training)
    summary = {
        "representation": f"{decoder.representation}, {decoder.steps_per_beat} steps a beat",
        "lengths": f"{lengths.mean():.1f} {'steps' if is_roll else 'symbols'} on average, {lengths.max():,} at most",
        "tempo": "in each sample" if several else f"{form.tempo:g} beats a minute",
        "training and validation": f"{own:,} and {len(validation):,} samples"
        + (f"; with those in other keys {len(train):,} for training" if len(train) > own else ""),
    }
    if samples.label_names:
        summary["labels"] = ", ".join(samples.label_names[:12]) + (" ..." if len(samples.label_names) > 12 else "")
    return summary
