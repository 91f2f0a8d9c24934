"""The process that opens users' files: it may crash, hang and be fooled, and the training goes on."""

import os
import signal
import subprocess
import sys

import numpy as np
import pytest

from rgan_kit_plugins.domains.frames import pictures, videos
from rgan_kit_plugins.domains.frames.decoding import DecodingProcess
from rgan_kit_plugins.domains.frames.finding import Source, by_number
from rgan_kit_plugins.domains.frames.messages import End
from rgan_kit_plugins.domains.frames.preparation import Preparation, UnreadableError

PREPARATION = Preparation(4, 4, 1)
CLIP = np.random.default_rng(0).integers(0, 256, (3, 4, 4)).astype(np.uint8)


@pytest.fixture
def good(tmp_path) -> Source:
    np.save(tmp_path / "good.npy", CLIP)
    return Source("good.npy", "array", (tmp_path / "good.npy",))


def decoded(process: DecodingProcess, source: Source) -> np.ndarray:
    events = list(process.decode(source))
    assert events[-1] == End()
    return np.concatenate(events[:-1])[..., 0]


def test_a_process_that_died_of_a_file_costs_that_file_alone(good):
    with DecodingProcess(PREPARATION, 60) as process:
        assert np.array_equal(decoded(process, good), CLIP)
        os.kill(process._process.pid, signal.SIGSEGV)
        process._process.wait()
        with pytest.raises(UnreadableError, match=r"the decoder died of it \(SIGSEGV\)"):
            decoded(process, good)
        assert np.array_equal(decoded(process, good), CLIP)
        running = process._process
    assert running.poll() is not None


def test_a_file_that_takes_too_long_is_given_up(good, tmp_path):
    os.mkfifo(tmp_path / "endless.npy")  # opening it for reading never returns
    with DecodingProcess(PREPARATION, 0.3) as process:
        with pytest.raises(UnreadableError, match=r"more than 0\.3 seconds"):
            decoded(process, Source("endless.npy", "array", (tmp_path / "endless.npy",)))
        process.seconds = 60
        assert np.array_equal(decoded(process, good), CLIP)


def test_answers_to_a_request_that_was_left_are_not_taken_for_others(good, tmp_path):
    np.save(tmp_path / "long.npy", np.zeros((9, 500, 4, 4), np.uint8))
    with DecodingProcess(PREPARATION, 60) as process:
        answers = process.decode(Source("long.npy", "array", (tmp_path / "long.npy",)))
        next(answers)
        answers.close()
        assert np.array_equal(decoded(process, good), CLIP)


def test_memory_is_capped_where_the_system_can():
    pytest.importorskip("resource")
    code = (
        "import numpy as np\n"
        "from rgan_kit_plugins.domains.frames import worker\n"
        "worker.MOST_MEMORY = 2**28\n"
        "worker._limit_memory()\n"
        "try:\n    np.ones(2**29, np.uint8)\nexcept MemoryError:\n    print('capped')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "capped" or not sys.platform.startswith("linux")


def test_a_library_in_the_users_folder_is_not_taken_for_the_real_one(good, tmp_path, monkeypatch):
    (tmp_path / "numpy.py").write_text("raise SystemExit('taken')")
    monkeypatch.chdir(tmp_path)
    with DecodingProcess(PREPARATION, 60) as process:
        assert np.array_equal(decoded(process, good), CLIP)


def test_a_playlist_reads_nothing_even_where_it_is_taken_for_a_video(tmp_path):
    import av

    secret = tmp_path / "secret.ts"
    with av.open(str(secret), "w", format="mpegts") as container:
        stream = container.add_stream("mpeg2video", rate=25)
        stream.width = stream.height = 16
        container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((16, 16, 3), np.uint8), "rgb24")))
        container.mux(stream.encode())
    text = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nsecret.ts\n#EXT-X-ENDLIST\n"
    playlist = tmp_path / "list.mp4"
    playlist.write_text(text)
    with av.open(str(playlist), format="hls", options={"extension_picky": "0"}) as opened:
        assert len(list(opened.decode(video=0))) == 1  # so the trick would work
    with pytest.raises((av.FFmpegError, PermissionError, UnreadableError)):
        list(videos.decode(playlist, "hls", PREPARATION))


def test_errors_are_told_in_words():
    assert pictures.describe(UnreadableError("it is empty")) == "it is empty"
    assert pictures.describe(MemoryError()) == "decoding it takes too much memory"
    assert pictures.describe(PermissionError(13, "Permission denied")) == "it cannot be read (Permission denied)"
    assert pictures.describe(ValueError()) == "it is damaged"


def test_names_are_ordered_by_the_numbers_in_them():
    names = ["frame10", "frame9", "a", "frame09b", "10", "9"]
    assert sorted(names, key=by_number) == ["9", "10", "a", "frame09b", "frame9", "frame10"]
