"""A model file goes from noise to decoded samples, and whatever is wrong with it or with what is asked is said."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from onnx import helper
from runtime_models import (
    FLOAT,
    INT64,
    VOCABULARY,
    constant,
    letters_spec,
    model,
    series_manifest,
    series_model,
    token_manifest,
    token_model,
    value,
    with_manifest,
)

from rgan_kit.contracts import DataError, PluginError, UsageError
from rgan_kit.runtime import load, noise

CONDITIONAL = {"labels": ["cold", "warm", "hot"], "latent_size": 2}


@pytest.fixture
def tokens(save, domains):
    return load(save(), provider="cpu")


@pytest.fixture
def conditional(save, domains):
    return load(save(token_model(token_manifest(**CONDITIONAL))), provider="cpu")


def expected_tokens(u, temperature=1.0):
    drawn = 2 + np.floor(3 * np.minimum(u / np.float32(temperature), np.float32(0.99))).astype(np.int64)
    alive = np.cumsum(drawn == 2, axis=1) == 0
    return np.where(alive, drawn, 0), alive.sum(axis=1)


# --- Sampling ---


def test_outputs_are_what_the_noise_of_the_seed_gives(tokens):
    outputs = tokens.outputs(300, seed=9, length=20)
    wanted, lengths = expected_tokens(noise.uniform(9, 0, 300, 20))
    np.testing.assert_array_equal(outputs["tokens"], wanted)
    np.testing.assert_array_equal(outputs["lengths"], lengths)


def test_samples_are_decoded_by_the_domain_of_the_manifest(tokens):
    outputs = tokens.outputs(20, seed=1)
    samples = tokens.sample(20, seed=1)
    assert outputs["tokens"].shape == (20, tokens.manifest.max_length)
    assert samples == [
        " ".join(VOCABULARY[token] for token in row[:length])
        for row, length in zip(outputs["tokens"], outputs["lengths"], strict=True)
    ]
    assert len(set(samples)) > 5


@pytest.mark.parametrize("batch_size", [1, 7, 20, 256])
def test_a_seed_gives_the_same_samples_in_any_batch(conditional, batch_size):
    whole = conditional.outputs(20, seed=3)
    again = conditional.outputs(20, seed=3, batch_size=batch_size)
    assert all((whole[name] == again[name]).all() for name in whole)


def test_sampling_goes_on_where_it_ended(conditional):
    whole = conditional.outputs(10, seed=3)["tokens"]
    parts = [conditional.outputs(4, seed=3)["tokens"], conditional.outputs(6, seed=3, start=4)["tokens"]]
    np.testing.assert_array_equal(whole, np.concatenate(parts))
    assert (conditional.outputs(10, seed=4)["tokens"] != whole).any()


def test_a_label_is_chosen_by_name_or_drawn(conditional):
    chosen = conditional.outputs(50, label="hot", length=3)
    about = noise.uniform(0, 0, 50, 3) + np.float32(0.1) * 2
    push = np.sign(noise.latent(0, 0, 50, 2).mean(axis=1, keepdims=True)).astype(np.float32) * np.float32(0.05)
    np.testing.assert_array_equal(chosen["tokens"], expected_tokens(np.abs(about + push))[0])
    drawn = noise.labels(0, 0, 50, 3)
    by_label = [conditional.outputs(50, label=name, length=3)["tokens"] for name in conditional.manifest.labels]
    wanted = np.stack([by_label[label][row] for row, label in enumerate(drawn)])
    np.testing.assert_array_equal(conditional.outputs(50, length=3)["tokens"], wanted)


def test_temperature_reaches_the_graph(tokens):
    wanted, _ = expected_tokens(noise.uniform(0, 0, 5, 4), temperature=2.5)
    np.testing.assert_array_equal(tokens.outputs(5, length=4, temperature=2.5)["tokens"], wanted)


def test_the_default_temperature_is_the_manifest_s(save, domains):
    about = token_manifest()
    inputs = [info.model_copy(update={"default": 2.5} if info.name == "temperature" else {}) for info in about.inputs]
    sampler = load(save(token_model(token_manifest(inputs=inputs))))
    wanted, _ = expected_tokens(noise.uniform(0, 0, 5, 4), temperature=2.5)
    np.testing.assert_array_equal(sampler.outputs(5, length=4)["tokens"], wanted)


def test_series_come_from_normal_noise(save):
    outputs = load(save(series_model()), provider="cpu").outputs(5, seed=2, length=7)
    drawn = noise.normal(2, 0, 5, 7, 3)
    wanted = drawn @ np.array([[1, 0], [0, 1], [0, 2]], np.float32)
    np.testing.assert_allclose(outputs["series"], wanted, rtol=1e-5, atol=1e-6)


def test_a_trusted_file_gives_the_same(save, domains):
    path = save()
    assert load(path, trusted=True).sample(5) == load(path).sample(5)


def test_samples_are_saved_as_the_domain_s_files(tokens, tmp_path):
    (path,) = tokens.save(["a", "b"], tmp_path / "new" / "folder")
    assert path.read_text() == "a\nb"
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="file: cannot be written to"):
        tokens.save(["a"], tmp_path / "file")


def test_neither_torch_nor_onnx_is_needed(save):
    code = (
        f"import sys; from rgan_kit.runtime import load; assert 'onnxruntime' not in sys.modules; "
        f"load({str(save(series_model()))!r}).outputs(2); assert not {{'torch', 'onnx'}} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# --- What is asked ---

ASKED = [
    ({"n": 0}, "n is 0; it must be a whole number from 1"),
    ({"n": 2.5}, "n is 2.5"),
    ({"length": 0}, "length is 0"),
    ({"length": 65_537}, "length is 65537; it must be a whole number from 1 to 65536"),
    ({"seed": -1}, "seed is -1"),
    ({"seed": 2**64}, "seed is 18446744073709551616"),
    ({"start": -1}, "start is -1"),
    ({"start": 2**64 - 1}, "start is"),
    ({"batch_size": 0}, "batch_size is 0"),
    ({"temperature": 0.0}, "temperature is 0.0; it must be a number above 0"),
    ({"temperature": -1.0}, "temperature is -1.0"),
    ({"temperature": float("nan")}, "temperature is nan"),
    ({"temperature": float("inf")}, "temperature is inf"),
    ({"temperature": 1e-60}, "temperature is 1e-60"),
    ({"temperature": 1e60}, r"temperature is 1e\+60"),
    ({"label": "hot"}, "not conditional and has no labels"),
]


@pytest.mark.parametrize(("options", "reason"), ASKED)
def test_arguments_without_sense_are_usage_errors(tokens, options, reason):
    with pytest.raises(UsageError, match=reason):
        tokens.outputs(**{"n": 2, **options})


def test_an_unknown_label_names_the_nearest(conditional):
    with pytest.raises(UsageError, match="No label is called 'wram'") as caught:
        conditional.outputs(1, label="wram")
    assert "Did you mean warm?" in caught.value.mend
    with pytest.raises(UsageError) as caught:
        conditional.outputs(1, label="zzz")
    assert "cold, warm, hot" in caught.value.mend


def test_a_temperature_outside_the_model_s_bounds_is_refused(save, domains):
    bounds = {"minimum": 0.5, "maximum": 2.0}
    inputs = [i.model_copy(update=bounds if i.name == "temperature" else {}) for i in token_manifest().inputs]
    sampler = load(save(token_model(token_manifest(inputs=inputs))))
    for temperature in (0.4, 2.1):
        with pytest.raises(UsageError, match="above 0 and within 0.5 and 2"):
            sampler.outputs(1, temperature=temperature)


def test_a_series_has_no_temperature(save):
    with pytest.raises(UsageError, match="series has no temperature"):
        load(save(series_model())).outputs(1, temperature=1.0)


def test_raw_inputs_are_held_to_the_manifest(tokens, conditional):
    u = np.zeros((2, 3), np.float32)
    latent = np.zeros((2, 2), np.float32)
    labels = np.zeros(2, np.int64)
    assert conditional.run(noise=u, latent=latent, labels=labels)["tokens"].shape == (2, 3)
    for sampler, given, reason in (
        (tokens, {"noise": u.astype(np.float64)}, r"'noise' must be float32 \[batch, time\], not float64 \[2, 3\]"),
        (tokens, {"noise": u[0]}, "'noise' must be"),
        (tokens, {"noise": u.tolist()}, "'noise' must be .* not list"),
        (tokens, {"noise": u[:0]}, "at least 1"),
        (tokens, {"noise": u[:, :0]}, "at least 1"),
        (
            tokens,
            {"noise": u, "labels": labels, "latent": latent},
            "no input 'labels'; the model has no input 'latent'",
        ),
        (conditional, {"noise": u}, "'latent' is missing; input 'labels' is missing"),
        (conditional, {"noise": u, "latent": latent[:1], "labels": labels}, "'latent' must be"),
        (conditional, {"noise": u, "latent": latent, "labels": labels + 3}, "labels must lie within 0 and 2"),
        (conditional, {"noise": u, "latent": latent, "labels": labels - 1}, "labels must lie within 0 and 2"),
    ):
        with pytest.raises(UsageError, match=reason):
            sampler.run(**given)


# --- What is in the file ---


def test_a_graph_that_differs_from_its_manifest_is_refused_with_every_difference(save):
    proto = series_model()
    proto.graph.input[0].name = proto.graph.node[0].input[0] = "sound"
    proto.graph.output[0].name = proto.graph.node[0].output[0] = "waves"
    with pytest.raises(DataError) as caught:
        load(save(proto))
    for part in ("input noise is not in the graph", "input sound of the graph", "output series is not in the graph"):
        assert part in str(caught.value)


@pytest.mark.parametrize("shape", [(4, "time", 3), ("batch", 9, 3), ("batch", "time", 4), ("batch", "time")])
def test_an_input_that_is_not_free_where_it_should_be_is_refused(save, shape):
    proto = series_model(weights=np.ones((shape[-1] if isinstance(shape[-1], int) else 3, 2)))
    proto.graph.input[0].CopyFrom(value("noise", FLOAT, *shape))
    proto.graph.output[0].CopyFrom(value("series", FLOAT, *shape[:-1], 2))
    with pytest.raises(DataError, match="noise is float32 \\[batch, time, 3\\], but"):
        load(save(proto))


def test_what_onnxruntime_refuses_is_a_data_error(save):
    proto = series_model()
    proto.graph.node[0].input.append("weights")
    with pytest.raises(DataError, match=r"model\.onnx: onnxruntime refuses it: .*MatMul"):
        load(save(proto))


def tokens_from(nodes, *initializers):
    """A token model of any nodes that make ``tokens`` and ``lengths``."""
    outputs = [value("tokens", INT64, "batch", "time"), value("lengths", INT64, "batch")]
    inputs = [value("noise", FLOAT, "batch", "time"), value("temperature", FLOAT)]
    return with_manifest(model(nodes, inputs, outputs, list(initializers)), token_manifest())


CAST = helper.make_node("Cast", ["noise"], ["whole"], to=INT64)
SUM = helper.make_node("ReduceSum", ["whole", "axis"], ["none"], keepdims=0)
AXIS = constant("axis", [1], np.int64)


def shifted(name, source, by):
    """A node and its constant that shift whole numbers."""
    return helper.make_node("Add", [source, f"by_{name}"], [name]), constant(f"by_{name}", by, np.int64)


@pytest.mark.parametrize(
    ("tokens_by", "lengths_by", "reason"),
    [
        (-1, 0, "'tokens' goes down to -1"),
        (0, -1, "'lengths' goes from -1 to -1"),
        (0, 5, "'lengths' goes from 5 to 5 in 4 steps"),
    ],
)
def test_tokens_out_of_range_break_the_contract(save, domains, tokens_by, lengths_by, reason):
    first, by_tokens = shifted("tokens", "whole", tokens_by)
    second, by_lengths = shifted("lengths", "none", lengths_by)
    sampler = load(save(tokens_from([CAST, SUM, first, second], AXIS, by_tokens, by_lengths)))
    with pytest.raises(DataError, match=reason):
        sampler.sample(3, length=4)


def test_outputs_of_another_shape_break_the_contract(save, domains):
    transpose = helper.make_node("Transpose", ["whole"], ["tokens"])
    lengths, by = shifted("lengths", "none", 0)
    sampler = load(save(tokens_from([CAST, SUM, transpose, lengths], AXIS, by)))
    with pytest.raises(DataError, match=r"'tokens' should be int64 \[batch, time\] .* and is int64 \[4, 3\]"):
        sampler.sample(3, length=4)


def test_series_that_are_not_finite_break_the_contract(save):
    sampler = load(save(series_model(weights=np.full((3, 2), np.inf))))
    with pytest.raises(DataError, match=r"'series' has \d+ numbers that are not finite"):
        sampler.outputs(3)


def test_a_graph_that_fails_is_a_data_error(save, domains):
    gather = helper.make_node("Gather", ["noise", "far"], ["column"], axis=1)
    nodes = [CAST, SUM, gather, helper.make_node("Cast", ["column"], ["lengths"], to=INT64),
             helper.make_node("Identity", ["whole"], ["tokens"])]  # fmt: skip
    sampler = load(save(tokens_from(nodes, AXIS, constant("far", 100, np.int64))))
    with pytest.raises(DataError, match=r"model\.onnx: the graph fails: "):
        sampler.outputs(1)


def test_a_manifest_is_needed(save):
    proto = series_model()
    del proto.metadata_props[:]
    with pytest.raises(DataError, match="has no 'rgan_kit.manifest'"):
        load(save(proto))


# --- The domain ---


def test_a_missing_domain_is_named_with_what_brings_it(save, domains):
    domains({})
    with pytest.raises(PluginError, match=r"needs the domain 'letters'.* made with rgan-letters 1\.2") as caught:
        load(save()).sample(1)
    assert 'pip install "rgan-letters==1.2"' in caught.value.mend


def test_the_plugin_that_the_model_was_made_with_goes_first(save, domains):
    def unused(about):
        raise AssertionError("the other plugin's decoder was asked for")

    domains({"other": letters_spec(decoder=unused), "rgan-letters": letters_spec()})
    assert load(save()).sample(1)
    domains({"other": letters_spec(), "another": letters_spec()})
    with pytest.raises(PluginError, match="another:letters, other:letters"):
        load(save()).sample(1)


def test_a_domain_of_another_kind_is_refused(save, domains):
    domains({"rgan-letters": letters_spec(kind="series")})
    with pytest.raises(DataError, match="makes tokens, but the domain 'letters' is one of series"):
        load(save()).sample(1)


def test_what_the_domain_misses_in_the_file_is_said_with_the_file_s_name(save, domains):
    with pytest.raises(DataError, match=r"model\.onnx: there is no vocabulary"):
        load(save(token_model(token_manifest(decoder={})))).sample(1)


def test_a_domain_that_fails_is_named(save, domains):
    domains({"rgan-letters": letters_spec(decoder=lambda about: about["nothing"])})
    with pytest.raises(PluginError, match=r"the domain 'letters' fails on what it says: KeyError: 'nothing'"):
        load(save()).sample(1)


def test_raw_outputs_need_no_domain(save, domains):
    domains({})
    assert load(save(series_model(series_manifest(domain="nowhere")))).outputs(1)["series"].shape == (1, 12, 2)
