"""Training from Python: the same runs as those of the command line, from data in memory too."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from support import call, settings

import rgan_kit
from rgan_kit.api.memory import kept
from rgan_kit.contracts import DataError, UsageError

pyarrow = pytest.importorskip("pyarrow")

SMALL = {
    "generator.hidden_size": 16, "train.threads": 1, "train.batch_size": 8, "train.evaluation_samples": 20,
    "train.log_every": 2, "train.checkpoint_every": 4,
}  # fmt: skip
LINES = [f"line {chr(97 + i % 26)} of {i % 7} words" for i in range(60)]


def readings() -> dict[str, list[float]]:
    rng = np.random.default_rng(0)
    columns = rng.normal(size=(2, 300)).cumsum(axis=1).round(2)
    return {"north": columns[0].tolist(), "south": columns[1].tolist()}


class Frame:
    """A data frame of a library that is not installed: all that is asked of it is Arrow."""

    def __init__(self, columns):
        self._table = pyarrow.table(columns)

    def __arrow_c_stream__(self, requested_schema=None):
        return self._table.__arrow_c_stream__(requested_schema)


class Interchange:
    """An older one, which has the dataframe interchange alone."""

    def __init__(self, columns):
        self._table = pyarrow.table(columns)

    def __dataframe__(self, nan_as_null=False, allow_copy=True):
        return self._table.__dataframe__(nan_as_null, allow_copy)


def weights(run: Path, step: int) -> dict[str, torch.Tensor]:
    return load_file(run / "checkpoints" / f"step-{step:08d}" / "model.safetensors")


def same(first: Path, second: Path, step: int) -> bool:
    one, two = weights(first, step), weights(second, step)
    return one.keys() == two.keys() and all(torch.equal(one[name], two[name]) for name in one)


@pytest.fixture
def here(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return tmp_path


def quick(recipe="gru-gan", **more):
    more["options"] = {**SMALL, **more.get("options", {})}
    return rgan_kit.train(recipe, progress=False, **{"steps": 6, **more})


def test_importing_the_package_stays_light():
    code = "import rgan_kit, sys; rgan_kit.__version__; print({'torch', 'numpy', 'pydantic'} & sys.modules.keys())"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "set()"
    assert not hasattr(rgan_kit, "no_such_name")
    assert set(rgan_kit.__all__) <= {*dir(rgan_kit), *rgan_kit.__all__}


def test_a_run_from_python_is_that_of_the_command_line(here):
    (here / "lines.txt").write_text("\n".join(LINES) + "\n")
    run = quick("lstm-lm", data="lines.txt", seed=3, run="mine")
    sets = [word for key, value in SMALL.items() for word in ("--set", f"{key}={value}")]
    answer = call(
        "train", "--plugin", "lstm-lm", "--data", "lines.txt", "--steps", 6, "--seed", 3, "--run", "theirs", *sets,
        folder=here,
    )  # fmt: skip
    assert answer.code == 0, answer.err
    assert same(here / "mine", here / "theirs", 6)
    assert (here / "mine" / "config.toml").read_text() == (here / "theirs" / "config.toml").read_text()
    assert run.config.seed == 3 and run.metrics[-1]["step"] == 6
    strings = quick("lstm-lm", data=LINES, seed=3)
    assert same(here / "mine", strings.folder, 6)
    assert strings.folder == Path("runs/lstm-lm-text-1")


@pytest.mark.parametrize(
    "frame", [Frame, pytest.param(Interchange, marks=pytest.mark.slow), pytest.param(dict, marks=pytest.mark.slow)]
)
def test_a_frame_trains_to_the_bits_of_its_csv(here, frame):
    columns = readings()
    with (here / "table.csv").open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([columns, *zip(*columns.values(), strict=True)])
    mine = quick(data=frame(columns))
    theirs = quick(data="table.csv", domain="series")
    assert same(mine.folder, theirs.folder, 6)
    assert [path.suffix for path in (here / "runs" / "data").iterdir()] == [".parquet"]


def test_a_run_of_data_in_memory_goes_on_with_the_same_data_and_with_no_other(here):
    columns = readings()
    run = quick(data=Frame(columns), options={"train.schedule": "constant"})
    assert rgan_kit.open_run(run.folder).train(8, data=Frame(columns), progress=False).metrics[-1]["step"] == 8
    whole = quick(data=Frame(columns), options={"train.schedule": "constant", "train.planned_steps": 6}, steps=8)
    assert same(run.folder, whole.folder, 8)
    columns["north"][5] += 1
    with pytest.raises(DataError, match="the data has changed"):
        run.train(9, data=Frame(columns), progress=False)


@pytest.mark.parametrize(
    ("shape", "length", "features"), [((200,), 20, 1), ((200, 3), 20, 3), ((30, 10, 2), 10, 2)]
)  # fmt: skip
def test_arrays_are_series_of_these_steps_and_features(here, shape, length, features):
    array = np.random.default_rng(0).normal(size=shape).cumsum(axis=-2 if len(shape) > 1 else 0)
    run = rgan_kit.prepare("gru-gan", data=array, options=SMALL, steps=2, progress=False)
    spec = run._trainer.dataset.spec
    assert (spec.length, spec.features) == (length, features)
    if len(shape) == 3:
        assert len(run._trainer.dataset.train) + len(run._trainer.dataset.validation) == 30


@pytest.mark.parametrize("data", [[], [1, 2], {1, 2}, np.zeros((2, 2, 2, 2)), np.array(["a"]), {"a": [1], "b": [1, 2]}])
def test_what_no_domain_reads_is_one_error(here, data):
    with pytest.raises(DataError, match="data is a"):
        kept(data, here)
    assert not (here / "data").exists()


def test_texts_with_several_lines_stay_whole(here):
    texts = [f"roses are {i}\nviolets are {i + 1}" for i in range(30)]
    found = kept(texts, here)
    assert found.path.suffix == ".jsonl"
    assert kept(texts, here).path == found.path
    run = rgan_kit.prepare("lstm-lm", data=texts, options=SMALL, steps=2, progress=False)
    dataset = run._trainer.dataset
    decoded = dataset.decoder.decode({
        "tokens": dataset.train.take(np.arange(1)).values, "lengths": dataset.train.take(np.arange(1)).lengths - 1,
    })  # fmt: skip
    assert decoded[0] in texts


def test_clips_and_scores_in_memory_are_read(here):
    clips = np.random.default_rng(0).integers(0, 255, size=(12, 6, 16, 16, 3), dtype=np.uint8)
    found = kept(clips, here)
    assert np.array_equal(np.load(found.path), clips) and found.options == {"domain.axes": "nthwc"}
    symusic = pytest.importorskip("symusic")
    score = symusic.Score(480)
    track = symusic.Track()
    track.notes.append(symusic.Note(0, 480, 60, 90))
    score.tracks.append(track)
    assert len(symusic.Score(next(kept([score], here).path.iterdir())).tracks[0].notes) == 1


def test_callbacks_hear_and_end_a_training_which_goes_on(here):
    heard: list[int] = []
    said: list[str] = []

    class Listening(rgan_kit.Callback):
        def evaluation(self, moment, figures):
            said.append(moment)

    def until_four(progress: rgan_kit.Progress) -> bool:
        heard.append(progress.step)
        return progress.step >= 4

    with pytest.raises(rgan_kit.Interrupted, match="after step 4"):
        quick("lstm-lm", data=LINES, callbacks=[until_four, Listening()], run="run")
    assert heard == [2, 4] and said == ["start"]
    run = rgan_kit.open_run("run").train(progress=False)
    assert same(Path("run"), quick("lstm-lm", data=LINES, run="whole").folder, 6)
    assert run.latest["likelihood/loss"] > 0


def test_iterating_trains_and_who_stops_has_everything_saved(here):
    run = rgan_kit.prepare("lstm-lm", data=LINES, options=SMALL, steps=6, run="run", progress=False)
    for step in run:
        if step == 3:
            break
    assert (here / "run" / "checkpoints" / "step-00000003").is_dir()
    assert list(run) == [4, 5, 6]
    assert same(Path("run"), quick("lstm-lm", data=LINES, run="whole").folder, 6)


def test_what_has_not_begun_is_not_changed(here):
    run = rgan_kit.prepare("lstm-lm", data=LINES, options=SMALL, steps=2, progress=False)
    with pytest.raises(UsageError, match="has not begun"):
        run.train(4, progress=False)
    assert run.train(progress=False).metrics[-1]["step"] == 2


def test_a_run_is_evaluated_and_sampled(here):
    run = quick("lstm-lm", data=LINES)
    figures = run.evaluate()
    assert figures["heldout_nll"] == pytest.approx(
        run._trainer.state.best["figures"]["heldout_nll"] if run._trainer.state.best else figures["heldout_nll"]
    )
    samples = rgan_kit.open_run(run.folder).sample(3, seed=5)
    assert samples == run.sample(3, seed=5) != run.sample(3, seed=6)
    assert len(samples) == 3 and all(isinstance(sample, str) for sample in samples)
    (written,) = run.save_samples(here / "out", 4)
    assert len(written.read_text().splitlines()) == 4


@pytest.mark.export
def test_a_frame_becomes_a_csv_of_samples_as_on_the_command_line(here):
    columns = readings()
    with (here / "table.csv").open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([columns, *zip(*columns.values(), strict=True)])
    model = quick(data=Frame(columns)).export("mine.onnx")
    model.save(model.sample(3, seed=7), here)
    sets = [word for key, value in SMALL.items() for word in ("--set", f"{key}={value}")]
    for words in (
        ("train", "--plugin", "gru-gan", "--data", "table.csv", "--steps", 6, "--run", "theirs", *sets),
        ("export", "theirs", "--out", "theirs.onnx"),
        ("sample", "theirs.onnx", "-n", 3, "--seed", 7, "--out", "out"),
    ):
        answer = call(*words, folder=here)
        assert answer.code == 0, answer.err
    assert (here / "samples.csv").read_bytes() == (here / "out" / "samples.csv").read_bytes()


# --- networks of one's own ---

OWN = '''
import torch
from torch import nn

from rgan_kit.contracts import Scores


class Mean(nn.Module):
    """Judges a sequence by the mean of its steps."""

    kinds = ("tokens",)

    def __init__(self, spec, width: int = 8) -> None:
        super().__init__()
        self.enter = nn.Linear(spec.vocab_size, width)
        self.leave = nn.Linear(width, 1)

    def forward(self, batch):
        values = batch.values
        if values.dim() == 2:
            values = nn.functional.one_hot(values, self.enter.in_features).float()
        steps = self.leave(torch.tanh(self.enter(values)))[..., 0]
        return Scores(steps.mean(dim=1), steps)
'''


def own(here: Path, text: str = OWN) -> Path:
    (here / "my_net.py").write_text(text)
    return here / "my_net.py"


def test_a_class_in_a_file_is_a_part_with_options(here):
    own(here)
    more = [word for word in settings() if not word.startswith(("discriminator.", "domain."))]
    pairs = [("--set", word) for word in more if word != "--set"]
    words = [each for pair in pairs for each in pair]
    (here / "lines.txt").write_text("\n".join(LINES))
    named = ("--set", "discriminator=my_net.py:Mean", "--set", "discriminator.width=5")
    train = ("train", "--plugin", "lstm-gan", "--data", "lines.txt", "--steps", 4, "--run", "run", *words)
    answer = call(*train, *named, folder=here)
    assert answer.code == 0, answer.err
    assert weights(here / "run", 4)["discriminator.enter.weight"].shape[0] == 5
    answer = call("train", "--resume", "run", "--steps", 5, folder=here)
    assert answer.code == 0, answer.err
    wrong = call(*train, *named[:3], "discriminator.width=wide", folder=here)
    assert wrong.code == 2 and "discriminator.width" in wrong.err
    missing = call(*train, "--set", "discriminator=my_net.py:Absent", folder=here)
    assert missing.code == 2 and "there is no class Absent" in missing.err


def test_code_that_the_user_never_named_is_not_run(here, monkeypatch):
    marker = here / "ran"
    path = own(here, OWN + f"\nopen({str(marker)!r}, 'w').close()\n")
    config = here / "config.toml"
    config.write_text(f'recipe = "lstm-gan"\n[discriminator]\nname = "{path}:Mean"\n')
    answer = call("train", "--config", config, "--steps", 2, *settings()[:6], "--run", "run", folder=here)
    assert answer.code == 3 and "not named to this program" in answer.err and not marker.exists()
    monkeypatch.setenv("RGANKIT_OWN_CODE", "1")
    answer = call("train", "--config", config, "--dry-run", folder=here)
    assert answer.code == 0 and marker.exists(), answer.err


def test_a_class_handed_over_trains_and_is_found_again(here, monkeypatch):
    own(here)
    monkeypatch.syspath_prepend(str(here))
    import my_net

    run = quick("lstm-gan", data=LINES, discriminator=my_net.Mean, steps=4)
    assert run.config.parts["discriminator"].name == f"{here / 'my_net.py'}:Mean"
    assert rgan_kit.open_run(run.folder).train(5, progress=False).metrics[-1]["step"] == 5

    class Inside(torch.nn.Module):
        pass

    with pytest.raises(UsageError, match="lies in no file, or not at its top level"):
        quick("lstm-gan", data=LINES, discriminator=Inside)
