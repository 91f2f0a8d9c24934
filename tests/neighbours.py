"""Distributions that lie on the path and are not what they should be, beside one that is."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

from support import SMALL

GOOD = """
    from rgan_kit import hookimpl

    @hookimpl
    def rgankit_recipes():
        from rgan_kit.contracts import RecipeSpec
        return [RecipeSpec(name="kind-recipe", summary="s", generator="lstm", objective="maximum-likelihood")]
"""
HOOK = "from rgan_kit import hookimpl\n@hookimpl\ndef "


def install(
    site: Path,
    name: str,
    source: str,
    *,
    version: str = "1.0",
    module: str = "",
    target: str = "",
    metadata: bool = True,
) -> Path:
    """A distribution with one plugin, in a folder for the path; returns its ``.dist-info``."""
    site.mkdir(exist_ok=True)
    module = module or f"{name}_module"
    (site / f"{module}.py").write_text(textwrap.dedent(source))
    info = site / f"{name}-{version}.dist-info"
    info.mkdir()
    if metadata:
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (info / "entry_points.txt").write_text(f"[rgan_kit.plugins]\n{name} = {target or module}\n")
    return info


def rgankit(*words: object, path: list[Path], folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """The program as a process, with these folders on its path."""
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path)), "OMP_NUM_THREADS": "1", **environment}
    return subprocess.run(
        [sys.executable, "-m", "rgan_kit", *map(str, words)],
        cwd=folder, env=environ, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def short(*more: str) -> list[str]:
    """Words that make a training of ``kind-recipe`` take a second."""
    own = [each for each in SMALL if not each.startswith(("discriminator.", "domain."))]
    words = [word for each in (*own, *more) for word in ("--set", each)]
    return ["train", "--plugin", "kind-recipe", "--steps", "4", "--run", "run", *words]
