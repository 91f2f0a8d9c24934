"""From options and a path (or none) to a data set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np

from rgan_kit.contracts import Column, Dataset, DataSpec, Sequences, SequenceSource, SeriesSpec, TokenSpec
from rgan_kit.files import Split, length_shares
from rgan_kit_plugins.domains.music import embedded
from rgan_kit_plugins.domains.music.cutting import Cutting
from rgan_kit_plugins.domains.music.decoder import MusicDecoder
from rgan_kit_plugins.domains.music.encoding import Form, encode, joined_rows, tallies
from rgan_kit_plugins.domains.music.events import Events
from rgan_kit_plugins.domains.music.material import gather
from rgan_kit_plugins.domains.music.melody import Melody
from rgan_kit_plugins.domains.music.metres import Metre
from rgan_kit_plugins.domains.music.notes import DRUMS, DURATION, PITCH, TRACK, VELOCITY, Defaults, Passage, joined
from rgan_kit_plugins.domains.music.options import MusicOptions
from rgan_kit_plugins.domains.music.pianoroll import PianoRoll, common_metres
from rgan_kit_plugins.domains.music.reading import Collection, read_scores
from rgan_kit_plugins.domains.music.remi import Remi
from rgan_kit_plugins.domains.music.songs import Song, coarsest_grid
from rgan_kit_plugins.domains.music.transposition import Transposed
from rgan_kit_plugins.domains.music.vocabulary import BOS, EOS, PAD

_SHOWN: Final = 12


def load(options: MusicOptions, path: Path | None, seed: int) -> Dataset:
    """Reads scores, or draws melodies of the embedded process where ``path`` is None.

    Raises:
        DataError: nothing can be used, or too little; names files and reasons.
        UsageError: the options do not suit the embedded melodies.
        DeviceError: symusic is not installed.
    """
    rng = np.random.default_rng(seed)
    if path is not None:
        return _load_files(read_scores(path, held_out=options.held_out), options, path, rng)
    options = embedded.suitable(options)
    melodies = embedded.draw(options, rng)
    split = Split.of(melodies.held_out, "the last melodies are held out")
    decoder = _decoder(options, melodies.passages, split, (0,))
    own = encode(decoder.form, melodies.passages, decoder.cutting.max_length, Counter())
    train, validation = map(partial(_source, decoder), _sides(decoder.form, own.rows, split, melodies.labels))
    notes = {"data": f"embedded melodies, {len(melodies.passages):,} drawn with seed {seed}"}
    summary = {**notes, **_describe(decoder.form, train, validation, len(train), melodies.label_names)}
    spec = _spec(decoder.form, train, validation, melodies.label_names)
    return Dataset(spec, train, validation, decoder, melodies.fingerprint, summary, embedded.truth(options))


def _load_files(found: Collection, options: MusicOptions, path: Path, rng: np.random.Generator) -> Dataset:
    grid = options.steps_per_beat or coarsest_grid([score.song for score in found.scores])
    options = options.model_copy(update={"steps_per_beat": grid})
    material = gather(found, options)
    material.check_enough(path)
    split = material.split(found, options.validation_share, rng)
    programs = _programs([score.song for score in material.scores], Cutting.of(options))
    decoder = _decoder(options, material.passages, split, programs)
    form = decoder.form
    own = encode(form, material.passages, decoder.cutting.max_length, material.fates)
    labels, names = material.classes(own.owners, path) if options.labels != "none" else (None, ())
    held_out = np.zeros(len(material.passages), np.bool_)
    held_out[split.validation] = True
    halves = Split.of(held_out[own.owners], split.words)
    plain, held = _sides(form, own.rows, halves, labels)
    validation = _source(decoder, held)
    training = [own.passages[place] for place in halves.train.tolist()]
    train = _transposed(decoder, plain, training, options.semitones) if options.semitones else _source(decoder, plain)
    repairs = [score.song.repairs for score in material.scores]
    told = tallies(form, material.fates, material.notes, own.passages, repairs)
    notes = {"data": f"{len(material.scores):,} scores in {path}"}
    if material.refused:
        notes["refused"] = f"{len(material.refused):,} scores or files"
    notes["samples"] = f"{options.window_bars} bars of a score each" if options.window_bars else "a whole score each"
    notes["split"] = split.words
    notes["metres"] = _metres_in_words(own.passages)
    summary = {**notes, **_describe(form, train, validation, len(plain), names)}
    if names:
        found.fingerprint.add_words(*material.labels)
    spec, refused = _spec(form, plain, held, names), dict(sorted(material.refused.items()))
    return Dataset(spec, train, validation, decoder, found.fingerprint.hex(), summary, refused=refused, tallies=told)


def _programs(songs: Sequence[Song], cutting: Cutting) -> tuple[int, ...]:
    """The commonest instrument of each track kept apart, or all that there are."""
    if cutting.by_program:
        return tuple(sorted({program for song in songs for program in song.programs.tolist()}))
    found: list[Counter[int]] = [Counter() for _ in range(cutting.tracks)]
    for song in songs:
        for place, program in zip(cutting.places(song).tolist(), song.programs.tolist(), strict=True):
            if place >= 0:
                found[place][program] += 1
    return tuple(counts.most_common(1)[0][0] if counts else 0 for counts in found)


def _decoder(options: MusicOptions, passages: list[Passage], split: Split, programs: tuple[int, ...]) -> MusicDecoder:
    """With tempo, loudness and levels of them as the training samples have them, and with all metres."""
    pitches = range(options.lowest_pitch, options.highest_pitch + 1)
    cutting = Cutting.of(options)
    training = [passages[place] for place in split.train.tolist()]
    tempos = np.array([passage.tempo for passage in training])
    velocities = np.concatenate([passage.notes[:, VELOCITY] for passage in training])
    metres = _metres(passages)
    tempo, velocity = round(float(np.median(tempos)), 2), int(np.median(velocities))
    metre = next((each for each in metres if each.beats >= 1), next(iter(metres)))
    defaults = Defaults(options.steps_per_beat, metre, tempo, velocity, programs)
    longest = options.longest_beats * options.steps_per_beat
    form: Form
    if options.representation == "melody":
        form = Melody(Melody.names(pitches, list(metres), bars=options.bars), defaults)
    elif options.representation == "events":
        longest = longest or int(max(passage.notes[:, DURATION].max() for passage in passages))
        bins = options.velocity_bins
        mains = np.unique(np.concatenate([passage.bars.main for passage in passages]), axis=0)
        own = [Metre(*each) for each in mains.tolist()]
        names = Events.names(pitches, longest, cutting.tracks, tempos, velocities, bins, own)
        form = Events(names, defaults)
    elif options.representation == "remi":
        names = Remi.names(
            pitches, passages, training=training, tracks=cutting.tracks, programs=programs,
            velocity_bins=options.velocity_bins, longest=longest,
        )  # fmt: skip
        form = Remi(names, defaults, by_program=cutting.by_program)
    else:
        lengths = common_metres(passages) if len(metres) > 1 else {}
        form = PianoRoll(pitches, defaults, onsets=options.onsets, metres=lengths)
    return MusicDecoder(form, cutting=cutting, pitches=pitches)


def _metres(passages: Sequence[Passage]) -> dict[Metre, int]:
    """How many bars there are of each metre, the commonest first."""
    rows = np.concatenate([passage.bars.metres for passage in passages])
    distinct, counts = np.unique(rows, axis=0, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    return {Metre(*distinct[place].tolist()): int(counts[place]) for place in order.tolist()}


def _metres_in_words(passages: Sequence[Passage]) -> str:
    metres = _metres(passages)
    shown = [f"{metre} ({count:,} bars)" for metre, count in list(metres.items())[:6]]
    return ", ".join(shown) + (f" and {len(metres) - 6} more" if len(metres) > 6 else "")


def _sides(form: Form, rows: list[np.ndarray], split: Split, labels: np.ndarray | None) -> tuple[Sequences, Sequences]:
    """Training and validation samples."""
    train, validation = (
        joined_rows(form, [rows[place] for place in chosen.tolist()], None if labels is None else labels[chosen])
        for chosen in (split.train, split.validation)
    )
    return train, validation


def _source(decoder: MusicDecoder, samples: Sequences) -> SequenceSource:
    """Samples in their own keys; piano rolls, which are held as bytes, become numbers as they are taken."""
    return samples if not isinstance(decoder.form, PianoRoll) else _transposed(decoder, samples, [], 0)


def _transposed(decoder: MusicDecoder, samples: Sequences, passages: list[Passage], most: int) -> Transposed:
    form, pitches = decoder.form, decoder.pitches
    programs = np.arange(DRUMS + 1) if decoder.cutting.by_program else np.array(form.defaults.programs)
    room = np.zeros((len(samples), 2), np.int64)
    if most:
        room = _room(decoder, passages, programs)
    if isinstance(form, PianoRoll):
        return Transposed.of(samples, room, most, range(len(pitches)), ())
    drums = np.flatnonzero(programs == DRUMS).tolist() if isinstance(form, Events) and "track" in form.tokens else []
    fixed = tuple(form.vocabulary.tokens["track"][track] for track in drums)
    return Transposed.of(samples, room, most, form.vocabulary.block("pitch"), fixed)


def _room(decoder: MusicDecoder, passages: list[Passage], programs: np.ndarray) -> np.ndarray:
    """Semitones that each sample can go down and up: int64 ``[samples, 2]``."""
    room, pitches = np.zeros((len(passages), 2), np.int64), decoder.pitches
    notes, owners = joined(passages)
    moving = programs[notes[:, TRACK]] != DRUMS
    heights, owners = notes[moving, PITCH], owners[moving]
    places = np.flatnonzero(np.diff(owners, prepend=-1))
    if len(places):
        lowest, highest = np.minimum.reduceat(heights, places), np.maximum.reduceat(heights, places)
        room[owners[places]] = np.stack([lowest - pitches[0], pitches[-1] - highest], axis=1)
    return room


def _spec(form: Form, train: SequenceSource, validation: SequenceSource, labels: tuple[str, ...]) -> DataSpec:
    longest = int(max(train.lengths.max(), validation.lengths.max()))
    if isinstance(form, PianoRoll):
        names = form.features
        zeros, ones = np.zeros(len(names), np.float32), np.ones(len(names), np.float32)
        columns = tuple(Column(each, grid=1.0) for each in names)
        shares = length_shares(train.lengths, longest)
        return SeriesSpec(len(names), longest, names, zeros, ones, labels, columns, shares)
    return TokenSpec(len(form.vocabulary), BOS, EOS, PAD, longest - 1, None, form.allowed_next(), labels)


def _describe(
    form: Form, train: SequenceSource, validation: SequenceSource, own: int, labels: tuple[str, ...]
) -> dict[str, str]:
    is_roll = isinstance(form, PianoRoll)
    lengths = validation.lengths - (not is_roll)
    several = isinstance(form, Events | Remi) and "tempo" in form.tokens
    summary = {
        "representation": f"{form.name}, {form.defaults.steps_per_beat} steps a beat",
        "lengths": f"{lengths.mean():.1f} {'steps' if is_roll else 'symbols'} on average, {lengths.max():,} at most",
        "tempo": "in each sample" if several else f"{form.defaults.tempo:g} beats a minute",
        "training and validation": f"{own:,} and {len(validation):,} samples"
        + (f"; with those in other keys {len(train):,} for training" if len(train) > own else ""),
    }
    if isinstance(form, Events | Remi):
        loudnesses = len(form.tokens.get("velocity", ()))
        summary["loudness"] = f"{loudnesses} levels" if loudnesses else f"{form.defaults.velocity} everywhere"
    if labels:
        summary["labels"] = ", ".join(labels[:_SHOWN]) + (" ..." if len(labels) > _SHOWN else "")
    return summary
