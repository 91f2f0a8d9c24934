"""``rgankit doctor`` comes to its end beside whatever is installed, and names it; so does ``plugins list``."""

from __future__ import annotations

import shutil

import pytest
from neighbours import GOOD, HOOK, install, rgankit

KILLING = "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)"
ENDING = {
    "a segmentation fault at import": (KILLING, "its process was ended by SIGSEGV while importing plugin bad:bad"),
    "os._exit(0) at import": ("import os; os._exit(0)", "ended its process with exit code 0 while importing plugin"),
    "a segmentation fault in a hook": (
        f"{HOOK}rgankit_recipes():\n    {KILLING}",
        "its process was ended by SIGSEGV while calling rgankit_recipes of plugin bad:bad",
    ),
    "a segmentation fault in its commands": (
        f"{HOOK}rgankit_commands():\n    {KILLING}",
        "its process was ended by SIGSEGV while calling rgankit_commands of plugin bad:bad",
    ),
    "a sleep at import": ("import time; time.sleep(99)", "TookTooLong: importing plugin bad:bad took more than 1 s"),
    "sys.exit(0) at import": ("import sys; sys.exit(0)", "SystemExit: 0"),
    "a thread that never ends": (
        "import threading, time\nthreading.Thread(target=time.sleep, args=(99,)).start()",
        "implements no hook",
    ),
}


@pytest.fixture
def site(tmp_path):
    """A folder for the path, with a stand-in for torch that doctor need not wait for, and one good plugin."""
    folder = tmp_path / "site"
    install(folder, "kind", GOOD)
    (folder / "torch.py").write_text("class cuda:\n    is_available = staticmethod(lambda: False)\n")
    return folder


@pytest.mark.parametrize(("source", "said"), ENDING.values(), ids=ENDING)
def test_doctor_names_who_ends_its_process(tmp_path, site, source, said):
    install(site, "bad", source)
    answer = rgankit("doctor", path=[site], folder=tmp_path, RGANKIT_TIMEOUT="1")
    assert answer.returncode == 3, answer.stderr
    (fault,) = [line for line in answer.stdout.splitlines() if "bad:bad" in line]
    assert fault.startswith("fault: plugin bad:bad is broken: ") and said in fault
    (counts,) = [line for line in answer.stdout.splitlines() if line.startswith("plugins ")]
    assert counts.split(maxsplit=1)[1] == "1 broken, 3 loaded"


@pytest.mark.slow
def test_doctor_names_who_keeps_the_interpreter_for_itself(tmp_path, site):
    install(site, "bad", "import itertools; sum(itertools.repeat(0))")
    answer = rgankit("doctor", path=[site], folder=tmp_path, RGANKIT_TIMEOUT="1")
    assert answer.returncode == 3
    assert "ended its process with exit code 1 while importing plugin bad:bad" in answer.stdout


def test_plugins_that_end_the_process_beside_each_other_alone_are_said_to(tmp_path, site):
    for name, other in (("one", "two"), ("two", "one")):
        source = f"import os, sys\nif '{other}_module' in sys.modules: os._exit(5)\n{HOOK}rgankit_recipes(): return []"
        install(site, name, source)
    answer = rgankit("doctor", path=[site], folder=tmp_path)
    assert answer.returncode == 3
    assert "one by one they can be loaded; it ended its process with exit code 5 while importing plugin two:two" in (
        answer.stdout
    )


LOGGER = """
    from rgan_kit import hookimpl

    class Logger:
        @hookimpl
        def rgankit_step_end(self, step): pass

    logger = Logger()
    again = logger
"""


def both(site, tmp_path, **environment: str) -> list[str]:
    """What ``plugins list`` and ``doctor`` print, which must not differ in what they find."""
    listed = rgankit("plugins", "list", path=[site], folder=tmp_path, **environment)
    assert listed.returncode == 0, listed.stderr
    doctor = rgankit("doctor", path=[site], folder=tmp_path, **environment)
    assert doctor.returncode in (1, 3), doctor.stdout + doctor.stderr
    return [listed.stdout, doctor.stdout]


def test_an_entry_point_that_names_a_class_is_one_line(tmp_path, site):
    install(site, "bad", LOGGER, target="bad_module:Logger")
    for text in both(site, tmp_path):
        (line,) = [line for line in text.splitlines() if "bad:bad" in line]
        assert "its entry point names the class Logger Make an object in the module (logger = Logger())" in line


def test_two_entry_points_that_name_one_object_are_one_line(tmp_path, site):
    info = install(site, "bad", LOGGER, target="bad_module:logger")
    (info / "entry_points.txt").write_text("[rgan_kit.plugins]\nfirst=bad_module:logger\nsecond=bad_module:again\n")
    for text in both(site, tmp_path):
        (line,) = [line for line in text.splitlines() if "bad:second" in line]
        assert "it names what bad:first is already" in line


def test_two_distributions_with_one_module_name_are_one_line(tmp_path, site):
    install(site, "mine", LOGGER, module="shared", target="shared:logger")
    install(site, "theirs", LOGGER, module="shared", target="shared:logger")
    for text in both(site, tmp_path):
        (line,) = [line for line in text.splitlines() if "its module shared is also that of" in line]
        assert "conflicting" in line and "mine" in line and "theirs" in line


def test_a_distribution_that_names_anothers_module_without_having_it_is_used(tmp_path, site):
    install(site, "mine", LOGGER, module="shared", target="shared:logger")
    info = install(
        site, "suite", LOGGER.replace("again = logger", "other = Logger()"), module="shared", target="shared:other"
    )
    (info / "RECORD").write_text("suite-1.0.dist-info/METADATA,,\n")
    listed = rgankit("plugins", "list", path=[site], folder=tmp_path).stdout
    assert "suite:suite  1.0  loaded" in listed


def test_two_versions_of_one_distribution_are_one_line_and_the_first_is_used(tmp_path, site):
    second = tmp_path / "second"
    install(site, "bad", LOGGER, version="2.0", target="bad_module:logger")
    install(second, "bad", LOGGER, version="1.0", target="bad_module:logger")
    listed = rgankit("plugins", "list", path=[site, second], folder=tmp_path).stdout
    lines = [line for line in listed.splitlines() if "bad:bad" in line]
    assert lines[0] == "  bad:bad  2.0  loaded  hooks 1" and len(lines) == 2
    assert f"version 1.0 in {second}" in lines[1] and f"is hidden by 2.0 in {site}" in lines[1]
    doctor = rgankit("doctor", path=[site, second], folder=tmp_path)
    assert doctor.returncode == 3
    assert f"fault: plugin bad:bad is conflicting: version 1.0 in {second}" in doctor.stdout


def test_what_an_uninstall_has_left_is_one_line_and_hides_no_library(tmp_path, site):
    (site / "torch-1.0.dist-info").mkdir()
    info = install(site, "gone", LOGGER)
    (site / "gone_module.py").unlink()
    listed, doctor = both(site, tmp_path)
    for text in (listed, doctor):
        (line,) = [line for line in text.splitlines() if "torch-1.0.dist-info" in line]
        assert "has no METADATA: an uninstall or an install was cut short; delete the folder" in line
        assert "there is no module gone_module, which it is" in text and "pip uninstall gone" in text
    (torch,) = [line for line in doctor.splitlines() if line.startswith("torch ")]
    assert "not installed" not in torch
    shutil.rmtree(info)
    alone = rgankit("doctor", path=[site], folder=tmp_path)
    assert alone.returncode == 1  # nothing is wrong with a plugin
    assert "1 fault(s)" in alone.stdout
