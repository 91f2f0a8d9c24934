"""Strangers' files in a process apart: whatever happens there costs one file."""

import os
import signal
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from rgan_kit.contracts import DeviceError
from rgan_kit.files import Answer, Question, Sandbox, UnreadableError, ask_all, serving

PROGRAM = Path(__file__).with_name("sandboxed.py")


@pytest.fixture(scope="module")
def sandbox():
    with Sandbox(PROGRAM, seconds=20, memory=2**29, noun="the parser") as opened:
        yield opened


def echo(content: bytes) -> Question:
    return Question({"what": "echo"}, content)


def outcome(sandbox: Sandbox, request: Question) -> str:
    with pytest.raises(UnreadableError) as caught:
        sandbox.ask(request)
    assert sandbox.ask(echo(b"still here")) == [Answer({"size": 10}, b"still here")]
    return str(caught.value)


def test_answers_come_in_order_with_every_byte(sandbox):
    contents = [bytes([number]) * number**2 for number in range(256)]
    answers = [list(each) for each in sandbox.each([echo(content) for content in contents])]
    assert answers == [[Answer({"size": len(content)}, content)] for content in contents]


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (Question({"what": "crash"}), "the parser crashes on it (SIGSEGV)"),
        (Question({"what": "exit", "status": 3}), "the parser crashes on it (it ended with 3)"),
        (Question({"what": "exit", "status": 0}), "the parser crashes on it (it ended with 0)"),
        (Question({"what": "nothing"}), "it cannot be read (what is nothing?)"),
        (Question({"what": "lie", "beyond": 900}), "it cannot be read ([Errno 9] Bad file descriptor)"),
    ],
)
def test_a_file_that_does_harm_is_lost_alone_with_the_reason(sandbox, request_, words):
    assert outcome(sandbox, request_) == words


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is capped on Linux alone")
def test_memory_is_capped(sandbox):
    assert outcome(sandbox, Question({"what": "allocate", "bytes": 2**30})) == "it takes more memory than a file should"


def test_a_file_that_takes_too_long_is_given_up_and_those_after_it_are_not(sandbox):
    began = time.monotonic()
    with Sandbox(PROGRAM, seconds=0.5, memory=2**29) as hasty:
        requests = [echo(b"a"), Question({"what": "slow"}), echo(b"b")]
        outcomes = []
        for answers in hasty.each(requests):
            try:
                outcomes.append([answer.payload for answer in answers])
            except UnreadableError as error:
                outcomes.append(str(error))
    assert outcomes == [[b"a"], "the decoder takes more than 0.5 seconds for it", [b"b"]]
    assert time.monotonic() - began < 10


def test_time_in_which_nobody_asks_does_not_count():
    with Sandbox(PROGRAM, seconds=0.6, memory=2**29) as hasty:
        for answers in hasty.each([Question({"what": "count", "most": 3, "bytes": 2**20})]):
            numbers = []
            for answer in answers:
                time.sleep(0.5)
                numbers.append(answer.header["number"])
    assert numbers == [0, 1, 2]


def test_answers_that_are_not_taken_are_not_taken_for_others(sandbox):
    many = Question({"what": "count", "most": 50, "bytes": 2**16})
    first = [next(answers).header["number"] for answers in sandbox.each([many, many])]
    assert first == [0, 0]
    for answers in sandbox.each([many, many]):
        next(answers)
        break  # and the second request is left altogether
    assert sandbox.ask(echo(b"mine")) == [Answer({"size": 4}, b"mine")]


def test_what_libraries_print_is_no_message(sandbox):
    assert sandbox.ask(Question({"what": "print"})) == [Answer({}, b"quiet")]


def test_it_works_in_a_folder_of_its_own_that_goes_with_it():
    with Sandbox(PROGRAM, seconds=20, memory=2**29) as own:
        (answer,) = own.ask(Question({"what": "where"}))
        folder = Path(answer.header["cwd"])
        assert folder.is_dir() and answer.header["temporary"] == str(folder) != str(Path.cwd())
        process = own._process
    assert not folder.exists()
    assert process.poll() is not None


def test_a_process_that_was_killed_from_outside_is_started_again(sandbox):
    sandbox.ask(echo(b""))
    os.kill(sandbox._process.pid, signal.SIGKILL)
    assert outcome(sandbox, echo(b"lost")) == "the parser crashes on it (SIGKILL)"


def test_a_library_in_the_users_folder_is_not_taken_for_the_real_one(tmp_path, monkeypatch):
    (tmp_path / "struct.py").write_text("raise SystemExit('taken')")
    monkeypatch.chdir(tmp_path)
    with Sandbox(PROGRAM, seconds=20, memory=2**29) as own:
        assert own.ask(echo(b"x")) == [Answer({"size": 1}, b"x")]


def test_a_program_that_does_not_start_is_a_device_error_that_says_why(tmp_path):
    (tmp_path / "broken.py").write_text("import no_such_library")
    with (
        Sandbox(tmp_path / "broken.py", seconds=5, memory=2**29, noun="symusic", hint="pip install symusic") as broken,
        pytest.raises(DeviceError, match=r"symusic does not start .*No module named 'no_such_library'.*\npip install"),
    ):
        broken.ask(echo(b""))


def test_many_requests_are_shared_by_several_processes_and_come_back_in_order():
    requests = [echo(bytes([number])) if number % 7 else Question({"what": "crash"}) for number in range(24)]
    outcomes = ask_all(PROGRAM, requests, a_worker=12, seconds=20, memory=2**29)
    for number, each in enumerate(outcomes):
        assert isinstance(each, UnreadableError) if not number % 7 else each == [Answer({"size": 1}, bytes([number]))]
    assert ask_all(PROGRAM, [], a_worker=1, seconds=1, memory=2**29) == []


HEADER = b"\x02\0\0\0"


@pytest.mark.parametrize(
    "rubbish",
    [
        b"", b"\xff" * 100, HEADER + bytes(8) + b"[]", HEADER + bytes(8) + b"{b", HEADER + bytes(7),
        HEADER + (2**40).to_bytes(8, "little") + b"{}",
    ],
)  # fmt: skip
def test_rubbish_on_the_pipe_is_the_end_and_no_traceback(tmp_path, rubbish):
    (tmp_path / "said").write_bytes(rubbish)
    with (tmp_path / "said").open("rb") as stream, pytest.raises(EOFError):
        serving.receive(stream, 2**20)


def test_messages_carry_arrays_of_any_shape(tmp_path):
    with (tmp_path / "said").open("w+b") as stream:
        for array in (np.arange(6, dtype=np.uint8).reshape(1, 2, 3), np.zeros((0, 3)), np.array(1.5)):
            stream.seek(0)
            serving.send(stream, {"shape": array.shape}, array)
            stream.seek(0)
            assert serving.receive(stream) == ({"shape": list(array.shape)}, array.tobytes())
