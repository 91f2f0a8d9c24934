"""The example plugins are installed as a stranger's would be, and show that the core needs no change for them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FOLDERS = sorted(path.parent for path in (ROOT / "examples" / "plugins").glob("*/pyproject.toml"))
NAMES = [folder.name for folder in FOLDERS]


def project(folder: Path) -> dict:
    return tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def python(*words: str, site: Path | str, folder: Path, code: int = 0) -> str:
    answer = subprocess.run(
        [sys.executable, "-m", *words], cwd=folder, env={**os.environ, "PYTHONPATH": str(site), "OMP_NUM_THREADS": "1"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert answer.returncode == code, f"{' '.join(words)}\n{answer.stdout}\n{answer.stderr}"
    return answer.stdout


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Path:
    """Where all of them are installed, beside the environment and not in it."""
    folder = tmp_path_factory.mktemp("stranger")
    install = ("pip", "install", "--no-deps", "--no-build-isolation", "--disable-pip-version-check", "--quiet")
    python(*install, "--target", str(folder / "site"), *map(str, FOLDERS), site=folder, folder=folder)
    return folder / "site"


@pytest.fixture(scope="module")
def listed(site) -> dict[str, dict]:
    """What ``rgankit plugins list`` says of each distribution."""
    document = json.loads(python("rgan_kit", "plugins", "list", "--json", site=site, folder=site))
    return {record["distribution"]: record for record in document["plugins"]}


def test_there_are_a_network_a_domain_and_a_logger():
    assert set(NAMES) >= {"rgankit-transformer", "rgankit-smiles", "rgankit-mlflow", "rgankit-wandb"}


@pytest.mark.parametrize("folder", FOLDERS, ids=NAMES)
def test_an_installed_example_is_loaded_without_a_complaint(folder, listed):
    record = listed[folder.name]
    assert (record["status"], record["problem"]) == ("loaded", "")
    assert record["version"] == project(folder)["version"]
    assert record["offers"] or record["hooks"]


@pytest.mark.parametrize("folder", FOLDERS, ids=NAMES)
def test_an_example_imports_public_names_only(folder):
    sources = [file for file in folder.rglob("*.py") if "tests" not in file.parts]
    assert sources
    for file in sources:
        imported = set(re.findall(r"^\s*(?:from|import) (rgan_kit[\w.]*)", file.read_text(encoding="utf-8"), re.M))
        assert imported <= {"rgan_kit", "rgan_kit.contracts", "rgan_kit.nn"}, file


@pytest.mark.parametrize("folder", FOLDERS, ids=NAMES)
def test_the_readme_of_an_example_names_what_there_is(folder):
    readme = (folder / "README.md").read_text(encoding="utf-8")
    assert f"pip install {folder.name}" in readme or f'pip install "{folder.name}[' in readme
    extras = project(folder)["optional-dependencies"]
    assert set(re.findall(rf"{folder.name}\[(\w+)\]", readme)) <= set(extras)
    for link in re.findall(r"\]\((?!https?:)([^)#]+)", readme):
        assert (folder / link).exists(), link


def check(name: str, site: Path | str, folder: Path, code: int = 0) -> list[dict]:
    words = ("rgan_kit", "plugins", "check", name, "--quick", "--json")
    return json.loads(python(*words, site=site, folder=folder, code=code))["checks"]


@pytest.mark.parametrize("name", NAMES)
def test_an_installed_example_meets_its_requirements(name, site, tmp_path):
    stand_in_for_mlflow(tmp_path)
    stand_in_for_wandb(tmp_path)
    outcomes = [each["outcome"] for each in check(name, f"{site}{os.pathsep}{tmp_path}", tmp_path)]
    assert outcomes.count("passed") > 2 and set(outcomes) <= {"passed", "not applicable"}


@pytest.mark.skipif(find_spec("mlflow") is not None, reason="MLflow is installed")
def test_what_a_missing_library_keeps_from_being_tried_is_not_called_broken(site, tmp_path):
    requirements = check("rgankit-mlflow", site, tmp_path, code=6)
    untried = [each for each in requirements if each["outcome"] == "not tried"]
    assert {each["outcome"] for each in requirements} == {"passed", "not tried"}
    assert untried and all('pip install "rgankit-mlflow[mlflow]"' in each["seen"] for each in untried)


def stand_in_for_mlflow(folder: Path) -> None:
    """The example's own stand-in for the library, where it can be imported; says at the end what it was told."""
    from_tests = ROOT / "examples" / "plugins" / "rgankit-mlflow" / "tests"
    (folder / "mlflow").mkdir()
    (folder / "mlflow" / "__init__.py").write_text(
        f"import sys; sys.path.append({str(from_tests)!r})\nfrom standing_in import MlflowClient\n"
        "import atexit\natexit.register(lambda: [print(run.name, run.status, len(run.metrics) > 0, "
        "run.params['generator.hidden_size'], file=open('told.txt', 'a')) for run in MlflowClient.runs.values()])\n"
    )
    (folder / "mlflow" / "entities.py").write_text("from standing_in import Metric, Param\n")


def stand_in_for_wandb(folder: Path) -> None:
    """As for MLflow."""
    from_tests = ROOT / "examples" / "plugins" / "rgankit-wandb" / "tests"
    (folder / "wandb.py").write_text(
        f"import sys; sys.path.append({str(from_tests)!r})\nfrom standing_in_for_wandb import *\n"
        "from standing_in_for_wandb import RUNS\nimport atexit\n"
        "atexit.register(lambda: [print(run.about['name'], run.code, sorted(run.summary)[0], len(run.logged) > 2, "
        "file=open('told.txt', 'a')) for run in RUNS])\n"
    )


@pytest.mark.slow
@pytest.mark.parametrize("folder", FOLDERS, ids=NAMES)
def test_an_example_passes_its_own_tests(folder, site, tmp_path):
    words = ("pytest", "-q", "-p", "no:cacheprovider", "-c", os.devnull, "--rootdir", str(tmp_path))
    python(*words, "-m", "not export", str(folder / "tests"), site=site, folder=tmp_path)


@pytest.mark.slow
def test_molecules_train_by_their_own_domain(site, tmp_path):
    sizes = ("generator.hidden_size=16", "generator.embedding_size=8", "domain.embedded_molecules=100")
    settings = [word for each in (*sizes, "train.evaluation_samples=20") for word in ("--set", each)]
    (tmp_path / "some.smi").write_text("".join(f"{'C' * n}O\n{'C' * n}N\n" for n in range(1, 30)))
    words = ("rgan_kit", "train", "--plugin", "lstm-lm", "--data", "some.smi", "--steps", "8", "--run", "run")
    python(*words, *settings, site=site, folder=tmp_path)
    figures = (tmp_path / "run" / "metrics.jsonl").read_text(encoding="utf-8")
    assert '"evaluation/syntax"' in figures
    assert 'name = "smiles"' in (tmp_path / "run" / "config.toml").read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_training_is_told_to_mlflow(site, tmp_path):
    stand_in_for_mlflow(tmp_path)
    sizes = ("generator.hidden_size=16", "domain.embedded_sentences=100", "train.evaluation_samples=8")
    settings = [word for each in (*sizes, "train.loggers=mlflow") for word in ("--set", each)]
    words = ("rgan_kit", "train", "--plugin", "lstm-lm", "--steps", "6", "--run", "run", *settings)
    python(*words, site=f"{site}{os.pathsep}{tmp_path}", folder=tmp_path)
    assert "run FINISHED True 16" in (tmp_path / "told.txt").read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_training_is_told_to_wandb(site, tmp_path):
    stand_in_for_wandb(tmp_path)
    sizes = ("generator.hidden_size=16", "domain.embedded_sentences=100", "train.evaluation_samples=8")
    settings = [word for each in (*sizes, "train.loggers=wandb") for word in ("--set", each)]
    words = ("rgan_kit", "train", "--plugin", "lstm-lm", "--steps", "6", "--run", "run", *settings)
    python(*words, site=f"{site}{os.pathsep}{tmp_path}", folder=tmp_path)
    assert "run 0 checkpoint True" in (tmp_path / "told.txt").read_text(encoding="utf-8")
