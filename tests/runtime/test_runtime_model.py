"""A model file goes from noise to decoded samples, and whatever is wrong with it or with what is asked is said."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from runtime_models import (
    VOCABULARY,
    series_model,
    token_manifest,
    token_model,
)

from rgan_kit.errors import RganKitError, UsageError
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
    chosen = conditional.outputs(50, seed=0, label="hot", length=3)
    about = noise.uniform(0, 0, 50, 3) + np.float32(0.1) * 2
    push = np.sign(noise.latent(0, 0, 50, 2).mean(axis=1, keepdims=True)).astype(np.float32) * np.float32(0.05)
    np.testing.assert_array_equal(chosen["tokens"], expected_tokens(np.abs(about + push))[0])
    drawn = noise.labels(0, 0, 50, 3)
    by_label = [conditional.outputs(50, seed=0, label=name, length=3)["tokens"] for name in conditional.manifest.labels]
    wanted = np.stack([by_label[label][row] for row, label in enumerate(drawn)])
    np.testing.assert_array_equal(conditional.outputs(50, seed=0, length=3)["tokens"], wanted)
    names = conditional.manifest.labels
    assert conditional.labels(50) == [names[label] for label in drawn]
    assert conditional.labels(20, start=30) == conditional.labels(50)[30:]
    assert conditional.labels(2, label="hot") == ["hot", "hot"]


def test_temperature_reaches_the_graph(tokens):
    wanted, _ = expected_tokens(noise.uniform(0, 0, 5, 4), temperature=2.5)
    np.testing.assert_array_equal(tokens.outputs(5, seed=0, length=4, temperature=2.5)["tokens"], wanted)


def test_the_default_temperature_is_the_manifest_s(save, domains):
    about = token_manifest()
    inputs = [info.model_copy(update={"default": 2.5} if info.name == "temperature" else {}) for info in about.inputs]
    sampler = load(save(token_model(token_manifest(inputs=inputs))))
    wanted, _ = expected_tokens(noise.uniform(0, 0, 5, 4), temperature=2.5)
    np.testing.assert_array_equal(sampler.outputs(5, seed=0, length=4)["tokens"], wanted)


def test_series_come_from_normal_noise(save):
    outputs = load(save(series_model()), provider="cpu").outputs(5, seed=2, length=7)
    drawn = noise.normal(2, 0, 5, 7, 3)
    wanted = drawn @ np.array([[1, 0], [0, 1], [0, 2]], np.float32)
    np.testing.assert_allclose(outputs["series"], wanted, rtol=1e-5, atol=1e-6)


def test_a_trusted_file_gives_the_same(save, domains):
    path = save()
    assert load(path, trusted=True).sample(5, seed=0) == load(path).sample(5, seed=0)


def test_samples_are_saved_as_the_domain_s_files(tokens, tmp_path):
    (path,) = tokens.save(["a", "b"], tmp_path / "new" / "folder")
    assert path.read_text() == "a\nb"
    (tmp_path / "file").write_text("")
    with pytest.raises(RganKitError, match="file: cannot be written"):
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
    assert "Did you mean warm?" in caught.value.hint
    with pytest.raises(UsageError) as caught:
        conditional.outputs(1, label="zzz")
    assert "cold, warm, hot" in caught.value.hint


def test_a_temperature_outside_the_model_s_bounds_is_refused(save, domains):
    bounds = {"minimum": 0.5, "maximum": 2.0}
    inputs = [i.model_copy(update=bounds if i.name == "temperature" else {}) for i in token_manifest().inputs]
    sampler = load(save(token_model(token_manifest(inputs=inputs))))
    for temperature in (0.4, 2.1):
        with pytest.raises(UsageError, match=r"above 0 and within 0.5 and 2"):
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
