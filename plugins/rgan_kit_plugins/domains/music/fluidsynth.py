"""The preview by FluidSynth with the user's own SoundFont, where ``RGANKIT_SOUNDFONT`` names one.

A variable and not an option of the domain: options travel in the model file, and a path of this computer must not.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

from rgan_kit.contracts import DeviceError

VARIABLE: Final = "RGANKIT_SOUNDFONT"
_SECONDS: Final = 120


def soundfont() -> Path | None:
    """The user's SoundFont, or None where there is none.

    Raises:
        DeviceError: the file is missing, or FluidSynth is not installed.
    """
    named = os.environ.get(VARIABLE)
    if not named:
        return None
    path = Path(named).expanduser().absolute()
    if not path.is_file():
        raise DeviceError(f"{VARIABLE} is {named}: there is no such file.", "Name a .sf2 or .sf3 file, or unset it.")
    if shutil.which("fluidsynth") is None:
        raise DeviceError(
            f"{VARIABLE} is set, but the program fluidsynth is not installed.",
            f"Install it (Debian: apt install fluidsynth; macOS: brew install fluid-synth), or unset {VARIABLE}.",
        )
    return path


def render(font: Path, score: Path, target: Path) -> None:
    """Writes a .wav of a MIDI file.

    Raises:
        DeviceError: FluidSynth fails, or takes longer than two minutes.
    """
    program = shutil.which("fluidsynth") or "fluidsynth"
    words = [program, "-n", "-i", "-q", "-F", str(target.absolute()), "-r", "44100", str(font), str(score.absolute())]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=_SECONDS, check=False)  # noqa: S603 - no shell
    except subprocess.TimeoutExpired:
        raise DeviceError(f"{score}: fluidsynth takes longer than {_SECONDS} s.") from None
    if done.returncode or not target.is_file():
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise DeviceError(f"{score}: fluidsynth fails: {reason:.200}", f"Unset {VARIABLE} for the plain preview.")
