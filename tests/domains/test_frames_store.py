"""Frames by number, in memory and beyond it, and the windows that are cut from recordings."""

import threading
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rgan_kit.contracts import DataError
from rgan_kit.files import Spans
from rgan_kit_plugins.domains.frames import store as store_module
from rgan_kit_plugins.domains.frames.clips import Clips, cut
from rgan_kit_plugins.domains.frames.recordings import Recording
from rgan_kit_plugins.domains.frames.sources import Source
from rgan_kit_plugins.domains.frames.store import FrameStore


def frames(count: int) -> np.ndarray:
    return np.random.default_rng(count).integers(0, 256, (count, 4, 3, 1)).astype(np.uint8)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    monkeypatch.setattr(store_module, "_BLOCK", 60)  # five frames of twelve bytes


@pytest.mark.parametrize("budget", [10**6, 600, 0])
def test_what_is_put_in_comes_out_whether_memory_suffices_or_not(budget):
    pieces = [frames(count) for count in (3, 7, 1, 20, 40)]
    store = FrameStore(4, 3, 1, memory_budget=budget, disk_budget=10**6)
    for piece in pieces:
        store.append(piece)
    assert store.on_disk == (budget < 71 * 12)
    everything = np.concatenate(pieces)
    for start, count in ((0, 71), (4, 2), (70, 1), (0, 0), (9, 33)):
        out = np.empty((count, 4, 3, 1), np.uint8)
        store.read(start, out)
        assert np.array_equal(out, everything[start : start + count])


@pytest.mark.parametrize("budget", [10**6, 0])
def test_what_is_cut_off_is_forgotten(budget):
    store = FrameStore(4, 3, 1, memory_budget=budget, disk_budget=10**6)
    store.append(frames(8))
    store.append(frames(9))
    store.cut(8)
    store.append(frames(10))
    out = np.empty((18, 4, 3, 1), np.uint8)
    store.read(0, out)
    assert len(store) == 18
    assert np.array_equal(out, np.concatenate([frames(8), frames(10)]))


def test_frames_that_fit_nowhere_are_an_error_that_says_what_to_do(monkeypatch):
    store = FrameStore(4, 3, 1, memory_budget=0, disk_budget=100)
    with pytest.raises(DataError, match=r"domain\.disk_budget"):
        store.append(frames(20))
    store = FrameStore(4, 3, 1, memory_budget=0, disk_budget=10**6)
    monkeypatch.setattr(store_module.shutil, "disk_usage", lambda folder: type("usage", (), {"free": 10})())
    with pytest.raises(DataError, match="TMPDIR"):
        store.append(frames(20))


def test_threads_may_read_at_once():
    store = FrameStore(4, 3, 1, memory_budget=0, disk_budget=10**6)
    everything = frames(100)
    store.append(everything)
    wrong = []

    def read(seed: int) -> None:
        for start in np.random.default_rng(seed).integers(0, 90, 200).tolist():
            out = np.empty((10, 4, 3, 1), np.uint8)
            store.read(start, out)
            if not np.array_equal(out, everything[start : start + 10]):
                wrong.append(start)

    threads = [threading.Thread(target=read, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_clips_are_taken_by_number_as_bytes():
    store = FrameStore(4, 3, 1, memory_budget=10**6)
    everything = frames(30)
    store.append(everything)
    clips = Clips(store, Spans(np.array([0, 5, 20]), np.array([6, 6, 4])), np.array([1, 0, 1]))
    batch = clips.take(np.array([2, 0]))
    assert batch.values.dtype == np.uint8
    assert np.array_equal(batch.values[0, :4], everything[20:24]) and not batch.values[0, 4:].any()
    assert np.array_equal(batch.values[1], everything[0:6])
    assert batch.lengths.tolist() == [4, 6]
    assert batch.labels.tolist() == [1, 1]
    assert clips.lengths.tolist() == [6, 6, 4]


recordings = st.lists(st.integers(8, 120), min_size=1, max_size=25)


@settings(max_examples=60, deadline=None)
@given(recordings, st.integers(1, 8), st.integers(1, 12), st.floats(0.01, 0.5), st.integers(0, 9))
def test_no_frame_is_on_both_sides_and_no_window_leaves_its_recording(counts, length, stride, share, seed):
    given_ones = made(counts)
    try:
        done = cut(given_ones, length, stride, share, np.random.default_rng(seed))
    except DataError:
        assert sum(max(0, (count - length) // stride + 1) for count in counts) < 2 or len(counts) == 1
        return
    seen = []
    for side in (done.split.train, done.split.validation):
        windows, of = done.windows.starts[side], done.owners[side]
        begins = np.array([each.start for each in given_ones])[of]
        assert (windows >= begins).all() and (windows + length <= begins + np.array(counts)[of]).all()
        seen.append({frame for window in windows.tolist() for frame in range(window, window + length)})
    assert not seen[0] & seen[1]
    assert done.unused.count == sum(counts) - len(seen[0] | seen[1])
    if len(set(done.owners.tolist())) >= 10:
        assert not set(done.owners[done.split.train].tolist()) & set(done.owners[done.split.validation].tolist())


def made(counts: list[int]) -> list[Recording]:
    starts = np.cumsum([0, *counts[:-1]]).tolist()
    return [
        Recording(str(start), start, count, Source("a", "video", ()))
        for start, count in zip(starts, counts, strict=True)
    ]


def test_the_last_windows_of_few_recordings_are_held_out_behind_a_gap():
    done = cut(made([100]), 10, 5, 0.1, np.random.default_rng(0))
    starts = done.windows.starts
    assert starts[done.split.validation].tolist() == [90]
    assert starts[done.split.train].max() + 10 + 10 <= 90
    assert (done.unused.noun, done.unused.count, done.unused.total) == ("frames", 10, 100)


def test_recordings_that_the_user_names_are_held_out_whole():
    few = made([30, 30, 30])
    few[1] = replace(few[1], source=Source("b", "video", (), held_out=True))
    done = cut(few, 10, 10, 0.1, np.random.default_rng(0))
    assert done.owners[done.split.validation].tolist() == [1, 1, 1]
    assert done.owners[done.split.train].tolist() == [0, 0, 0, 2, 2, 2]
