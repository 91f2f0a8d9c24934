"""``rgankit demo`` serves the page and one model, to this computer alone."""

from __future__ import annotations

import hashlib
import http.client
import io
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import time
from urllib.parse import urlsplit

import pytest
from apps_support import ROOT

from rgan_kit.cli import demo_server as demo
from rgan_kit.errors import DataError, UsageError


def ask(address: str, path: str, method: str = "GET", **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=20)
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer, content


@pytest.fixture(scope="module")
def address(crafted):
    with demo.serving(crafted["labelled text"]) as served:
        yield served


def test_serves_the_page_and_its_files_with_their_types(address):
    answer, content = ask(address, "/?model=whatever")
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert b"<title>rgan-kit models</title>" in content
    (wasm,) = (demo.page_folder() / "assets").glob("*.wasm")
    answer, content = ask(address, f"/assets/{wasm.name}")
    assert answer.headers["Content-Type"] == "application/wasm"
    assert content == wasm.read_bytes()


def test_every_file_that_the_page_names_is_there(address):
    for name in demo.page_folder().rglob("*"):
        if name.is_file():
            assert ask(address, f"/{name.relative_to(demo.page_folder()).as_posix()}", "HEAD")[0].status == 200


def test_serves_the_model_under_the_address_that_the_page_is_told(address, crafted):
    path = urlsplit(address).query.removeprefix("model=")
    answer, content = ask(address, f"/{path}")
    assert answer.status == 200
    assert content == crafted["labelled text"].read_bytes()


@pytest.mark.parametrize(
    "path",
    ["/assets", "/assets/", "/model/", "/model/text.onnx", "/../pyproject.toml",
     "/assets/../../cli/demo.py", "/%2e%2e/errors.py"],
)  # fmt: skip
def test_serves_no_folder_and_no_other_file(address, path):
    assert ask(address, path)[0].status == 404


def test_answers_under_no_name_but_its_own(address):
    assert ask(address, "/", Host="rebound.example:80")[0].status == 404


def test_listens_to_this_computer_alone(address):
    assert urlsplit(address).hostname == "127.0.0.1"


def test_a_page_that_is_closed_while_it_loads_is_no_error(address, capfd):
    (wasm,) = (demo.page_folder() / "assets").glob("*.wasm")
    with socket.create_connection((urlsplit(address).hostname, urlsplit(address).port)) as caller:
        caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # closes by a reset
        caller.sendall(f"GET /assets/{wasm.name} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())
        assert caller.recv(16).startswith(b"HTTP/1.0 200")
    assert ask(address, "/")[0].status == 200
    time.sleep(0.2)
    assert capfd.readouterr().err == ""


class Gone:
    """A connection that was reset after its request."""

    def __init__(self, asked: bytes) -> None:
        self.asked = asked

    def makefile(self, *_: object) -> io.BytesIO:
        return io.BytesIO(self.asked)

    def sendall(self, content: bytes) -> None:
        raise ConnectionResetError


@pytest.mark.parametrize("line", ["GET / HTTP/1.0", "GET /absent HTTP/1.0", "HEAD / HTTP/1.0", "PUT / HTTP/1.0", "?"])
def test_a_connection_that_is_reset_before_the_answer_is_no_error(line):
    class Handler(demo._Handler):
        files = demo.page_files()

    asked = Gone(f"{line}\r\nHost: localhost\r\n\r\n".encode())
    answered = Handler(asked, ("127.0.0.1", 1), None)
    assert answered.raw_requestline.decode().strip() == line


def test_a_connection_that_is_reset_before_it_asks_is_no_error(address, capfd):
    with socket.create_connection((urlsplit(address).hostname, urlsplit(address).port)) as caller:
        caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # closes by a reset
        caller.sendall(b"GET / HT")
    assert ask(address, "/")[0].status == 200
    time.sleep(0.2)
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize("role", ["encoder", "step"])
def test_refuses_what_makes_no_samples_alone(role, crafted):
    with pytest.raises(UsageError, match=role), demo.serving(crafted[role]):
        pass


def test_refuses_what_is_no_model(tmp_path):
    file = tmp_path / "no.onnx"
    file.write_bytes(b"no model")
    with pytest.raises(DataError), demo.serving(file):
        pass


def test_a_taken_port_is_said(address, crafted):
    port = urlsplit(address).port
    with pytest.raises(UsageError, match=str(port)), demo.serving(crafted["text"], port):
        pass


@pytest.mark.skipif(os.name == "nt", reason="signals are those of POSIX")
def test_prints_its_address_and_ends_quietly_at_ctrl_c(crafted):
    command = [sys.executable, "-m", "rgan_kit", "demo", str(crafted["text"]), "--no-open"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        printed = process.stdout.readline().strip()
        assert ask(printed, "/")[0].status == 200
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, "")
    assert err.splitlines() == ["Ctrl-C ends this."]


def test_opens_the_browser_unless_told_not_to(crafted, monkeypatch, rgankit):
    opened = []
    monkeypatch.setattr(demo, "wait", lambda: None)
    monkeypatch.setattr(demo, "open_browser", opened.append)
    answer = rgankit("demo", crafted["text"])
    assert answer.code == 0
    assert opened == answer.out.split()
    rgankit("demo", crafted["text"], "--no-open")
    assert len(opened) == 1


def test_without_the_page_it_is_said_how_to_get_it(rgankit, crafted, monkeypatch):
    monkeypatch.setattr(demo, "find_spec", lambda _: None)
    answer = rgankit("demo", crafted["text"])
    assert answer.code == 6
    assert 'pip install "rgan-kit[demo]"' in answer.err


def test_the_built_page_is_of_its_present_sources():
    web = ROOT / "exported" / "apps" / "web"
    single = ["index.html", "package.json", "package-lock.json", "tsconfig.json", "vite.config.ts"]
    inside = [path.relative_to(web).as_posix() for path in (web / "src").rglob("*") if path.is_file()]
    told = hashlib.sha256()
    for name in sorted(single + inside):
        told.update(f"{name}\n".encode() + (web / name).read_bytes() + b"\n")
    built = json.loads((demo.page_folder() / "build.json").read_text())
    assert built["sources"] == told.hexdigest(), "build it again: npm ci && npm run build, in exported/apps/web"


def test_the_built_page_asks_nothing_of_other_servers():
    for file in demo.page_folder().rglob("*.html"):
        assert 'src="http' not in file.read_text() and 'href="http' not in file.read_text()
    assert not list(demo.page_folder().rglob("*.map"))
