"""Noise is the same on every machine, in any batch and at any length, and is what it says it is."""

from __future__ import annotations

import math

import numpy as np
import pytest

from rgan_kit.runtime import noise

# Random123's known answers for philox4x32-10: counter, key, result.
KNOWN = [
    ([0] * 4, (0, 0), [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]),
    ([0xFFFFFFFF] * 4, (0xFFFFFFFF, 0xFFFFFFFF), [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]),
    (
        [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
        (0xA4093822, 0x299F31D0),
        [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1],
    ),
]


@pytest.mark.parametrize(("counter", "key", "result"), KNOWN)
def test_philox_gives_the_published_answers(counter, key, result):
    assert noise.philox(np.array(counter, np.uint64)[:, None], key)[:, 0].tolist() == result


def plain_philox(counter: list[int], key: list[int]) -> list[int]:
    """The same generator one word at a time, as another language would write it."""
    for _ in range(10):
        a, b = 0xD2511F53 * counter[0], 0xCD9E8D57 * counter[2]
        counter = [(b >> 32) ^ counter[1] ^ key[0], b & 0xFFFFFFFF, (a >> 32) ^ counter[3] ^ key[1], a & 0xFFFFFFFF]
        key = [(key[0] + 0x9E3779B9) & 0xFFFFFFFF, (key[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return counter


@pytest.mark.parametrize(("seed", "sample"), [(0, 0), (7, 3), (2**40 + 5, 2**33 + 1), (2**64 - 1, 2**64 - 1)])
def test_numbers_follow_the_documented_layout(seed, sample):
    def word(index, stream):
        counter = [index // 4, sample % 2**32, sample // 2**32, stream]
        return plain_philox(counter, [seed % 2**32, seed // 2**32])[index % 4]

    uniform = [(word(i, 0) >> 8) / 2**24 for i in range(11)]
    assert noise.uniform(seed, sample, 1, 11)[0].tolist() == uniform
    normal = []
    for i in range(0, 6, 2):
        radius = math.sqrt(-2 * math.log((word(i, 1) + 1) / 2**32))
        angle = 2 * math.pi * word(i + 1, 1) / 2**32
        normal += [radius * math.cos(angle), radius * math.sin(angle)]
    np.testing.assert_allclose(noise.latent(seed, sample, 1, 5)[0], normal[:5], rtol=1e-6, atol=1e-7)
    assert noise.labels(seed, sample, 1, 7).tolist() == [word(0, 2) * 7 // 2**32]


DRAWS = {
    "uniform": lambda start, count: noise.uniform(5, start, count, 9),
    "normal": lambda start, count: noise.normal(5, start, count, 3, 5),
    "latent": lambda start, count: noise.latent(5, start, count, 7),
    "labels": lambda start, count: noise.labels(5, start, count, 4),
}


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
@pytest.mark.parametrize("batch", [1, 3, 64])
def test_a_sample_is_the_same_in_any_batch(draw, batch):
    whole = draw(2**32 - 50, 100)  # across the boundary of the counter's two words
    parts = [draw(2**32 - 50 + first, min(batch, 100 - first)) for first in range(0, 100, batch)]
    np.testing.assert_array_equal(whole, np.concatenate(parts))


def test_a_longer_sequence_begins_with_a_shorter_one():
    assert (noise.uniform(1, 0, 5, 50)[:, :7] == noise.uniform(1, 0, 5, 7)).all()
    assert (noise.normal(1, 0, 5, 50, 3)[:, :7] == noise.normal(1, 0, 5, 7, 3)).all()
    assert (noise.latent(1, 0, 5, 8)[:, :3] == noise.latent(1, 0, 5, 3)).all()


def test_large_draws_are_made_in_pieces_that_join():
    count = 300
    whole = noise.words(3, 0, count, 400)  # more blocks than are drawn at once
    assert (whole[[0, 163, 164, 299]] == np.concatenate([noise.words(3, i, 1, 400) for i in (0, 163, 164, 299)])).all()


def test_seeds_samples_and_streams_differ():
    rows = np.concatenate(
        [
            noise.words(0, 0, 3, 8),
            noise.words(1, 0, 1, 8),
            noise.words(2**32, 0, 1, 8),
            noise.words(0, 2**32, 1, 8),
            noise.words(0, 0, 1, 8, stream=noise.LATENT),
            noise.words(0, 0, 1, 8, stream=noise.LABELS),
        ]
    )
    assert len(np.unique(rows, axis=0)) == len(rows)


def test_uniform_numbers_are_uniform_below_one():
    drawn = noise.uniform(11, 0, 1000, 200)
    assert drawn.dtype == np.float32 and drawn.min() >= 0 and drawn.max() < 1
    counts = np.histogram(drawn, bins=100, range=(0, 1))[0]
    expected = drawn.size / 100
    chi_squared = ((counts - expected) ** 2 / expected).sum()
    assert 50 < chi_squared < 160  # 99 degrees of freedom: mean 99, standard deviation 14


def test_normal_numbers_are_standard_normal_and_independent():
    drawn = noise.normal(11, 0, 2000, 25, 4).astype(np.float64)
    flat = drawn.ravel()
    assert abs(flat.mean()) < 0.01 and abs(flat.std() - 1) < 0.01
    assert abs((flat**3).mean()) < 0.03 and abs((flat**4).mean() - 3) < 0.08
    assert abs((np.abs(flat) < 1).mean() - 0.6827) < 0.004
    correlation = np.corrcoef(drawn.reshape(2000, 100), rowvar=False)
    assert np.abs(correlation - np.eye(100)).max() < 0.12  # 5 standard deviations of 1 / sqrt(2000)
    assert np.isfinite(noise.normal(0, 0, 10, 10, 0)).all()


@pytest.mark.parametrize(("seed", "start"), [(-1, 0), (2**64, 0), (0, -1), (0, 2**64 - 1)])
def test_numbers_outside_64_bits_are_refused(seed, start):
    with pytest.raises(ValueError, match="2\\*\\*64"):
        noise.uniform(seed, start, 2, 3)
