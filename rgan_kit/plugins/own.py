"""Networks of one's own without a package: a class in a Python file, named as ``my_file.py:MyNet``.

Code is run only where the user named it on the command line or handed the class over in Python, or has done so
before: a configuration that comes from somebody else may name files as well.
"""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import logging
import os
import re
import sys
from functools import partial
from pathlib import Path
from typing import Any, Final, get_type_hints

from pydantic import create_model

from rgan_kit.contracts.data import KINDS
from rgan_kit.contracts.options import Options
from rgan_kit.errors import PluginError, UsageError
from rgan_kit.plugins.contain import contained, describe
from rgan_kit.plugins.records import PluginRecord

DISTRIBUTION: Final = "own-code"
"""What stands for the distribution of parts that come from none."""

CONSENT: Final = "RGANKIT_OWN_CODE"
"""Set to 1, files that configurations name are run without having been named by the user before."""

_NAME = re.compile(r"(?P<path>.+\.py):(?P<attribute>[A-Za-z_]\w*)")
_GIVEN: Final = {"generator": 1, "discriminator": 1, "encoder": 2}
"""Arguments that a class is given before its options: the data's spec; an encoder's latent size."""

_handed: dict[str, type[Any]] = {}
_now: set[str] = set()
logger = logging.getLogger(__name__)


def is_own(name: object) -> bool:
    """Whether a part's name is that of a class in a file."""
    return isinstance(name, str) and _NAME.fullmatch(name) is not None


def named_by_user(name: str) -> str:
    """The name with an absolute path; the file as it is now may be run from here on.

    Raises:
        UsageError: there is no such file.
    """
    match = _NAME.fullmatch(name)
    assert match is not None
    path = Path(match["path"]).expanduser().absolute()
    _allow(_digest(path))
    return f"{path}:{match['attribute']}"


def handed_over(network: type[Any]) -> str:
    """The name of a class that Python code hands over; one in a file is found there by other processes too.

    Raises:
        UsageError: it lies inside of a function, or in no file.
    """
    try:
        source = inspect.getsourcefile(network)
    except TypeError:
        source = None
    if source is None or not Path(source).is_file() or "." in network.__qualname__:
        raise UsageError(
            f"{network.__qualname__} lies in no file, or not at its top level, so no run could find it again.",
            "Write it into a file of its own (in a notebook: a cell that begins with %%writefile my_net.py).",
        )
    name = named_by_user(f"{source}:{network.__name__}")
    _handed[name] = network
    return name


def own_spec(kind: type[Any], noun: str, name: str) -> tuple[Any, PluginRecord]:
    """The description of a class in a file, and a record of where it is from.

    Its options are the arguments with types and defaults that its ``__init__`` takes after the data's spec (and after
    the latent size, for an encoder). It may have ``kinds`` and ``provides`` as a description has them.

    Args:
        kind: of the description.
        noun: of the part.
        name: ``/path/my_file.py:MyNet``.

    Raises:
        UsageError: no such file or class, or parts of this kind cannot come so.
        PluginError: the file raises, or the user has never named it.
    """
    if noun not in _GIVEN:
        raise UsageError(f"A {noun} cannot be a class in a file.", f"Those that can: {', '.join(_GIVEN)}.")
    match = _NAME.fullmatch(name)
    assert match is not None
    path = Path(match["path"]).expanduser().absolute()
    digest = _digest(path)
    network = _handed.get(name) or _imported(path, match["attribute"], digest)
    options = _options(network, _GIVEN[noun])
    about = (inspect.getdoc(network) or match["attribute"]).partition("\n")[0]
    kinds, provides = getattr(network, "kinds", KINDS), getattr(network, "provides", None)
    spec = kind(
        name=name, summary=about, kinds=frozenset(kinds), options=options, build=partial(_build, network),
        provides=None if provides is None else lambda options, data: frozenset(provides),
    )  # fmt: skip
    return spec, PluginRecord(match["attribute"], DISTRIBUTION, digest[:12], name)


def _build(network: type[Any], options: Options, *given: Any) -> Any:
    return network(*given, **dict(options))


def _options(network: type[Any], given: int) -> type[Options]:
    parameters = list(inspect.signature(network).parameters.values())[given:]
    hints = get_type_hints(network.__init__)
    fields: dict[str, Any] = {}
    for each in parameters:
        if each.kind in (each.VAR_POSITIONAL, each.VAR_KEYWORD):
            continue
        if each.default is each.empty or each.name not in hints:
            raise PluginError(
                f"{network.__qualname__}: its argument '{each.name}' has no default or no type.",
                "Write, for example: def __init__(self, spec, hidden_size: int = 64)",
            )
        fields[each.name] = (hints[each.name], each.default)
    return create_model(f"{network.__name__}Options", __base__=Options, **fields)


def _imported(path: Path, attribute: str, digest: str) -> type[Any]:
    if digest not in _allowed() and os.environ.get(CONSENT) != "1":
        raise PluginError(
            f"{path} is code that you have not named to this program as it is now, so it is not run.",
            f"Read it. To run it, name it (--set generator={path}:{attribute}), or set {CONSENT}=1.",
        )
    module_name = f"rgan_kit_own_{digest[:16]}"
    module = sys.modules.get(module_name)
    if module is None:
        described = importlib.util.spec_from_file_location(module_name, path)
        assert described is not None and described.loader is not None
        module = importlib.util.module_from_spec(described)
        sys.modules[module_name] = module  # as dataclasses and pickled types need it
        try:
            with contained(f"running {path}"):
                described.loader.exec_module(module)
        except Exception as error:
            del sys.modules[module_name]
            raise PluginError(f"{path} raises when it is run: {describe(error)}") from error
    network = getattr(module, attribute, None)
    if not inspect.isclass(network):
        raise UsageError(f"{path}: there is no class {attribute}.", "The name is that of a class at its top level.")
    return network


def _digest(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror or error}.") from error


def _store() -> Path:
    state = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(state) / "rgan-kit" / "own-code"


def _allowed() -> set[str]:
    try:
        return _now | set(_store().read_text(encoding="ascii").split())
    except (OSError, ValueError, RuntimeError):
        return set(_now)


def _allow(digest: str) -> None:
    if digest in _allowed():
        return
    _now.add(digest)
    try:
        _store().parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _store().open("a", encoding="ascii") as file:
            file.write(f"{digest}\n")
    except (OSError, RuntimeError):
        logger.info("%s cannot be written, so files of your own have to be named every time", _store())
