"""Whatever a neighbour does, it is named, and everything else works with the exit codes that are promised."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pytest
from neighbours import GOOD, HOOK, install, rgankit, short

IMPORTING = {
    "calls sys.exit(0)": ("import sys; sys.exit(0)", "SystemExit: 0"),
    "raises KeyboardInterrupt": ("raise KeyboardInterrupt('not yours')", "KeyboardInterrupt: not yours"),
    "raises GeneratorExit": ("raise GeneratorExit", "GeneratorExit"),
    "raises a BaseException of its own": ("class Bang(BaseException): pass\nraise Bang('b')", "Bang: b"),
    "raises what cannot be printed": (
        "class Bang(Exception):\n    def __str__(self): raise SystemExit(0)\nraise Bang",
        "Bang: (it cannot be put in words)",
    ),
    "raises a novel": ("raise ValueError('x' * 10_000)", "(8,000 more characters)"),
    "sleeps": ("import time; time.sleep(99)", "importing plugin bad:bad took more than 0.5 s"),
    "loops": ("while True: pass", "importing plugin bad:bad took more than 0.5 s"),
    "loops and catches every Exception": (
        "while True:\n    try:\n        while True: pass\n    except Exception: pass",
        "importing plugin bad:bad took more than 0.5 s",
    ),
    "is uninstalled by half": ("raise ModuleNotFoundError(name='bad_module')", "pip uninstall bad"),
    "has no hook": ("x = 1", "bad_module.py) implements no hook"),
    "exits when looked at": (
        "class P:\n    def __getattr__(self, name): raise SystemExit(0)\nimport sys\nsys.modules[__name__] = P()",
        "SystemExit: 0",
    ),
}
"""What it does while it is imported, and what has to be said."""

COLLECTING = {
    "calls sys.exit(0) in a hook": ("import sys; sys.exit(0)", "rgankit_recipes raised SystemExit: 0"),
    "raises KeyboardInterrupt in a hook": ("raise KeyboardInterrupt", "rgankit_recipes raised KeyboardInterrupt"),
    "exits in the middle of its items": ("yield 1; import sys; sys.exit(0)", "rgankit_recipes raised SystemExit: 0"),
    "has no end": ("while True: yield 1", "returns more than 10,000 items"),
    "has no end and no haste": (
        "import time\n    while True: yield time.sleep(0.1)",
        "rgankit_recipes of plugin bad:bad took more than 0.5 s",
    ),
    "returns a spec that exits when it is looked at": (
        "class S:\n        @property\n        def __class__(self): raise SystemExit(0)\n    return [S()]",
        "rgankit_recipes returned what raises SystemExit: 0",
    ),
    "gives a recipe a name that is none": (
        "from rgan_kit.contracts import RecipeSpec\n"
        "    return [RecipeSpec(name=5, summary='s', generator='lstm', objective='maximum-likelihood')]",
        "called 5, which is no name",
    ),
}
"""What its hook does, and what has to be said."""

ROWS = IMPORTING | {does: (f"{HOOK}rgankit_recipes():\n    {body}", said) for does, (body, said) in COLLECTING.items()}
COMMANDS = {
    "exits while it lists its commands": ("import sys; sys.exit(0)", "rgankit_commands raised SystemExit: 0"),
    "brings a command that is none": (
        "return [3]",
        "something is no usable Typer app: TypeError: wanted is one with a name, not int",
    ),
}
ROWS |= {does: (f"{HOOK}rgankit_commands():\n    {body}", said) for does, (body, said) in COMMANDS.items()}


@pytest.mark.parametrize(("source", "said"), ROWS.values(), ids=ROWS)
def test_a_neighbour_is_named_and_the_others_are_there(tmp_path, source, said):
    site = tmp_path / "site"
    install(site, "bad", source)
    install(site, "kind", GOOD)
    answer = rgankit("plugins", "list", path=[site], folder=tmp_path, RGANKIT_TIMEOUT="0.5")
    assert answer.returncode == 0, answer.stderr
    (line,) = [line for line in answer.stdout.splitlines() if "bad:bad" in line]
    assert line.startswith("  bad:bad  1.0  broken  ") and said in line
    assert "  kind:kind  1.0  loaded  offers 1, hooks 1" in answer.stdout.splitlines()
    assert "kind-recipe" in answer.stdout
    assert "Traceback" not in answer.stderr


def test_help_and_strictness_beside_a_neighbour_that_exits(tmp_path):
    site = tmp_path / "site"
    install(site, "bad", "import sys; sys.exit(0)")
    assert "train" in rgankit("--help", path=[site], folder=tmp_path).stdout
    answer = rgankit("train", "--dry-run", path=[site], folder=tmp_path, RGANKIT_STRICT="1")
    assert answer.returncode == 3
    assert "bad:bad: SystemExit: 0" in answer.stderr


def test_who_catches_whatever_it_is_stopped_with_ends_the_program_with_its_name(tmp_path):
    site = tmp_path / "site"
    install(site, "bad", "import time\nwhile True:\n    try:\n        time.sleep(60)\n    except BaseException: pass")
    answer = rgankit("plugins", "list", path=[site], folder=tmp_path, RGANKIT_TIMEOUT="0.5")
    assert answer.returncode == 3
    assert "error: importing plugin bad:bad does not come back after 0.5 s and cannot be stopped." in answer.stderr
    assert "RGANKIT_BLOCK" in answer.stderr
    rest = rgankit("plugins", "list", path=[site], folder=tmp_path, RGANKIT_BLOCK="bad")
    assert rest.returncode == 0
    assert "bad:bad  1.0  blocked" in rest.stdout


@pytest.mark.slow
def test_who_keeps_the_interpreter_for_itself_ends_the_program_with_its_name(tmp_path):
    site = tmp_path / "site"
    install(site, "bad", "import itertools; sum(itertools.repeat(0))")
    answer = rgankit("plugins", "list", path=[site], folder=tmp_path, RGANKIT_TIMEOUT="0.5")
    assert answer.returncode == 1  # the only one that faulthandler knows
    assert "in importing plugin bad:bad" in answer.stderr
    assert "bad_module.py" in answer.stderr


def test_debugging_names_each_plugin_before_it_is_loaded(tmp_path):
    site = tmp_path / "site"
    install(site, "bad", "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)")
    answer = rgankit("plugins", "list", path=[site], folder=tmp_path, RGANKIT_DEBUG="1")
    assert answer.returncode == -signal.SIGSEGV
    *_, last = [line for line in answer.stderr.splitlines() if line.startswith("DEBUG")]
    assert last == "DEBUG: importing plugin bad:bad (bad_module)"


def test_a_timeout_that_is_no_number_is_refused(tmp_path):
    for text in ("soon", "-1", "inf"):
        answer = rgankit("plugins", "list", path=[], folder=tmp_path, RGANKIT_TIMEOUT=text)
        assert answer.returncode == 2
        assert f"RGANKIT_TIMEOUT={text}" in answer.stderr


RIVAL = """
    from rgan_kit import hookimpl
    from rgan_kit.contracts import RecipeSpec

    @hookimpl
    def rgankit_recipes():
        return [RecipeSpec(name="lstm-gan", summary="s", generator="lstm", objective="maximum-likelihood")]
"""


def test_a_recipe_of_a_built_in_name_is_a_conflict_with_a_line_that_says_how_to_reach_it(tmp_path):
    site = tmp_path / "site"
    install(site, "rival", RIVAL)
    listed = rgankit("plugins", "list", path=[site], folder=tmp_path).stdout
    (line,) = [line for line in listed.splitlines() if "conflicting" in line]
    assert "recipe lstm-gan is also offered as rgan-kit:lstm-gan; call this one rival:lstm-gan" in line
    line = "INFO: recipe lstm-gan is the built-in one; there is also rival:lstm-gan"
    for name, said in (("lstm-gan", True), ("rival:lstm-gan", False)):  # resolved, before the setting is looked at
        answer = rgankit("train", "--plugin", name, "--set", "nothing.x=1", path=[site], folder=tmp_path)
        assert answer.returncode == 2
        assert (line in answer.stderr.splitlines()) == said
    rival = rgankit("plugins", "show", "rival:lstm-gan", path=[site], folder=tmp_path)
    assert rival.returncode == 0
    assert "discriminator.hidden_size" not in rival.stdout


# --- Ctrl-C ---


@pytest.mark.parametrize(
    "source",
    [
        "time.sleep(60)",
        "try: time.sleep(60)\nexcept KeyboardInterrupt: sys.exit(0)",
        "try: time.sleep(60)\nexcept BaseException: pass",
    ],
)
def test_ctrl_c_is_the_users_whatever_a_plugin_makes_of_it(tmp_path, source):
    install(tmp_path, "bad", f"import sys, time\nprint('here', flush=True)\n{source}")
    process = subprocess.Popen(
        [sys.executable, "-m", "rgan_kit", "plugins", "list"], env={**os.environ, "PYTHONPATH": str(tmp_path)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout.readline() == "here\n"
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, "", "interrupted\n")


def test_a_plugin_that_ignores_ctrl_c_does_so_for_itself_alone(tmp_path):
    install(
        tmp_path,
        "bad",
        f"import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)\n{HOOK}rgankit_recipes(): return []",
    )
    waiting = "import time; print('here', flush=True); time.sleep(60)"
    install(tmp_path, "late", waiting)
    process = subprocess.Popen(
        [sys.executable, "-m", "rgan_kit", "plugins", "list"], env={**os.environ, "PYTHONPATH": str(tmp_path)},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout.readline() == "here\n"
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130


def test_containing_in_a_library_tells_ctrl_c_from_an_exception():
    from rgan_kit.plugins.contain import Escape, contained

    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(Escape, match="KeyboardInterrupt: mine"), contained():
        raise KeyboardInterrupt("mine")
    with pytest.raises(KeyboardInterrupt), contained():
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(5)
    with pytest.raises(ValueError, match="as it is"), contained():
        raise ValueError("as it is")
    assert signal.getsignal(signal.SIGINT) is before


# --- while a command works ---

DOMAIN = """
    import sys
    from dataclasses import replace
    from rgan_kit import hookimpl
    from rgan_kit.contracts import DomainSpec

    def load(options, path, seed):
        {load}
        from rgan_kit_plugins.domains.text import SPEC
        dataset = SPEC.load(SPEC.options(embedded_sentences=200), None, seed)
        dataset.decoder.__class__ = type("Theirs", (type(dataset.decoder),), {"write": write})
        return dataset

    def write(self, samples, folder):
        {write}
        return []

    @hookimpl
    def rgankit_domains():
        from rgan_kit_plugins.domains.text import SPEC
        about = dict(name="theirs", summary="s", kind="tokens", default_data="d")
        return [DomainSpec(**about, load=load, decoder=SPEC.decoder)]
"""
ENDING = {
    "loads data and exits": ("load", "sys.exit(0)", "SystemExit: 0"),
    "loads data and raises KeyboardInterrupt": ("load", "raise KeyboardInterrupt", "KeyboardInterrupt"),
    "writes samples and exits": ("write", "sys.exit(0)", "SystemExit: 0"),
    "writes samples and raises KeyboardInterrupt": ("write", "raise KeyboardInterrupt", "KeyboardInterrupt"),
}


@pytest.mark.parametrize(("place", "does", "said"), ENDING.values(), ids=ENDING)
def test_a_domain_that_ends_a_training_is_named_with_code_3_and_leaves_no_run(tmp_path, place, does, said):
    site = tmp_path / "site"
    bodies = {"load": "pass", "write": "pass"} | {place: does}
    source = DOMAIN
    for name, body in bodies.items():
        source = source.replace(f"{{{name}}}", body)
    install(site, "bad", source)
    install(site, "kind", GOOD)
    answer = rgankit(*short(), "--domain", "theirs", path=[site], folder=tmp_path)
    assert answer.returncode == 3, answer.stderr
    assert said in answer.stderr and "bad" in answer.stderr.splitlines()[-2]
    assert "Traceback" not in answer.stderr
    if place == "load":
        assert not (tmp_path / "run").exists()


WATCHER = """
    import sys
    from rgan_kit import hookimpl
    from rgan_kit.contracts import *

    @hookimpl
    def rgankit_metrics():
        return [MetricSpec(name="m", summary="s", kinds=frozenset(KINDS), compute=lambda samples: sys.exit(0))]

    @hookimpl
    def rgankit_train_start(run):
        raise KeyboardInterrupt

    @hookimpl
    def rgankit_step_end(step):
        sys.exit(0)

    @hookimpl
    def rgankit_samples(step):
        raise KeyboardInterrupt

    @hookimpl
    def rgankit_table(rows):
        raise DeviceError("none", "none")

    @hookimpl
    def rgankit_checkpoint_saved(step):
        raise DataError("no", "no")

    @hookimpl
    def rgankit_train_end(status):
        class Bang(BaseException): pass
        raise Bang
"""


RECORDER = """
    import json
    from rgan_kit import hookimpl

    SEEN = {}

    @hookimpl
    def rgankit_samples(step, samples, lines, files):
        SEEN["samples"] = [step, len(samples), len(lines), [file.is_file() for file in files]]

    @hookimpl
    def rgankit_table(rows, reference):
        SEEN["table"] = [[moment for moment, _ in rows], sorted(rows[0][1]), sorted(reference)]

    @hookimpl
    def rgankit_train_end(run, status):
        (run.folder / "seen.json").write_text(json.dumps(SEEN))
"""


def test_metrics_and_loggers_that_exit_are_named_and_the_training_comes_to_its_end(tmp_path):
    site = tmp_path / "site"
    install(site, "bad", WATCHER)
    install(site, "kind", GOOD)
    install(site, "recorder", RECORDER)
    answer = rgankit(*short("domain.embedded_sentences=200"), path=[site], folder=tmp_path)
    assert answer.returncode == 0, answer.stderr
    for hook, said in (
        ("rgankit_train_start", "KeyboardInterrupt"),
        ("rgankit_step_end", "SystemExit: 0"),
        ("rgankit_samples", "KeyboardInterrupt"),
        ("rgankit_table", "DeviceError: none"),
        ("rgankit_checkpoint_saved", "DataError: no"),
        ("rgankit_train_end", "Bang"),
    ):
        assert answer.stderr.count(f"plugin bad:bad: {hook} raised {said}") == 1
    assert "metric bad:m raised SystemExit: 0" in answer.stderr
    assert "rgankit export run" in answer.stdout
    seen = json.loads((tmp_path / "run" / "seen.json").read_text())
    assert seen["samples"] == [4, 64, 64, [True]]
    moments, figures, reference = seen["table"]
    assert (moments[0], moments[-1]) == ("start", "kept (step 4)")
    assert "heldout_nll" in figures and "valid" in reference
