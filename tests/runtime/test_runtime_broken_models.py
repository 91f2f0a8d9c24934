"""A model file whose graph, manifest or domain is not what it should be is refused, and says why."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import helper
from runtime_models import (
    FLOAT,
    INT64,
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

from rgan_kit.errors import DataError, PluginError
from rgan_kit.runtime import load

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
    with pytest.raises(DataError, match=r"has no 'rgan_kit.manifest'"):
        load(save(proto))


# --- The domain ---


def test_a_missing_domain_is_named_with_what_brings_it(save, domains):
    domains({})
    with pytest.raises(PluginError, match=r"needs the domain 'letters'.* made with rgan-letters 1\.2") as caught:
        load(save()).sample(1)
    assert 'pip install "rgan-letters==1.2"' in caught.value.hint


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
