"""The domain ``video``: clips from videos, GIFs, folders of pictures and arrays; without data, moving shapes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rgan_kit.contracts import Dataset, Decoder, DomainSpec
from rgan_kit_plugins.domains.video.options import VideoOptions


def _load(options: Any, path: Path | None, seed: int) -> Dataset:
    from rgan_kit_plugins.domains.video.dataset import load

    return load(options, path, seed)


def _decoder(manifest: Mapping[str, Any]) -> Decoder:
    from rgan_kit_plugins.domains.video.decoder import VideoDecoder

    return VideoDecoder.from_manifest(manifest)


def _make(options: Any, folder: Path, seed: int) -> list[Path]:
    from rgan_kit_plugins.domains.video.embedded import make

    return make(options, folder, seed)


SPEC = DomainSpec(
    name="video",
    summary="clips from .mp4, .webm, .gif, .npy and .npz files and from folders of pictures, one folder a clip",
    kind="frames",
    default_data="clips of a shape that moves in one of four ways, each of which can be told from its track",
    load=_load,
    decoder=_decoder,
    options=VideoOptions,
    make=_make,
    recipe="world-model",
    endings=(".mp4", ".m4v", ".mov", ".webm", ".mkv", ".avi", ".gif", ".npy", ".npz"),
)
