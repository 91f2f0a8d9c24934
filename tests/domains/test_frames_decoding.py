"""The process that opens users' files: what it says of them, and that it looks nowhere else."""

import numpy as np
import pytest

from rgan_kit.files import Sandbox, UnreadableError
from rgan_kit_plugins.domains.frames import pictures, videos
from rgan_kit_plugins.domains.frames.preparation import Preparation
from rgan_kit_plugins.domains.frames.recordings import MOST_MEMORY, PROGRAM, read, request_for
from rgan_kit_plugins.domains.frames.sources import Source, Sources
from rgan_kit_plugins.domains.frames.store import FrameStore

PREPARATION = Preparation(4, 4, 1)
CLIP = np.random.default_rng(0).integers(0, 256, (3, 4, 4)).astype(np.uint8)


def test_frames_come_as_bytes_and_an_end_after_each_recording(tmp_path):
    np.save(tmp_path / "good.npy", CLIP)
    (tmp_path / "bad.npy").write_bytes(b"bad")
    good, bad = (Source(name, "array", (tmp_path / name,)) for name in ("good.npy", "bad.npy"))
    with Sandbox(PROGRAM, seconds=60, memory=MOST_MEMORY, maps=True) as sandbox:
        frames, end = sandbox.ask(request_for(good, PREPARATION))
        assert (frames.header, frames.payload) == ({"frames": 3}, CLIP.tobytes())
        assert end.header["end"]["size"] == [4, 4]
        with pytest.raises(UnreadableError, match="begins with 'bad'"):
            sandbox.ask(request_for(bad, PREPARATION))


def test_a_decoder_that_was_taken_over_by_a_file_is_not_believed(tmp_path, monkeypatch):
    """It may answer whatever it likes."""
    source = Source("a.npy", "array", (tmp_path / "a.npy",))
    np.save(tmp_path / "a.npy", CLIP)
    liar = tmp_path / "liar.py"
    monkeypatch.setattr("rgan_kit_plugins.domains.frames.recordings.PROGRAM", liar)
    for said in (
        "{'frames': 9}, b'12'",
        "{'end': {'whatever': 1}}, b''",
        "{'end': 3}, b''",
        "[1], b''",
        "{'frames': 'x'}, b''",
    ):
        liar.write_text(f"def answer(request, content):\n    yield {{'frames': 1}}, bytes(16)\n    yield {said}\n")
        store = FrameStore(4, 4, 1, memory_budget=2**20)
        with pytest.raises(Exception, match="answers with something else than it was asked for"):
            read(Sources(tmp_path / "a.npy", (source,), {}), PREPARATION, store, 60)
        assert len(store) == 0


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
