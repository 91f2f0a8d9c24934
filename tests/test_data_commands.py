"""`rgankit data check` and `make`: what a domain sees, and its embedded data as a user's files."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from support import settings

from rgan_kit.cli import data_words
from rgan_kit.contracts import DomainSpec, RecipeSpec, Tally, TooLittleError
from rgan_kit.errors import DataError
from rgan_kit.plugins.registry import installed_registry
from rgan_kit_plugins.domains import DOMAINS

WORDS = [f"{a}{b}{c}" for a in ("ma", "ri", "el", "no") for b in ("na", "lla", "ka") for c in ("", "ro", "sa", "ton")]


@pytest.fixture
def names(tmp_path) -> Path:
    (tmp_path / "names.txt").write_text("\n".join(WORDS))
    return tmp_path / "names.txt"


def test_what_make_writes_is_checked_by_the_command_it_names(rgankit, tmp_path):
    made = rgankit("data", "make", "text", "--out", "sentences", "--set", "domain.embedded_sentences=60", "--json")
    assert made.document["files"] == ["sentences/sentences.txt"]
    assert len((tmp_path / "sentences" / "sentences.txt").read_text().splitlines()) == 60
    checked = rgankit(*made.document["check"][1:], "--json").document
    assert checked["samples"] == {"training": 54, "validation": 6}
    assert made.document["next"][:6] == ["rgankit", "train", "--plugin", checked["recipes"][0], "--data", "sentences"]
    assert rgankit(*made.document["next"][1:], "--dry-run").code == 0


def test_the_same_seed_makes_the_same_files(rgankit, tmp_path):
    for folder, seed in (("a", 3), ("b", 3), ("c", 4)):
        assert rgankit("data", "make", "text", "--out", folder, "--seed", seed).code == 0
    texts = [(tmp_path / folder / "sentences.txt").read_bytes() for folder in "abc"]
    assert texts[0] == texts[1] != texts[2]


def test_make_takes_an_empty_folder_and_refuses_any_other(rgankit, tmp_path):
    (tmp_path / "empty").mkdir()
    assert rgankit("data", "make", "text", "--out", "empty").code == 0
    before = (tmp_path / "empty" / "sentences.txt").read_bytes()
    again = rgankit("data", "make", "text", "--out", "empty", "--seed", 9)
    assert again.code == 2
    assert "not empty" in again.err
    assert (tmp_path / "empty" / "sentences.txt").read_bytes() == before
    assert rgankit("data", "make", "text", "--out", "empty/sentences.txt").code == 2


@pytest.mark.parametrize(("error", "code"), [(OSError(28, "No space left on device"), 1), (KeyError("x"), 3)])
def test_what_make_could_not_finish_is_not_there(rgankit, tmp_path, monkeypatch, error, code):
    def half(options, folder, seed):
        (folder / "half.txt").write_text("ha")
        raise error

    registry = installed_registry()
    offers = [replace(o, spec=replace(o.spec, make=half)) for o in registry.offers(DomainSpec) if o.spec.name == "text"]
    monkeypatch.setitem(registry._offers, DomainSpec, offers)
    answer = rgankit("data", "make", "text", "--out", "new")
    assert answer.code == code
    assert list(tmp_path.iterdir()) == []


def test_a_domain_without_embedded_data_says_so(rgankit, monkeypatch):
    registry = installed_registry()
    offers = [replace(o, spec=replace(o.spec, make=None)) for o in registry.offers(DomainSpec) if o.spec.name == "text"]
    monkeypatch.setitem(registry._offers, DomainSpec, offers)
    answer = rgankit("data", "make", "text", "--out", "new")
    assert (answer.code, "no embedded data" in answer.err) == (2, True)


def test_check_says_what_there_is(rgankit, names):
    report = rgankit("data", "check", names, "--json").document
    assert (report["domain"], report["kind"], report["refused"], report["labels"]) == ("text", "tokens", {}, {})
    assert report["samples"]["training"] + report["samples"]["validation"] == len(WORDS)
    assert report["lengths"] == {"shortest": 4, "mean": pytest.approx(sum(map(len, WORDS)) / len(WORDS)), "longest": 8}
    assert report["content"] == {"vocabulary": 4 + len(set("".join(WORDS))), "special": 4}
    symbols = sum(map(len, WORDS)) + len(WORDS)
    assert report["memory"]["data"] == symbols + 8 * (len(WORDS) + 2)
    assert report["memory"]["batch"] == 64 * 9 * 8
    assert set(report["examples"]) <= set(WORDS)
    assert len(report["examples"]) == 3
    assert {"lstm-gan", "lstm-lm"} <= set(report["recipes"])


def test_the_words_of_check_hold_the_same_figures(rgankit, names):
    out = rgankit("data", "check", names).out
    for words in ("48 lines", "lengths: 4 to 8", "memory: ", "recipes that fit: ", f"--data {names}"):
        assert words in out


def test_examples_are_written_back_as_files(rgankit, names, tmp_path):
    report = rgankit("data", "check", names, "--out", "back", "--json").document
    assert report["files"] == ["back/samples.txt"]
    assert (tmp_path / "back" / "samples.txt").read_text().splitlines() == report["examples"]
    assert rgankit("data", "check", names, "--out", names).code == 2


def test_files_left_out_are_listed_with_the_reason(rgankit, names):
    (names.parent / "broken.txt").write_bytes(b"fine\n\xff\n")
    answer = rgankit("data", "check", names.parent)
    assert "left out: 1 files" in answer.out
    assert "broken.txt: line 2: byte 0xff" in answer.out


def test_ranges_are_in_the_units_of_the_data(rgankit, tmp_path):
    lines = "".join(f"{4_000_000_000_000_000 + n * n},{n / 10}\n" for n in range(400))
    (tmp_path / "codes.csv").write_text(f"code,level\n{lines}")
    words = ("data", "check", "codes.csv", "--set", "domain.window_length=8")
    features = rgankit(*words, "--json").document["content"]["features"]
    code, level = features
    assert (code["minimum"], level["minimum"]) == (4_000_000_000_000_000, 0)
    assert 4_000_000_000_100_000 < code["maximum"] < 4_000_000_000_160_000
    assert "code: 4000000000000000 to 4000000000" in rgankit(*words).out


def test_classes_are_counted(rgankit, tmp_path):
    (tmp_path / "moods.tsv").write_text("".join(f"{'calm' if n < 10 else 'loud'}\tline {n}\n" for n in range(30)))
    report = rgankit("data", "check", "moods.tsv", "--json").document
    assert report["labels"] == {"calm": 10, "loud": 20}


@pytest.mark.parametrize("spec", DOMAINS, ids=lambda spec: spec.name)
def test_only_recipes_of_the_kind_fit(spec):
    from rgan_kit.cli.data_report import fitting

    registry = installed_registry()
    for name in fitting(spec.kind, registry):
        recipe = registry.get(RecipeSpec, name, near="rgan-kit")
        use = recipe.on(spec.kind).uses["generator"]
        assert spec.kind in registry.offer(type_of(use.kind), use.part, near="rgan-kit").spec.kinds
        assert spec.kind in recipe.kinds  # which may be fewer than those of its parts


def test_what_fits_is_what_can_be_resolved():
    from rgan_kit.cli.data_report import fitting
    from rgan_kit.config import Request, resolve
    from rgan_kit.errors import UsageError

    registry = installed_registry()
    for spec in DOMAINS:
        fits = []
        for recipe in registry.specs(RecipeSpec):
            with contextlib.suppress(UsageError):
                resolve(Request(recipe.name, spec.name), registry)
                if recipe.defaults.get("domain.name", spec.name) == spec.name:  # dcgan is for pictures, and not clips
                    fits.append(recipe.name)
        kind = spec.kind_with(spec.options())
        assert sorted(fitting(kind, registry, spec)) == sorted(fits), spec.name


def test_the_recipe_that_a_domain_advises_is_the_first_that_fits():
    from rgan_kit.cli.data_report import fitting
    from rgan_kit_plugins.domains import video

    assert fitting("frames", installed_registry(), video.SPEC)[0] == video.SPEC.recipe


def type_of(section: str):
    from rgan_kit.config.parts import PART_TYPES

    return PART_TYPES[section]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["missing.txt"], 4, "no such file"),
        (["empty.txt"], 4, "nothing in it"),
        (["odd.xyz"], 2, "no domain recognises"),
        (["empty.txt", "--domain", "test"], 2, "Did you mean text"),
        (["empty.txt", "--set", "domain.levle=word"], 2, "Did you mean level"),
        (["empty.txt", "--set", "generator.hidden_size=3"], 2, "only options of the domain"),
    ],
)
def test_what_cannot_be_checked_ends_in_one_message(rgankit, tmp_path, words, code, said):
    (tmp_path / "empty.txt").touch()
    (tmp_path / "odd.xyz").touch()
    answer = rgankit("data", "check", *words)
    assert (answer.code, said in answer.err, answer.out) == (code, True, "")
    document = rgankit("data", "check", *words, "--json").document
    assert document["error"]["exit_code"] == code


def test_data_commands_need_no_torch(names, tmp_path):
    program = (
        "import json, sys; sys.modules['torch'] = None; sys.path.insert(0, sys.argv[1]); from support import call;"
        "codes = [call(*words).code for words in json.loads(sys.argv[2])];"
        "sys.exit(codes != [0, 0])"
    )
    commands = [["data", "check", str(names)], ["data", "make", "text", "--out", str(tmp_path / "new")]]
    done = subprocess.run(
        [sys.executable, "-c", program, str(Path(__file__).parent), json.dumps(commands)], check=False
    )
    assert done.returncode == 0


def test_a_training_on_unusable_data_advises_to_check_it(rgankit, tmp_path):
    (tmp_path / "few.txt").write_text("one\ntwo\n")
    answer = rgankit("train", "--plugin", "lstm-lm", "--data", "few.txt")
    assert answer.code == DataError.exit_code
    assert f"(see: rgankit data check {tmp_path / 'few.txt'})" in answer.err


def loading(monkeypatch, change):
    """Has the domain ``text`` load what ``change`` makes of its data sets."""
    registry = installed_registry()

    def load(spec):
        return replace(spec, load=lambda options, path, seed: change(spec.load(options, path, seed)))

    offers = [replace(o, spec=load(o.spec) if o.spec.name == "text" else o.spec) for o in registry.offers(DomainSpec)]
    monkeypatch.setitem(registry._offers, DomainSpec, offers)


TALLIES = (
    Tally("lines", "left out, longer than 64 words", 12, 100, "Raise domain.max_length."),
    Tally("characters", "unknown", 10, 100),
    Tally("notes", "moved by the grid", 0, 100),
)


def test_what_was_not_taken_as_it_is_is_said_and_above_a_tenth_loudly(rgankit, names, monkeypatch):
    loading(monkeypatch, lambda dataset: replace(dataset, tallies=TALLIES, refused={"a.txt": "hidden"}))
    out = rgankit("data", "check", names).out
    said = "WARNING: 12 of 100 lines (12%): left out, longer than 64 words (Raise domain.max_length.)"
    assert said in out.splitlines()
    assert "  10 of 100 characters (10%): unknown" in out.splitlines()
    assert "notes" not in out
    report = rgankit("data", "check", names, "--json").document["not_as_they_are"]
    assert [(each["noun"], each["count"], each["share"], each["loud"]) for each in report] == [
        ("lines", 12, 0.12, True), ("characters", 10, 0.1, False)
    ]  # fmt: skip
    err = rgankit("train", "--plugin", "lstm-gan", "--data", names, "--steps", 1, *settings()).err
    assert said in err and "files left out: 1" in err


def test_too_little_to_train_on_is_shown_all_the_same_and_trained_on_by_nobody(rgankit, names, monkeypatch):
    def refuse(dataset):
        raise TooLittleError("48 names, and 50 are needed.", "Give more.", dataset)

    loading(monkeypatch, refuse)
    answer = rgankit("data", "check", names)
    assert answer.code == 0
    assert "lengths: 4 to 8" in answer.out
    assert "TOO LITTLE TO TRAIN ON: 48 names, and 50 are needed.\nGive more." in answer.out
    assert "next:" not in answer.out
    assert rgankit("data", "check", names, "--json").document["too_little"].startswith("48 names")
    assert rgankit("train", "--plugin", "lstm-lm", "--data", names, "--steps", 1).code == 4


def test_check_says_how_long_a_training_takes_here(rgankit, names):
    report = rgankit("data", "check", names, "--json").document
    pace = report["training"]
    assert pace["recipe"] == report["recipes"][0] and pace["steps"] > 100
    assert 1e-4 < pace["seconds"] / pace["steps"] < 10
    assert f"{pace['steps']:,} steps of {pace['recipe']}, as timed here" in rgankit("data", "check", names).out


def test_files_of_no_domain_are_counted_beside_those_that_are_read(rgankit, names):
    for name in ("a.xyz", "b.xyz"):
        (names.parent / name).touch()
    out = rgankit("data", "check", names.parent).out
    assert "  files there: 1 of text (.txt), 2 of no domain (.xyz)" in out.splitlines()
    (names.parent / "a.mid").touch()
    answer = rgankit("data", "check", names.parent)
    assert (answer.code, "1 of music (.mid), 1 of text (.txt), 2 of no domain (.xyz)" in answer.err) == (2, True)


def test_wide_data_takes_a_few_lines(rgankit, tmp_path):
    rows = [",".join(f"{(row * 37 + column * 11) % 50 + column}" for column in range(60)) for row in range(40)]
    (tmp_path / "wide.csv").write_text(",".join(f"c{n}" for n in range(60)) + "\n" + "\n".join(rows) + "\n")
    out = rgankit("data", "check", "wide.csv").out
    assert "  … (all 60: --json)" in out
    assert len([line for line in out.splitlines() if re.fullmatch(r"  c\d+: \d+ to \d+", line)]) == 12
    words = list(data_words._features([{"name": f"p{n}", "minimum": 0.0, "maximum": 255.0} for n in range(300)]))
    assert words == ["  p0 to p299 (300): 0 to 255"]


@pytest.mark.parametrize(("seconds", "words"), [(0.2, "1 s"), (89, "89 s"), (600, "10 min"), (9000, "2.5 h")])
def test_times_are_said_as_people_say_them(seconds, words):
    assert data_words._duration(seconds) == words
