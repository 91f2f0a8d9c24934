"""What a user asks of a draw reaches the graph, and what makes no sense is said; commands of the page on it run."""

from __future__ import annotations

import re
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper
from runtime_models import VOCABULARY, Letters, constant, letters_spec, model, token_manifest, value, with_manifest

from rgan_kit.errors import DataError, UsageError
from rgan_kit.runtime import Manifest, TensorInfo, contract, load, noise

FLOAT, INT64, BOOL = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL
PAGE = (Path(__file__).parents[2] / "docs" / "beginnings.md").read_text(encoding="utf-8")


class Spelling(Letters):
    """``Letters`` that know beginnings: letters with spaces between, or lines of a file."""

    def beginnings(self, given, *, replace_unknown=None):
        texts = given.read_text().splitlines() if isinstance(given, Path) else [given]
        return [np.array([self._token(word, replace_unknown) for word in text.split()]) for text in texts]

    def _token(self, word, replace_unknown):
        if word in self.about["vocabulary"]:
            return self.about["vocabulary"].index(word)
        if replace_unknown is None:
            raise DataError(f"the model does not know {word!r}.")
        return self.about["vocabulary"].index(replace_unknown)


def told_manifest(**changes) -> Manifest:
    """That of a model that can be told everything that version 2 knows."""
    usual = {"given": 0, "known": 0, "top_p": 1.0, "top_k": 0, "min_length": 0}
    limits = {"given": {"minimum": 0, "maximum": 4}, "top_p": {"minimum": 0.0, "maximum": 1.0}}
    more = [
        TensorInfo(
            name=port.name, dtype=port.dtype, shape=port.shape, distribution="constant", default=usual[port.name],
            **limits.get(port.name, {}),
        )
        for port in contract.OPTIONAL["tokens"].values()
    ]  # fmt: skip
    return token_manifest(**{"contract": 2, "inputs": [*token_manifest().inputs, *more], **changes})


def told_model(manifest: Manifest | None = None):
    """Tokens are those given where they are known, else ``3 + (noise < top_p / 2)``; their number is that of all, and
    what was asked for otherwise stands in the first token of each sample: ``10 * top_k + 100 * min_length``."""
    nodes = [
        helper.make_node("Mul", ["top_p", "half"], ["limit"]),
        helper.make_node("Mul", ["noise", "temperature"], ["warm"]),
        helper.make_node("Less", ["warm", "limit"], ["low"]),
        helper.make_node("Cast", ["low"], ["one or none"], to=INT64),
        helper.make_node("Add", ["one or none", "three"], ["drawn"]),
        helper.make_node("Mul", ["top_k", "ten"], ["k"]),
        helper.make_node("Mul", ["min_length", "hundred"], ["least"]),
        helper.make_node("Add", ["k", "least"], ["asked"]),
        helper.make_node("Add", ["drawn", "asked"], ["told"]),
        helper.make_node("Where", ["known", "given", "told"], ["tokens"]),
        helper.make_node("Cast", ["known"], ["ones"], to=INT64),
        helper.make_node("Sub", ["ones", "ones"], ["nought"]),
        helper.make_node("Add", ["nought", "one"], ["counted"]),
        helper.make_node("ReduceSum", ["counted", "axis"], ["lengths"], keepdims=0),
    ]
    types = {"float32": FLOAT, "int64": INT64, "bool": BOOL}
    manifest = manifest or told_manifest()
    inputs = [value(info.name, types[info.dtype], *info.shape) for info in manifest.inputs]
    numbers = {"three": 3, "ten": 10, "hundred": 100, "one": 1, "axis": [1]}
    stored = [constant("half", 0.5), *(constant(name, number, np.int64) for name, number in numbers.items())]
    outputs = [value("tokens", INT64, "batch", "time"), value("lengths", INT64, "batch")]
    return with_manifest(model(nodes, inputs, outputs, stored), manifest)


@pytest.fixture
def told(save, domains):
    domains({"rgan-letters": letters_spec(decoder=Spelling)})
    return load(save(told_model()), provider="cpu")


def drawn(seed, start, n, length, top_p=1.0):
    return 3 + (noise.uniform(seed, start, n, length) < np.float32(top_p) / 2).astype(np.int64)


def test_nothing_said_feeds_what_changes_nothing(told):
    np.testing.assert_array_equal(told.outputs(5, seed=1)["tokens"], drawn(1, 0, 5, 12))
    fed = {name: np.asarray(each).max() for name, each in told.inputs(2).items()}
    usual = {"given": 0, "known": 0, "top_p": 1, "top_k": 0, "min_length": 0}
    assert {name: fed[name] for name in contract.OPTIONAL["tokens"]} == usual


def test_what_a_graph_is_given_can_be_given_to_it_again(told):
    np.testing.assert_array_equal(told.run(**told.inputs(4, seed=2))["tokens"], told.outputs(4, seed=2)["tokens"])


@pytest.mark.parametrize("given", ["a a", np.array([3, 3])])
def test_a_beginning_stands_before_what_is_drawn(told, given):
    tokens = told.outputs(300, seed=2, given=given, horizon=4)["tokens"]
    expected = drawn(2, 0, 300, 6)
    expected[:, :2] = 3
    np.testing.assert_array_equal(tokens, expected)
    assert told.outputs(1, given=given)["tokens"].shape == (1, 2 + told.manifest.max_length)
    assert told.outputs(1, given=given, length=5)["tokens"].shape == (1, 5)


def test_each_sample_has_a_beginning_of_its_own_in_any_batch(told, tmp_path):
    (tmp_path / "lines.txt").write_text("a a a\na\na a\n")
    whole = told.outputs(seed=3, given_each=tmp_path / "lines.txt", horizon=2)["tokens"]
    expected = drawn(3, 0, 3, 5)
    for row, length in enumerate((3, 1, 2)):
        expected[row, :length] = 3
    np.testing.assert_array_equal(whole, expected)
    listed = told.outputs(3, seed=3, given_each=["a a a", "a", "a a"], horizon=2, batch_size=2)["tokens"]
    np.testing.assert_array_equal(listed, expected)


def test_all_that_is_asked_for_reaches_the_graph(told):
    np.testing.assert_array_equal(told.outputs(9, seed=1, top_p=0.5)["tokens"], drawn(1, 0, 9, 12, 0.5))
    assert (told.outputs(9, seed=1, top_k=2, min_length=3)["tokens"] == drawn(1, 0, 9, 12) + 320).all()
    assert (told.outputs(9, seed=1, temperature=0)["tokens"] == 4).all()


def test_without_a_seed_samples_differ_and_the_model_says_which_it_was(told):
    first, seed = told.outputs(40)["tokens"], told.seed
    assert (told.outputs(40)["tokens"] != first).any() and told.seed != seed
    np.testing.assert_array_equal(told.outputs(40, seed=seed)["tokens"], first)


def test_what_is_unknown_is_refused_or_read_as_the_user_says(told):
    with pytest.raises(DataError, match="does not know 'z'"):
        told.outputs(1, given="a z")
    tokens = told.outputs(1, given="a z", replace_unknown="a", horizon=1)["tokens"]
    assert tokens[0, :2].tolist() == [3, 3]


SENSELESS = [
    ({"given": "a", "given_each": ["a"]}, "cannot be given both"),
    ({"given": np.array([[3]])}, r"goes on from int64 \[time\], not int64 \[1, 1\]"),
    ({"given": np.array([0.5])}, "not float64"),
    ({"given": np.array([], np.int64)}, "goes on from"),
    ({"given": np.array([9])}, "given must lie within 0 and 4"),
    ({"given": "a a a", "length": 2}, "the beginning has 3 positions already"),
    ({"length": 3, "horizon": 3}, "both say how long"),
    ({"n": 3, "given_each": ["a", "a"]}, "There are 2 beginnings, and 3 samples"),
    ({"given_each": []}, "no beginning to go on from"),
    ({"top_p": 0.0}, "top_p is 0.0; it must be a number above 0 and within 0 and 1"),
    ({"top_p": 1.5}, "top_p is 1.5"),
    ({"top_k": -1}, "top_k is -1; it must be a whole number from 0"),
    ({"min_length": 2.5}, "min_length is 2.5"),
    ({"temperature": -0.5}, "temperature is -0.5"),
]


@pytest.mark.parametrize(("asked", "reason"), SENSELESS)
def test_what_makes_no_sense_is_a_usage_error(told, asked, reason):
    with pytest.raises(UsageError, match=reason):
        told.outputs(**asked)


def test_several_beginnings_where_one_is_needed_are_refused(told, tmp_path):
    (tmp_path / "lines.txt").write_text("a\na a\n")
    with pytest.raises(UsageError, match="holds 2 samples, where one beginning is needed"):
        told.outputs(5, given=tmp_path / "lines.txt")


def test_a_file_of_version_1_says_what_it_cannot(save, domains):
    domains({"rgan-letters": letters_spec(decoder=Spelling)})
    plain = load(save())
    with pytest.raises(UsageError, match="cannot go on from a beginning"):
        plain.outputs(1, given="a")
    with pytest.raises(UsageError, match="takes no top_p"):
        plain.outputs(1, top_p=0.5)
    with pytest.raises(UsageError, match="temperature is 0"):
        plain.outputs(1, temperature=0)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"contract": 1}, "contract is 1, which has no given, known"),
        ({"contract": 3}, "contract is 3, not 1 to 2"),
        ({"inputs": [each for each in told_manifest().inputs if each.name != "known"]}, "only one of given and known"),
    ],
)
def test_a_manifest_of_version_2_that_does_not_agree_is_refused(changes, fault):
    with pytest.raises(ValueError, match=fault):
        told_manifest(**changes)


def test_a_domain_that_reads_no_beginnings_says_so(save, domains):
    domains({"rgan-letters": letters_spec()})
    with pytest.raises(UsageError, match="reads no beginnings"):
        load(save(told_model())).outputs(1, given="a")
    assert VOCABULARY[3] == "a"


# --- The page ---


def commands() -> list[str]:
    blocks = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.S | re.M)
    return [re.sub(r"\s+#\s.*", "", line).strip() for block in blocks for line in block.splitlines()]


def test_the_commands_of_the_page_run(rgankit, model_file, tmp_path):
    """With one small model in place of all; what a primer of music does is tested where music is."""
    (tmp_path / "exported").mkdir()
    for name in ("running", "sentences"):
        shutil.copy(model_file, tmp_path / "exported" / f"{name}.onnx")
    lines = rgankit("sample", model_file, "-n", 3, "--seed", 1, "--min-length", 2).out
    (tmp_path / "openings.txt").write_text(lines)
    (tmp_path / "poem.txt").write_text(lines.splitlines()[0])
    for line in commands():
        if "music" in line:
            continue
        answer = rgankit(*shlex.split(line)[1:])
        assert answer.code == 0, (line, answer.err)
        samples = answer.out.splitlines()
        assert len(samples) == 3, line
        if "poem" in line:
            assert all(each.startswith(lines.splitlines()[0]) for each in samples)
        if "each" in line:
            assert all(a.startswith(b) for a, b in zip(samples, lines.splitlines(), strict=True))
