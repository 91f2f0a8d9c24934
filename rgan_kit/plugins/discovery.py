"""Finds the entry points of what is installed, and what uninstalls have left behind."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from importlib.metadata import EntryPoint, distributions
from pathlib import Path

from rgan_kit.hookspecs import ENTRY_POINT_GROUP
from rgan_kit.plugins.contain import describe
from rgan_kit.plugins.origins import Origin
from rgan_kit.plugins.records import PluginRecord, Status


def discover() -> tuple[list[EntryPoint], list[PluginRecord]]:
    """The entry points of every distribution, in the order of the path; and a record for each that cannot be read,
    which ``importlib.metadata.entry_points`` would end its walk for."""
    entries: list[EntryPoint] = []
    unreadable: list[PluginRecord] = []
    for distribution in distributions():
        try:
            entries += [entry for entry in distribution.entry_points if entry.group == ENTRY_POINT_GROUP]
        except Exception as error:  # a malformed entry_points.txt
            problem = f"its entry points cannot be read: {describe(error)}"
            name = str(distribution.metadata["Name"] or "unknown")
            unreadable.append(PluginRecord("?", name, distribution.version or "", "?", Status.BROKEN, problem))
    return entries, unreadable


def installed_version(name: str) -> str | None:
    """The version of a distribution, or None; an empty folder that an uninstall has left in front of it is no answer,
    though ``importlib.metadata.version`` gives it."""
    found = (distribution.metadata["Version"] for distribution in distributions(name=name))
    return next((str(version) for version in found if version), None)


def leftovers() -> list[str]:
    """Folders on the path that say that something is installed, and not what: one line each."""
    folders = (folder for entry in dict.fromkeys(sys.path) for folder in sorted(Path(entry or ".").glob("*.dist-info")))
    return [
        f"{folder} has no METADATA: an uninstall or an install was cut short; delete the folder"
        for folder in folders
        if folder.is_dir() and not (folder / "METADATA").exists()
    ]


def hidden(met: Sequence[tuple[Origin, EntryPoint]]) -> list[str]:
    """Why each of these cannot be what its distribution says, since another comes first on the path; empty where it
    is. In the order of the path, as ``discover`` gives them."""
    distributions_met: dict[str, tuple[Origin, EntryPoint]] = {}
    modules: dict[str, Origin] = {}
    problems = []
    for origin, entry in met:
        first, theirs = distributions_met.setdefault(_normalized(origin.name), (origin, entry))
        owner = modules.setdefault(entry.module, origin)
        if origin.name != Origin.name and first.version != origin.version:
            problems.append(
                f"version {origin.version} in {_place(entry)} is hidden by {first.version} in {_place(theirs)}, which "
                f"comes first on the path: take one of them away (pip uninstall {origin.name}, perhaps twice)"
            )
        elif _normalized(owner.name) != _normalized(origin.name) and _claims(entry):
            problems.append(
                f"its module {entry.module} is also that of {owner.name}, and Python loads one of the two alone: "
                f"uninstall one of the two distributions, and install the other again"
            )
        else:
            problems.append("")
    return problems


def _normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _place(entry: EntryPoint) -> str:
    return str(entry.dist.locate_file("")) if entry.dist is not None else "?"


def _claims(entry: EntryPoint) -> bool:
    """Whether the distribution of an entry point installs the module that it names; one that only collects entry
    points into another distribution does not."""
    path = entry.module.replace(".", "/")
    names = {f"{path}.py", f"{path}/__init__.py"}
    if entry.dist is None:
        return False
    files = entry.dist.files
    if files is not None:
        return any(str(file) in names for file in files)
    return any(Path(str(entry.dist.locate_file(name))).exists() for name in names)
