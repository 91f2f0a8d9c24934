"""Built-in data domains: from a user's files to sequences, and back. One package a domain."""

from __future__ import annotations

from typing import Final

from rgan_kit_plugins.domains import images, music, series, text, video

DOMAINS: Final = (text.SPEC, music.SPEC, series.SPEC, video.SPEC, images.SPEC)
