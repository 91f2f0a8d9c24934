"""One decoding process for many tests: starting one costs more than most of them."""

import subprocess

import pytest

from rgan_kit_plugins.domains.frames.decoding import DecodingProcess

_started = DecodingProcess._started
_shared: list[subprocess.Popen] = []


def _reuse(self: DecodingProcess) -> subprocess.Popen:
    if not _shared or _shared[0].poll() is not None:
        self._process = None
        _shared[:] = [_started(self)]
    self._process = _shared[0]
    return self._process


@pytest.fixture(scope="module", autouse=True)
def one_decoding_process():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DecodingProcess, "_started", _reuse)
        patch.setattr(DecodingProcess, "__exit__", lambda *arguments: None)
        yield
    for process in _shared:
        process.kill()
        process.communicate()
    _shared.clear()
