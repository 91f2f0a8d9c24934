"""Runs that go on: for longer, elsewhere, further back, or as the beginning of another."""

from __future__ import annotations

import hashlib
import json
import shutil
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from support import call, settings
from test_train import CADENCE, config, final_weights, same, start

from rgan_kit.config import Request, resolve
from rgan_kit.contracts import DataError, UsageError
from rgan_kit.plugins.registry import installed_registry
from rgan_kit.training.checkpoints import CheckpointFolder
from rgan_kit.training.gallery import Gallery
from rgan_kit.training.means import Means
from rgan_kit.training.reporting import Silent
from rgan_kit.training.resuming import resume
from rgan_kit.training.session import begin, load_dataset, load_trained

CONSTANT = "train.schedule=constant"
WARM = ("objective.temperature_start=1", "objective.temperature_end=1")


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("going-on") / "run"
    start(folder, CONSTANT).train()
    return folder


@pytest.fixture
def run(finished, tmp_path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "run"))


def going_on(folder: Path, checkpoint: str | None = None, **wanted):
    said: list[str] = []
    reporter = Silent()
    reporter.message = said.append
    return resume(folder, checkpoint, installed_registry(), reporter, Request(**wanted)), said


def lines_of(run: Path) -> list[dict]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


# --- for longer ---


@pytest.mark.parametrize("recipe", ["lstm-gan", "lstm-lm"])
def test_a_run_that_was_extended_equals_one_that_was_planned_longer(tmp_path, recipe):
    constant = (CONSTANT, *WARM) if recipe == "lstm-gan" else (CONSTANT,)
    start(tmp_path / "run", *constant, recipe=recipe).train()
    extended, said = going_on(tmp_path / "run", steps=24)
    extended.train()
    planned = ("train.planned_steps=16",) if recipe == "lstm-gan" else ()  # the last of two stages has what was added
    start(tmp_path / "longer", *constant, *planned, recipe=recipe, steps=24).train()
    assert same(final_weights(tmp_path / "run", 24), final_weights(tmp_path / "longer", 24))
    assert "train.steps: 16 before, 24 from now on" in said
    written = tomllib.loads((tmp_path / "run" / "config.toml").read_text())["train"]
    assert (written["steps"], written["planned_steps"]) == (24, 16)


def test_an_extended_run_goes_on_after_an_interruption_and_back_to_before_it(run):
    going_on(run, steps=20)[0].train()
    whole = final_weights(run, 20)
    again, said = going_on(run, "step-00000016")
    assert again.schedule.steps == 20 and not any("steps" in line for line in said)
    again.train()
    assert same(whole, final_weights(run, 20))
    moments = [row["moment"] for row in again.state.evaluations]
    assert moments == ["start", "after pretraining", "after adversarial, 16 steps", "after adversarial"]
    changes = tomllib.loads((run / "config.toml").read_text())["changes"]
    assert changes[0] == {"step": 16, "option": "train.steps", "before": 16, "after": 20}


def test_how_the_schedule_goes_on_is_said(tmp_path):
    start(tmp_path / "run", recipe="lstm-lm").train()
    trainer, said = going_on(tmp_path / "run", steps=32)
    assert any("rates go on at 55% of their highest" in line for line in said)  # in the middle of 10 % to 100 %
    trainer.step()
    rate = trainer.updater.optimizers["generator"].param_groups[0]["lr"]
    assert rate == pytest.approx(0.55 * trainer.config.train.generator_learning_rate)


@pytest.mark.parametrize("steps", [3, 16])
def test_a_run_is_not_extended_to_less_than_it_has(run, steps):
    with pytest.raises(UsageError, match=r"16 steps|its last stage"):
        going_on(run, steps=steps + (steps == 3))


# --- elsewhere ---


def test_data_is_known_by_its_content_wherever_it_lies(tmp_path):
    data = tmp_path / "lines.txt"
    data.write_text("\n".join(f"line {chr(97 + i % 26)} of {i}" for i in range(60)))
    answer = call(
        "train", "--plugin", "lstm-lm", "--data", data, "--steps", 4, "--run", tmp_path / "run",
        "--set", "train.threads=1", "--set", "generator.hidden_size=16", "--set", "generator.embedding_size=16",
    )  # fmt: skip
    assert answer.code == 0, answer.err
    data.rename(tmp_path / "renamed.txt")
    lost = call("train", "--resume", tmp_path / "run", "--steps", 6)
    assert lost.code == 4 and "--data NEW_PATH" in lost.err
    found = call("train", "--resume", tmp_path / "run", "--steps", 6, "--data", tmp_path / "renamed.txt")
    assert found.code == 0, found.err
    written = tomllib.loads((tmp_path / "run" / "config.toml").read_text())
    assert written["data"] == str(tmp_path / "renamed.txt")
    (tmp_path / "other.txt").write_text((tmp_path / "renamed.txt").read_text() + "\nmore")
    changed = call("train", "--resume", tmp_path / "run", "--data", tmp_path / "other.txt")
    assert changed.code == 4 and "--init-from" in changed.err


def test_what_decides_nothing_may_change_and_is_written_down(run):
    free = ["train.log_every=5", "train.keep_checkpoints=7", "train.checkpoint_every=3", "train.evaluate_every=9"]
    trainer, _ = going_on(run, "step-00000012", device="cpu", settings=free)
    before = final_weights(run)
    trainer.train()
    assert same(before, final_weights(run))
    written = tomllib.loads((run / "config.toml").read_text())["train"]
    assert (written["log_every"], written["keep_checkpoints"], written["device"]) == (5, 7, "cpu")
    changes = tomllib.loads((run / "config.toml").read_text())["changes"]
    assert [change["step"] for change in changes] == [12] * 5
    going_on(run)[0].train()


@pytest.mark.parametrize(
    "written", ["changes = 7", "changes = [{step = 3}]", 'changes = [{option = "recipe.x", before = 1}]']
)
def test_notes_of_changes_that_nothing_wrote_are_refused(run, written):
    path = run / "config.toml"
    path.write_text(f"{written}\n{path.read_text()}")
    answer = call("train", "--resume", run)
    assert answer.code == 2
    assert "`changes` is not what" in answer.err


@pytest.mark.parametrize(
    "change", ["train.batch_size=8", "generator.hidden_size=8", "train.schedule=cosine", "train.planned_steps=8"]
)
def test_what_decides_what_is_computed_stays(run, change):
    before = (run / "config.toml").read_bytes()
    with pytest.raises(UsageError, match=f"{change.partition('=')[0]} decides what is computed"):
        going_on(run, settings=[change])
    assert (run / "config.toml").read_bytes() == before


def test_where_bits_will_differ_one_line_says_so(run):
    threads = torch.get_num_threads()
    try:
        _, said = going_on(run, settings=["train.threads=2"])
    finally:
        torch.set_num_threads(threads)
    assert next(line for line in said if "bits will differ" in line).endswith("threads 1, now 2")
    assert not any("bits" in line for line in going_on(run)[1])


def test_runs_of_before_runs_could_change_go_on(run):
    document = tomllib.loads((run / "config.toml").read_text())
    whole = {key: value for key, value in document.items() if key not in ("origins", "versions")}
    state = run / "checkpoints" / "step-00000016" / "state.json"
    content = json.loads(state.read_text())
    content["config"] = hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()
    for key in ("checksum", "computed"):
        content.pop(key)
    content["checksum"] = hashlib.sha256(_as_written(content)).hexdigest()
    state.write_bytes(_as_written(content))
    going_on(run, steps=18)[0].settle()  # and a kill, before there is another checkpoint
    assert going_on(run)[0].train().step == 18


def _as_written(document: dict) -> bytes:
    return (json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True) + "\n").encode()


# --- further back ---


def test_going_back_sets_aside_what_came_later_as_a_run_of_its_own(run):
    checkpoints = CheckpointFolder(run / "checkpoints")
    later, metrics = checkpoints.steps()[1:], (run / "metrics.jsonl").read_bytes()
    trainer, said = going_on(run, f"step-{checkpoints.steps()[0]:08d}")
    assert not (run / "set-aside").exists()  # until it really goes on
    trainer.train()
    aside = run / "set-aside" / "1"
    assert any(str(aside) in line for line in said)
    assert set(later) <= set(CheckpointFolder(aside / "checkpoints").steps())
    assert (aside / "metrics.jsonl").read_bytes() == metrics
    assert not (aside / "samples" / f"step-{checkpoints.steps()[0]:08d}").exists()
    assert load_trained(aside, None, installed_registry()).data.spec.vocab_size > 4
    assert going_on(aside, steps=18)[0].train().step == 18
    going_on(run, f"step-{checkpoints.steps()[0]:08d}")[0].train()
    assert (run / "set-aside" / "2" / "checkpoints").is_dir()


def test_going_on_after_the_newest_checkpoint_sets_nothing_aside(run):
    going_on(run, steps=17)[0].train()
    assert not (run / "set-aside").exists()


# --- seen ---


def test_a_line_of_metrics_has_the_means_of_all_phases_since_the_last(tmp_path):
    quiet = ("train.log_every=4", "objective.critic_steps=3", "objective.pretraining_share=0")
    trainer = start(tmp_path / "run", *quiet, recipe="lstm-wgan-gp", steps=8)
    seen: list[dict[str, float]] = []
    original = trainer.step

    def step():
        seen.append({name: float(value) for name, value in original().items()})
        return seen[-1]

    trainer.step = step
    trainer.train()
    lines = [line for line in lines_of(tmp_path / "run") if "sequences_per_second" in line]
    assert [line["step"] for line in lines] == [4, 8]
    for line, own in zip(lines, (seen[:4], seen[4:]), strict=True):
        for name in {name for figures in own for name in figures}:
            values = [figures[name] for figures in own if name in figures]
            assert line[name] == pytest.approx(sum(values) / len(values), rel=1e-5)
        assert "generator/loss" in line  # it ran in steps 3 and 6, no line of its own


def test_means_fold_what_is_much_and_count_what_is_counted():
    means = Means()
    for number in range(200):
        means.add({"loss": torch.tensor(float(number)), "rate": number / 2, "skipped": number})
    assert means.take() == {"loss": 99.5, "rate": 49.75, "skipped": 199.0}
    assert means.take() == {}


def test_old_samples_go_like_old_checkpoints(tmp_path):
    trainer = start(tmp_path / "run", "train.sample_every=1", "train.keep_checkpoints=2", "train.evaluate_every=4")
    trainer.train()
    kept = trainer.gallery.steps()
    assert set(kept) == {15, 16, trainer.state.best["step"]}


def test_pictures_of_earlier_moments_stay_evenly_spread(tmp_path):
    gallery = Gallery(tmp_path)
    for step in range(1, 41):
        gallery.path(step).mkdir(parents=True)
        for name in ("a.mid", "a.wav", "sheet.png", "z.png"):
            (gallery.path(step) / name).write_bytes(b"x")
        gallery.prune(2, 3)
    kept = gallery.steps()
    assert {1, 3, 38, 39, 40} <= set(kept) and len(kept) <= 9
    assert max(after - before for before, after in pairwise(kept)) <= 20
    files = {step: sorted(file.name for file in gallery.path(step).iterdir()) for step in kept}
    assert all(names == ["sheet.png"] for step, names in files.items() if step not in (3, 39, 40))
    assert all(len(files[step]) == 4 for step in (3, 39, 40))


# --- as the beginning of another ---


def begun_with(folder: Path, run: Path, *more: str, data: Path | None = None, recipe: str = "lstm-gan"):
    pairs = [word for word in settings(*CADENCE, *more) if word != "--set"]
    if data is not None:
        pairs = [pair for pair in pairs if not pair.startswith("domain.")]
    request = Request(recipe=recipe, settings=pairs, steps=8, data=data, init_from=str(run))
    resolved = resolve(request, installed_registry())
    said: list[str] = []
    reporter = Silent()
    reporter.message = said.append
    return begin(resolved, load_dataset(resolved), installed_registry(), folder, reporter), said


def test_one_pretraining_feeds_another_objective(tmp_path):
    start(tmp_path / "lm", recipe="lstm-lm").train()
    trainer, said = begun_with(tmp_path / "gan", tmp_path / "lm")
    trained = load_trained(tmp_path / "lm", None, installed_registry())
    taken = dict(trainer.networks["generator"].named_parameters())
    assert all(torch.equal(each, taken[name]) for name, each in trained.generator.named_parameters())
    assert "discriminator: begun anew, as that run has none" in said
    trainer.train()
    shutil.rmtree(tmp_path / "lm")  # what has begun needs it no more
    assert going_on(tmp_path / "gan", steps=9)[0].train().step == 9


def test_symbols_are_taken_by_what_they_stand_for(run, tmp_path):
    old = load_trained(run, "step-00000016", installed_registry())
    words = [word for word in old.data.decoder["vocabulary"][4:][::-1] if word.isalpha()]
    data = tmp_path / "lines.txt"
    data.write_text("\n".join(f"{words[i % 20]} {words[(3 * i) % 20]} zyzzyva" for i in range(80)))
    trainer, said = begun_with(tmp_path / "new", f"{run}:step-00000016", "domain.level=word", data=data)
    vocabulary = trainer.dataset.decoder.manifest()["vocabulary"]
    mine = dict(trainer.networks["generator"].named_parameters())
    theirs = dict(old.generator.named_parameters())
    rows = [name for name in mine if mine[name].shape[0] == len(vocabulary) != theirs[name].shape[0]]
    assert rows
    for name in rows:
        for place, symbol in enumerate(vocabulary):
            if symbol in old.data.decoder["vocabulary"]:
                there = old.data.decoder["vocabulary"].index(symbol)
                assert torch.equal(mine[name][place], theirs[name][there]), (name, symbol)
    known = sum(symbol in old.data.decoder["vocabulary"] for symbol in vocabulary)
    assert any(line.startswith(f"symbols: {known} of {len(vocabulary)} are known") for line in said)
    assert "zyzzyva" in vocabulary and known == len(vocabulary) - 1


def test_what_does_not_fit_is_said_and_nothing_at_all_is_an_error(run, tmp_path):
    _, said = begun_with(tmp_path / "new", run, "generator.layers=2")
    assert any(line.startswith("generator: ") and "begun anew: " in line and "not there" in line for line in said)
    request = Request(recipe="gru-gan", domain="series", settings=["generator.hidden_size=7"], init_from=str(run))
    series = resolve(request, installed_registry())
    with pytest.raises(DataError, match="nothing of it fits"):
        begin(series, load_dataset(series), installed_registry(), tmp_path / "none", Silent())
    assert not (tmp_path / "none").exists()


def test_no_training_begins_with_a_model_file_or_no_run(tmp_path):
    (tmp_path / "m.onnx").write_bytes(b"")
    words = ("train", "--plugin", "lstm-lm", "--init-from")
    for source, code, message in ((tmp_path / "m.onnx", 2, "Name the run"), (tmp_path / "x", 4, "this is no run")):
        answer = call(*words, source, folder=tmp_path)
        assert answer.code == code and message in answer.err and not (tmp_path / "runs").exists()


def test_the_beginning_is_written_down(run, tmp_path):
    trainer, _ = begun_with(tmp_path / "new", run)
    written = (tmp_path / "new" / "config.toml").read_text()
    assert tomllib.loads(written)["init_from"] == str(run.absolute()) == trainer.config.init_from
    again = resolve(Request(config=tmp_path / "new" / "config.toml"), installed_registry())
    assert again.init_from == trainer.config.init_from
    assert config().init_from is None
