"""The command line when something outside it fails: libraries, plugins, streams, disks, and strangers' files."""

from __future__ import annotations

import errno
import importlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import onnx
import pytest
from support import settings
from test_cli import install_fake, process

from rgan_kit.cli import console, doctor, extras, sample
from rgan_kit.cli.progress import LiveReporter, PlainReporter
from rgan_kit.contracts import TokenSpec
from rgan_kit.errors import DeviceError
from rgan_kit.export.graph import to_onnx
from rgan_kit.export.interface import example_inputs, inputs_of, outputs_of
from rgan_kit.plugins.registry import installed_registry
from rgan_kit.runtime import load
from rgan_kit.runtime.manifest import Manifest
from rgan_kit.training.metrics import known_figures
from rgan_kit_plugins.domains.text.decoder import TextDecoder, TextManifest
from rgan_kit_plugins.domains.text.encoding import SPECIAL, Level
from rgan_kit_plugins.generators import GENERATORS
from rgan_kit_plugins.loggers.tensorboard import TensorBoardLogger

ROOT = Path(__file__).parent.parent


class Terminal(io.StringIO):
    """A stderr that says it is a terminal."""

    def isatty(self) -> bool:
        return True


class TorchOutOfMemoryError(RuntimeError):
    """torch's, by its name."""


TorchOutOfMemoryError.__name__ = "OutOfMemoryError"


# --- libraries and plugins ---


def refuse(name: str):
    def import_module(wanted: str, *more):
        if wanted == name:
            raise OSError(f"lib{name}.so: cannot open shared object file")
        return REAL_IMPORT(wanted, *more)

    return import_module


REAL_IMPORT = importlib.import_module


def test_libraries_that_do_not_load_are_named(rgankit, monkeypatch, model_file, trained):
    for name in ("torch", "onnxruntime"):
        monkeypatch.setattr(doctor, "import_module", refuse(name))
        answer = rgankit("doctor", "--json")
        assert answer.code == 1
        assert [f"{name} is installed but does not load: OSError" in each for each in answer.document["faults"]] == [
            True
        ]
    monkeypatch.setattr(extras, "import_module", refuse("torch"))
    for words in (["train", "--plugin", "lstm-lm"], ["export", trained]):
        answer = rgankit(*words)
        assert answer.code == 6
        assert "torch is installed but does not load: OSError: libtorch.so" in answer.err
    monkeypatch.setattr(importlib, "import_module", refuse("onnxruntime"))
    answer = rgankit("sample", model_file)
    assert answer.code == 6
    assert "onnxruntime is installed but does not load: libonnxruntime.so" in answer.err


def test_a_damaged_tensorboard_is_not_called_missing(monkeypatch, tmp_path):
    run = SimpleNamespace(loggers=["tensorboard"], folder=tmp_path)
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", SimpleNamespace())
    with pytest.raises(DeviceError, match="does not load: ImportError"):
        TensorBoardLogger().rgankit_train_start(run, 0)
    monkeypatch.delitem(sys.modules, "torch.utils.tensorboard")
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    with pytest.raises(DeviceError, match="is not installed"):
        TensorBoardLogger().rgankit_train_start(run, 0)


def test_plugins_commands_break_nothing_and_keep_their_own_stdout(tmp_path):
    site = tmp_path / "site"
    site.mkdir()
    source = """
        import sys
        import typer
        from rgan_kit import hookimpl

        bad, greet, train = typer.Typer(name="bad"), typer.Typer(name="greet"), typer.Typer(name="train")

        @bad.command()
        def go(x: "Missing") -> None: ...

        @greet.callback(invoke_without_command=True)
        def hello(json: bool = False) -> None:
            print("{}" if json else "hello")
            if not json:
                sys.exit("that was all")

        @train.callback(invoke_without_command=True)
        def other() -> None: ...

        @hookimpl
        def rgankit_commands():
            return [bad, greet, train]
    """
    install_fake(site, "greeter", source)
    listed = process("plugins", "list", "--json", folder=tmp_path, PYTHONPATH=str(site))
    record = next(each for each in json.loads(listed.stdout)["plugins"] if each["name"] == "greeter")
    assert record["status"] == "broken"
    assert "bad is no usable Typer app: NameError" in record["problem"]
    assert "command train is that of rgankit itself; call this one greeter:train" in record["problem"]
    assert process("greeter:train", folder=tmp_path, PYTHONPATH=str(site)).returncode == 0
    assert process("greet", "--json", folder=tmp_path, PYTHONPATH=str(site)).stdout == "{}\n"
    left = process("greet", folder=tmp_path, PYTHONPATH=str(site))
    assert (left.returncode, left.stdout, left.stderr) == (1, "hello\n", "that was all\n")


# --- endings ---


@pytest.mark.parametrize(
    ("error", "code", "said"),
    [
        (PermissionError(errno.EACCES, "Permission denied", "their.onnx"), 1, "their.onnx: Permission denied"),
        (OSError(errno.ENOSPC, "No space left on device"), 1, "a file: No space left"),
        (MemoryError(), 1, "not enough memory"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"), 1, "not enough memory"),
        (TorchOutOfMemoryError("CUDA"), 1, "not enough memory"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (EOFError(), 1, "aborted"),
        (SystemExit("their own words"), 1, "their own words"),
        (ValueError("\x1b[2J"), 1, "ValueError: \\x1b[2J"),
    ],
)
def test_every_ending_is_one_message_and_under_json_one_document(rgankit, monkeypatch, error, code, said):
    def fail(*_):
        raise error

    monkeypatch.setattr("rgan_kit.runtime.untrusted.safety.check", fail)
    answer = rgankit("inspect", "x.onnx")
    assert (answer.code, answer.out) == (code, "")
    assert said in answer.err
    told = rgankit("inspect", "x.onnx", "--json").document["error"]
    assert told["exit_code"] == code
    assert console.shown(told["problem"]).strip(".") in answer.err


def test_wrong_usage_under_json_is_a_document(rgankit, model_file):
    for words in (["train", "--no-such-option"], ["sample", model_file, "-n", "0"], ["export"], ["plugins", "show"]):
        answer = rgankit(*words, "--json")
        assert answer.code == answer.document["error"]["exit_code"] == 2
        assert answer.document["error"]["problem"]
    assert "-n 10" in rgankit("sample", model_file, "-n", 0).err


@pytest.mark.parametrize("out", [".", "", "/", "there"])
def test_exporting_onto_a_folder_is_refused_first(rgankit, tmp_path, out):
    (tmp_path / "there").mkdir()
    answer = rgankit("export", "no-run", "--out", out)
    assert answer.code == 2
    assert "this is a folder" in answer.err
    assert "Name a file" in answer.err


# --- streams ---


def test_a_reader_that_goes_away_and_a_full_disk(model_file, tmp_path):
    words = [sys.executable, "-m", "rgan_kit", "sample", str(model_file), "-n", "3"]
    for more in ([], ["--json"]):
        piped = subprocess.Popen([*words, *more], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        piped.stdout.close()
        assert (piped.stderr.read(), piped.wait(timeout=60)) == ("", 0)
        piped.stderr.close()
    if Path("/dev/full").exists():
        with Path("/dev/full").open("w") as full:
            done = subprocess.run(words, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
        assert done.returncode == 1
        assert done.stderr.startswith("error: standard output or a file: No space left on device.")
        assert "Traceback" not in done.stderr
        assert "Exception" not in done.stderr


@pytest.mark.parametrize("reporter_class", [PlainReporter, LiveReporter])
def test_a_training_goes_on_when_nobody_reads_what_it_says(monkeypatch, reporter_class):
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w", buffering=1) as stream:
        monkeypatch.setattr(sys, "stderr", stream)
        with reporter_class({}) as reporter:
            for _ in range(3):
                reporter.message("hello")
                reporter.evaluation("start", {"valid": 0.5})
        console.say("and this")
        monkeypatch.undo()


def test_what_a_stranger_wrote_cannot_steer_the_terminal_or_break_its_encoding(model_file, tmp_path):
    model = onnx.load(str(model_file))
    for entry in model.metadata_props:
        if entry.key == "rgan_kit.manifest":
            entry.value = json.dumps(json.loads(entry.value) | {"description": "\x1b]0;owned\x07 übel"})
    onnx.save(model, tmp_path / "their.onnx")
    answer = process("inspect", "their.onnx", folder=tmp_path, PYTHONIOENCODING="utf-8")
    assert "\\x1b]0;owned\\x07 übel\n" in answer.stdout
    assert "ValueInfo" not in answer.stdout
    assert "'name':" not in answer.stdout
    plain = process("inspect", "their.onnx", folder=tmp_path, PYTHONIOENCODING="ascii")
    assert plain.returncode == 0, plain.stderr
    assert "\\x1b]0;owned\\x07 \\xfcbel\n" in plain.stdout


def test_the_live_display_shows_whole_evaluations_and_messages_as_they_are(monkeypatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "60")
    figures = dict.fromkeys(("valid", "grammar_nll", "heldout_nll", "distinct", "verbatim", "ngram_nll"), 0.25)
    with LiveReporter(known_figures(installed_registry())) as reporter:
        reporter.message("my :smile: [bold]words\x1b[2J[/bold]")
        reporter.evaluation("step 5", figures)
    monkeypatch.undo()
    assert "my :smile: [bold]words\\x1b[2J[/bold]" in terminal.getvalue()
    assert "3-gram nats 0.250" in " ".join(terminal.getvalue().split())


def test_many_samples_show_their_progress_and_stay_the_same(monkeypatch, model_file):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(sample, "AT_ONCE", 8)
    model = load(model_file)
    assert sample._draw(model, 20, seed=3) == model.sample(20, seed=3)
    monkeypatch.undo()
    assert "drawing" in terminal.getvalue()


# --- folders and files ---


def test_a_training_that_finds_its_folder_taken_chooses_the_next(rgankit, tmp_path, monkeypatch):
    names = iter(("runs/taken", "runs/odd [name]"))
    (tmp_path / "runs" / "taken").mkdir(parents=True)
    monkeypatch.setattr("rgan_kit.training.session.free_name", lambda *_: Path(next(names)))
    answer = rgankit("train", "--plugin", "lstm-gan", "--steps", 2, *settings())
    assert answer.code == 0, answer.err
    assert list((tmp_path / "runs" / "taken").iterdir()) == []
    assert "next: rgankit export 'runs/odd [name]'" in answer.out
    assert "\nvalid: samples that the known source could have produced\n" in answer.out
    assert all(len(line) <= 100 for line in answer.out.split("samples:")[0].splitlines()), answer.out


def test_a_run_may_be_called_anything(rgankit, tmp_path, trained):
    shutil.copytree(trained, tmp_path / "odd [" / "red] run")
    answer = rgankit("export", "odd [/red] run")
    assert answer.code == 0, answer.err
    assert "next: rgankit sample 'exported/red] run.onnx' -n 10" in answer.out


def test_samples_on_a_full_disk_say_so_and_leave_nothing(rgankit, tmp_path, model_file, monkeypatch):
    def fill(path, target):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "replace", fill)
    answer = rgankit("sample", model_file, "--out", "out")
    assert answer.code == 1
    assert "Free some space there, or choose another folder." in answer.err
    assert list((tmp_path / "out").iterdir()) == []


def test_the_program_in_the_readme_of_exported_feeds_latent_and_labels(tmp_path):
    data = TokenSpec(30, 1, 2, 0, 12, 3, None, ("major", "minor", "blue"))
    chosen = next(each for each in GENERATORS if each.name == "gru")
    generator = chosen.build(chosen.options(hidden_size=12, embedding_size=8, latent_size=5), data)
    inputs, outputs = inputs_of(data, generator), outputs_of(data)
    model = to_onnx(generator.sampler(), example_inputs(inputs, 3, 5), inputs, outputs, 18)
    decoder = TextDecoder(TextManifest.of(Level("character"), (*SPECIAL, *"abcdefghijklmnopqrstuvwxyz")))
    hashes = dict.fromkeys(("configuration", "weights", "data"), "0" * 64)
    manifest = Manifest(
        contract=2, kind="tokens", domain="text", recipe="test", inputs=inputs, outputs=outputs, max_length=12,
        noise="uniform", noise_size=0, latent_size=5, labels=list(data.labels), decoder=decoder.manifest(),
        plugins={}, libraries={}, hashes=hashes, licence="", description="", parity={},
    )  # fmt: skip
    onnx.helper.set_model_props(model, manifest.to_metadata())
    onnx.save(model, tmp_path / "model.onnx")
    program = re.search(r"```python\n(.*?)```", (ROOT / "exported" / "README.md").read_text(), re.S)[1]
    (tmp_path / "program.py").write_text(program)
    answer = subprocess.run(
        [sys.executable, "program.py", "model.onnx", "9", "7"], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    drawn = load(tmp_path / "model.onnx").outputs(9, seed=7)
    vocabulary = np.array(decoder.vocabulary)
    pairs = zip(drawn["tokens"], drawn["lengths"], strict=True)
    assert answer.stdout.splitlines() == ["".join(vocabulary[row[:length]]) for row, length in pairs]
