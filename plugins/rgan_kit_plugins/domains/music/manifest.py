"""What a decoder's manifest has to say, checked: it may come from a stranger."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

from rgan_kit_plugins.domains.music import events, melody
from rgan_kit_plugins.domains.music.cutting import problems_of_cutting
from rgan_kit_plugins.domains.music.midi import TICKS_PER_BEAT
from rgan_kit_plugins.domains.music.pianoroll import THRESHOLD
from rgan_kit_plugins.domains.music.songs import DRUMS
from rgan_kit_plugins.domains.music.vocabulary import SPECIAL_TOKENS, name, problems_of_names

VERSION: Final = 1
STEPS_PER_BEAT: Final = (1, 2, 3, 4, 6, 8, 12, 16, 24)

_KINDS: Final = {"melody": melody.KINDS, "events": events.KINDS}
_REPRESENTATIONS: Final = (*_KINDS, "pianoroll")
_FIXED: Final = {"version": VERSION, "ticks_per_beat": TICKS_PER_BEAT}


def problems(manifest: Mapping[str, Any]) -> Iterator[str]:
    """Everything that is wrong with it."""
    for key, value in _FIXED.items():
        if type(manifest.get(key)) is not int or manifest[key] != value:
            yield f"{key} is {manifest.get(key)!r:.40} and not {value}"
    steps = manifest.get("steps_per_beat")
    if type(steps) is not int or steps not in STEPS_PER_BEAT:
        yield f"steps_per_beat is {steps!r:.40} and none of {', '.join(map(str, STEPS_PER_BEAT))}"
    yield from _problems_of_number(manifest, "tempo", 4, 1000)
    yield from _problems_of_number(manifest, "beats_per_bar", 1, 64)
    low, high = manifest.get("lowest_pitch"), manifest.get("highest_pitch")
    has_range = type(low) is int and type(high) is int and 0 <= low <= high <= 127
    if not has_range:
        yield f"lowest_pitch and highest_pitch are {low!r:.40} and {high!r:.40}, no range within 0 to 127"
    velocity = manifest.get("velocity")
    if type(velocity) is not int or not 1 <= velocity <= 127:
        yield f"velocity is {velocity!r:.40} and not 1 to 127"
    programs = manifest.get("programs")
    if not isinstance(programs, list | tuple) or not 1 <= len(programs) <= 16:
        yield "programs is no list of 1 to 16 instruments"
    elif any(type(program) is not int or not 0 <= program <= DRUMS for program in programs):
        yield f"programs holds something that is none of 0 to {DRUMS}"
    yield from problems_of_cutting(manifest.get("reading"))
    yield from _problems_of_representation(manifest, (low, high) if has_range else None)


def _problems_of_number(manifest: Mapping[str, Any], key: str, low: float, high: float) -> Iterator[str]:
    value = manifest.get(key)
    if type(value) not in (int, float) or not math.isfinite(value) or not low <= value <= high:  # type: ignore[arg-type, operator]
        yield f"{key} is {value!r:.40} and not {low:g} to {high:g}"


def _problems_of_representation(manifest: Mapping[str, Any], pitches: tuple[Any, Any] | None) -> Iterator[str]:
    representation = manifest.get("representation")
    if not isinstance(representation, str) or representation not in _REPRESENTATIONS:
        yield f"representation is {representation!r:.40} and none of {', '.join(_REPRESENTATIONS)}"
        return
    own = [name("pitch", pitch) for pitch in range(pitches[0], pitches[1] + 1)] if pitches else None
    if representation == "pianoroll":
        if manifest.get("threshold") != THRESHOLD:
            yield f"threshold is {manifest.get('threshold')!r:.40} and not {THRESHOLD}"
        if own and manifest.get("features") != own:
            yield f"features are not {own[0]} to {own[-1]}"
        return
    if manifest.get("special") != SPECIAL_TOKENS:
        yield f"special is {manifest.get('special')!r:.80} and not {SPECIAL_TOKENS}"
    names = manifest.get("vocabulary")
    faults = list(problems_of_names(names, _KINDS[representation]))
    yield from faults
    if not faults and own and [each for each in names or () if each.startswith("pitch_")] != own:
        yield f"vocabulary does not hold {own[0]} to {own[-1]} as its pitches"
