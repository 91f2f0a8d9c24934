"""The command line: results, messages and exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from support import call, settings

LINES = "\n".join(f"sentence number {word} ends here" for word in "abcdefghijklmnopqrstuvwxyz")


def one_message(answer, code: int, *said: str) -> None:
    assert answer.code == code, answer.err
    assert answer.out == ""
    assert "Traceback" not in answer.err
    assert answer.err.lower().count("error") == 1, answer.err
    for each in said:
        assert each in answer.err


def test_help_names_every_command(rgankit):
    answer = rgankit("--help")
    assert answer.code == 0
    for command in ("train", "export", "sample", "inspect", "plugins", "doctor"):
        assert command in answer.out


def test_the_version_is_the_packages(rgankit):
    from rgan_kit import __version__

    assert rgankit("--version").out == f"{__version__}\n"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "nothing in it"),
        (b"\n\n  \n", "blank"),
        (b"only one line", "unit=window"),
        (b"good\nb\xffd\n" * 20, "line 2"),
        (b"x" * 50_000_000, "again and again"),
        (b"\x00\x01\x02" * 100, "data.txt"),
    ],
)
def test_bad_data_is_one_message_that_says_what_and_where(rgankit, tmp_path, content, said):
    (tmp_path / "data.txt").write_bytes(content)
    answer = rgankit("train", "--plugin", "lstm-gan", "--data", "data.txt")
    one_message(answer, 4, "data.txt", said)
    assert [path.name for path in tmp_path.iterdir()] == ["data.txt"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--data", "nothing.txt"], 4, "nothing.txt"),
        (["--plugin", "lstm-gna"], 2, "lstm-gan"),
        (["--domain", "txet"], 2, "text"),
        (["--set", "generator.hiden_size=3"], 2, "hidden_size"),
        (["--set", "generator.hidden_size=-3"], 2, "1 up to 8192"),
        (["--set", "nonsense"], 2, "key=value"),
        (["--seed", "-1"], 2, "seed"),
        (["--steps", "0"], 2, "train.steps"),
        (["--device", "cuda:77"], 6, "cuda:77"),
        (["--resume", "runs/none"], 4, "runs/none"),
        (["--config", "none.toml"], 2, "none.toml"),
        (["--checkpoint", "step-1"], 2, "--resume"),
        (["--no-such-option"], 2, "--no-such-option"),
        (["--steps", "many"], 2, "--steps"),
    ],
)
def test_a_bad_option_is_one_message_and_nothing_is_written(rgankit, tmp_path, words, code, said):
    recipe = [] if {"--plugin", "--resume"} & set(words) else ["--plugin", "lstm-gan"]
    one_message(rgankit("train", *recipe, *words), code, said)
    assert list(tmp_path.iterdir()) == []


def test_resume_takes_no_other_options(rgankit, trained):
    one_message(rgankit("train", "--resume", trained, "--seed", 5), 2, "--resume")


def test_an_existing_folder_is_not_trained_over(rgankit, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "work.txt").write_text("precious")
    answer = rgankit("train", "--plugin", "lstm-lm", "--run", "mine", "--steps", 1, "--set", "train.threads=1")
    assert answer.code == 2
    assert "exists" in answer.err
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["work.txt"]


def test_dry_run_shows_everything_and_writes_nothing(rgankit, tmp_path):
    answer = rgankit("train", "--plugin", "lstm-gan", "--dry-run", *settings())
    assert answer.code == 0, answer.err
    for said in (
        "hidden_size = 16",
        "generator: RecurrentTokenGenerator",
        "parameters",
        "stage adversarial",
        "first batch",
    ):
        assert said in answer.out
    assert list(tmp_path.iterdir()) == []
    document = rgankit("train", "--plugin", "lstm-gan", "--dry-run", "--json", *settings()).document
    assert document["networks"]["generator"]["parameters"] > 1000
    assert len(document["first_batch"]["samples"]) == 3


def test_training_prints_the_figures_the_samples_and_the_next_command(rgankit):
    answer = rgankit("train", "--plugin", "lstm-gan", "--steps", 8, *settings())
    assert answer.code == 0, answer.err
    for said in ("start", "after pretraining", "after adversarial", "real data", "valid", "grammar nats",
                 "held-out nats", "distinct", "verbatim", "samples:", "next: rgankit export runs/lstm-gan-text-1",
                 ):  # fmt: skip
        assert said in answer.out
    document = rgankit("train", "--plugin", "lstm-gan", "--steps", 8, "--json", *settings()).document
    assert document["run"] == "runs/lstm-gan-text-2"
    assert [row["moment"] for row in document["evaluations"]][:3] == ["start", "after pretraining", "after adversarial"]


def test_own_data_goes_from_text_to_samples(rgankit, tmp_path):
    (tmp_path / "lines.txt").write_text(LINES)
    more = [word for word in settings() if "embedded" not in word and word != "--set"]
    words = [word for each in more for word in ("--set", each)]
    assert rgankit("train", "--plugin", "gru-gan", "--data", "lines.txt", "--steps", 6, *words).code == 0
    assert rgankit("export", "runs/gru-gan-text-1").code == 0
    answer = rgankit("sample", "exported/gru-gan-text-1.onnx", "-n", 20, "--seed", 3)
    assert answer.code == 0
    assert len(answer.out.splitlines()) == 20
    written = rgankit("sample", "exported/gru-gan-text-1.onnx", "-n", 20, "--seed", 3, "--out", "out")
    assert (tmp_path / written.out.strip()).read_text().splitlines() == answer.out.splitlines()


def test_the_same_seed_gives_the_same_samples_and_none_gives_new_ones(rgankit, model_file):
    first = rgankit("sample", model_file, "-n", 5, "--seed", 3).out
    assert rgankit("sample", model_file, "-n", 5, "--seed", 3).out == first
    assert rgankit("sample", model_file, "-n", 5, "--seed", 4).out != first
    assert rgankit("sample", model_file, "-n", 5).out != rgankit("sample", model_file, "-n", 5).out


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["--temperature", "-1"], 2),
        (["--top-p", "0"], 2),
        (["--top-k", "-2"], 2),
        (["--given", "no_word_of_this"], 4),
        (["--given-each", "nowhere.txt"], 4),
        (["--given", "a", "--length", "0"], 2),
        (["--replace-unknown", "x"], 2),
        (["--temperature", "nan"], 2),
        (["-n", "0"], 2),
        (["--length", "0"], 2),
        (["--label", "happy"], 2),
        (["--provider", "cuda"], 6),
        (["--provider", "tpu"], 2),
        (["--seed", "-4"], 2),
    ],
)
def test_bad_sampling_is_one_message(rgankit, model_file, words, code):
    one_message(rgankit("sample", model_file, *words), code)


def test_a_file_that_is_no_model_is_one_message(rgankit, tmp_path):
    (tmp_path / "no.onnx").write_bytes(b"this is no model")
    one_message(rgankit("sample", "no.onnx"), 4, "no.onnx")
    one_message(rgankit("inspect", "none.onnx"), 4, "none.onnx")
    one_message(rgankit("export", "nowhere"), 4, "nowhere")


def test_inspect_says_what_the_file_is(rgankit, model_file):
    answer = rgankit("inspect", model_file)
    assert answer.code == 0
    for said in ("lstm-gan", "domain text", "noise", "temperature", "tokens", "licence: CC0-1.0", "opset: 18"):
        assert said in answer.out
    assert rgankit("inspect", model_file, "--json").document["manifest"]["recipe"] == "lstm-gan"


def test_plugins_show_has_every_option_with_type_range_and_meaning(rgankit):
    out = rgankit("plugins", "show", "lstm-gan").out
    for said in (
        "generator.hidden_size = 192",
        "1 up to 8192",
        "units of each recurrent layer",
        "train.steps",
        "objective.",
    ):
        assert said in out
    one_message(rgankit("plugins", "show", "lstm-gam"), 2, "lstm-gan")


def test_doctor_finds_nothing_wrong_here(rgankit):
    answer = rgankit("doctor", "--json")
    assert answer.document["plugin_faults"] == []
    assert answer.document["libraries"]["numpy"]["version"]


# --- as processes ---


def process(*words: object, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "rgan_kit", *map(str, words)],
        cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def install_fake(folder: Path, name: str, source: str) -> None:
    """A distribution on the path, with one plugin."""
    (folder / f"{name}_module.py").write_text(textwrap.dedent(source))
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[rgan_kit.plugins]\n{name} = {name}_module\n")


def test_broken_duplicate_raising_and_misspelt_plugins_are_named_and_everything_else_works(tmp_path, model_file):
    site = tmp_path / "site"
    site.mkdir()
    hook = "from rgan_kit import hookimpl\nfrom rgan_kit.contracts import RecipeSpec\n@hookimpl\ndef "
    install_fake(site, "broken", "import nothing_of_this_name")
    install_fake(site, "raising", f"print('noise on stdout')\n{hook}rgankit_recipes(): raise ValueError('no')")
    install_fake(site, "misspelt", f"{hook}rgankit_recipess(): return []")
    same = "RecipeSpec(name='lstm-gan', summary='', generator='lstm', objective='maximum-likelihood')"
    install_fake(site, "duplicate", f"{hook}rgankit_recipes(): return [{same}]")
    answer = process("plugins", "list", "--json", folder=tmp_path, PYTHONPATH=str(site))
    assert answer.returncode == 0, answer.stderr
    listed = {plugin["name"]: plugin for plugin in json.loads(answer.stdout)["plugins"]}
    assert [listed[name]["status"] for name in ("broken", "raising", "misspelt", "duplicate")] == [
        "broken", "broken", "broken", "conflicting",
    ]  # fmt: skip
    assert "nothing_of_this_name" in listed["broken"]["problem"]
    assert "ValueError: no" in listed["raising"]["problem"]
    assert "rgankit_recipess" in listed["misspelt"]["problem"]
    assert "rgan-kit:lstm-gan" in listed["duplicate"]["problem"]
    assert "noise on stdout" in answer.stderr
    text = process("plugins", "list", folder=tmp_path, PYTHONPATH=str(site)).stdout
    assert all(f"{name}:{name}" in text for name in ("broken", "raising", "misspelt", "duplicate"))

    sampled = process("sample", model_file, "-n", 2, "--seed", 1, "--json", folder=tmp_path, PYTHONPATH=str(site))
    assert len(json.loads(sampled.stdout)["samples"]) == 2
    for name, origin in (("lstm-gan", "rgan-kit"), ("duplicate:lstm-gan", "duplicate")):
        shown = process("train", "--plugin", name, "--dry-run", folder=tmp_path, PYTHONPATH=str(site))
        assert f'recipe = "{origin}:lstm-gan"' in shown.stdout, shown.stderr
    doctor = process("doctor", folder=tmp_path, PYTHONPATH=str(site))
    assert doctor.returncode == 3
    assert "raising:raising" in doctor.stdout
    strict = process("train", "--plugin", "lstm-lm", folder=tmp_path, PYTHONPATH=str(site), RGANKIT_STRICT="1")
    assert strict.returncode == 3
    assert process("plugins", "list", folder=tmp_path, PYTHONPATH=str(site), RGANKIT_STRICT="1").returncode == 0


def test_help_plugins_and_sampling_never_import_torch(tmp_path, model_file):
    probe = "import sys; sys.argv = ['rgankit', *{words}]\n"
    probe += "from rgan_kit.cli import run\nfrom rgan_kit.cli.console import Results\n"
    probe += "code = run(Results(False)); assert code == 0, code\n"
    probe += "loaded = {'torch', 'onnx', 'onnxscript'} & set(sys.modules); assert not loaded, loaded"
    for words in (["--help"], ["plugins", "list"], ["plugins", "show", "lstm-gan"], ["sample", str(model_file)],
                  ["inspect", str(model_file)], ["train", "--help"]):  # fmt: skip
        answer = subprocess.run(
            [sys.executable, "-c", probe.replace("{words}", repr(words))],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert answer.returncode == 0, answer.stderr


def test_a_plugins_command_becomes_a_subcommand(tmp_path):
    site = tmp_path / "site"
    site.mkdir()
    source = """
        import typer
        from rgan_kit import hookimpl

        app = typer.Typer(name="greet")

        @app.callback(invoke_without_command=True)
        def greet() -> None:
            typer.echo("hello")

        @hookimpl
        def rgankit_commands():
            return [app]
    """
    install_fake(site, "greeter", source)
    assert process("greet", folder=tmp_path, PYTHONPATH=str(site)).stdout == "hello\n"


def test_without_an_extra_a_command_says_which_to_install(rgankit, monkeypatch, trained):
    from rgan_kit.cli import extras

    real = extras.find_spec
    monkeypatch.setattr(extras, "find_spec", lambda name: None if name in ("torch", "onnxruntime") else real(name))
    one_message(rgankit("train", "--plugin", "lstm-lm"), 6, 'pip install "rgan-kit[train]"')
    one_message(rgankit("export", trained), 6, 'pip install "rgan-kit[train,cpu]"')


def test_tensorboard_reads_what_its_logger_wrote(rgankit, tmp_path):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    words = settings("train.loggers=['tensorboard']", "train.log_every=2")
    answer = rgankit("train", "--plugin", "lstm-gan", "--steps", 8, "--run", "run", *words)
    assert answer.code == 0, answer.err
    events = EventAccumulator(str(tmp_path / "run" / "tensorboard"))
    events.Reload()
    assert [event.step for event in events.Scalars("likelihood/loss")] == [2, 4, 6]
    assert call("train", "--plugin", "lstm-gan", "--set", "train.loggers=['wandb']").code == 2
