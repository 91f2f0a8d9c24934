"""Stretches of rows against loops over them, and data that is known again by its content."""

import numpy as np
import pytest

from rgan_kit.files import Fingerprint, Spans, UnreadableError, digest_of, fingerprint


@pytest.mark.parametrize(("length", "stride"), [(1, 1), (3, 1), (4, 3), (2, 5), (9, 2)])
def test_windows_are_those_of_a_loop_over_the_stretches(length, stride):
    lengths = np.random.default_rng(0).integers(0, 12, 30)
    windows, owners = Spans.side_by_side(lengths).windows(length, stride)
    expected, begin = [], 0
    for number, size in enumerate(lengths.tolist()):
        expected += [(number, begin + first) for first in range(0, size - length + 1, stride)]
        begin += size
    assert list(zip(owners.tolist(), windows.starts.tolist(), strict=True)) == expected
    assert set(windows.lengths.tolist()) <= {length}


def test_spans_count_cover_and_list_their_rows():
    spans = Spans(np.array([0, 2, 7]), np.array([3, 3, 1]))
    marked = np.array([0, 1, 1, 0, 0, 0, 0, 1, 0], bool)
    assert spans.count(marked).tolist() == [2, 1, 1]
    assert np.flatnonzero(spans.cover(9)).tolist() == [0, 1, 2, 3, 4, 7]
    assert spans.rows().tolist() == [0, 1, 2, 2, 3, 4, 7]
    assert spans.where(np.array([False, True, True])).starts.tolist() == [2, 7]


def test_contents_in_their_order_decide_and_not_names(tmp_path):
    (tmp_path / "one.bin").write_bytes(b"abc")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "two.bin").write_bytes(b"abc")
    by_file = [Fingerprint().add_file(tmp_path / name).hex() for name in ("one.bin", "folder/two.bin")]
    assert by_file == [fingerprint([b"abc"])] * 2
    assert fingerprint([b"abc", b"d"]) != fingerprint([b"d", b"abc"])
    assert fingerprint([b"abc", b"d"]) != fingerprint([b"abcd"]) != fingerprint([b"ab", b"cd"])
    assert Fingerprint().add(b"abc").add_words("jazz").hex() != Fingerprint().add(b"abc").add_words("rock").hex()
    assert fingerprint([np.arange(6).reshape(2, 3)]) == fingerprint([np.arange(6).tobytes()])
    assert len(fingerprint([])) == 64
    with pytest.raises(UnreadableError, match="cannot be read"):
        digest_of(tmp_path / "none")
