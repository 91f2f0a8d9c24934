"""The server of ``rgankit demo``: the page of the package ``rgan-kit-demo``, and one model.

The page is the build of ``exported/apps/web``; it runs the model itself, so this serves files and nothing else.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar, Final
from urllib.parse import quote, unquote, urlsplit

from rgan_kit.cli.console import say
from rgan_kit.errors import DeviceError, RganKitError, UsageError

HOST: Final = "127.0.0.1"
TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".json": "application/json",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".onnx": "application/octet-stream",
}


@contextmanager
def serving(model: Path, port: int = 0) -> Iterator[str]:
    """Serves the page with a model, to this computer alone; yields the address to open.

    Raises:
        DataError: the file is no model that makes samples.
        UsageError: the port is taken.
        DeviceError: the page is not installed.
    """
    contents = {**page_files(), f"/model/{model.name}": Content(read_model(model), TYPES[".onnx"])}

    class Handler(_Handler):
        files = contents

    try:
        server = ThreadingHTTPServer((HOST, port), Handler)
    except OSError as error:
        raise UsageError(
            f"--port {port}: cannot be used ({error.strerror}).", "Leave it out to get a free one."
        ) from None
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://{HOST}:{server.server_port}/?model=model/{quote(model.name)}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass(frozen=True)
class Content:
    """What an address answers with."""

    body: bytes
    type: str


def page_files() -> dict[str, Content]:
    """The page's own files by address.

    Raises:
        DeviceError: the package that holds them is not installed.
        RganKitError: it holds no page.
    """
    page = page_folder()
    files = {
        f"/{file.relative_to(page).as_posix()}": Content(file.read_bytes(), TYPES[file.suffix])
        for file in page.rglob("*")
        if file.is_file() and file.suffix in TYPES
    }
    return {**files, "/": files["/index.html"]}


def page_folder() -> Path:
    """Where the built page lies; raises as ``page_files`` does."""
    if find_spec("rgan_kit_demo") is None:
        raise DeviceError(
            "`rgankit demo` needs the page, rgan-kit-demo, which this environment does not have.",
            'Install it with: pip install "rgan-kit[demo]" (in a checkout: pip install ./exported/demo)',
        )
    page: Path = import_module("rgan_kit_demo").PAGE
    if not (page / "index.html").is_file():
        raise RganKitError(
            f"{page}: the built page is missing.", "Install rgan-kit-demo again, or build exported/apps/web."
        )
    return page


def read_model(path: Path) -> bytes:
    """The bytes of a model file that makes samples, looked over as every stranger's file is.

    Raises:
        DataError: it is refused.
        UsageError: it is a part that makes none by itself.
    """
    from rgan_kit.runtime.manifest import Manifest
    from rgan_kit.runtime.untrusted.files import read_file
    from rgan_kit.runtime.untrusted.safety import check_bytes

    data = read_file(path)
    manifest = Manifest.from_metadata(check_bytes(data, str(path)).metadata, str(path))
    if manifest.role != "generator":
        raise UsageError(f"{path}: holds a model's {manifest.role}, which makes no samples.", "Name the model itself.")
    return data


def open_browser(address: str) -> None:
    """Opens the address, where there is a browser to be found."""
    import webbrowser

    if not webbrowser.open(address):
        say("No browser was found: open the address above yourself.\n")


def wait() -> None:
    """Until Ctrl-C, which raises ``KeyboardInterrupt``."""
    while True:
        threading.Event().wait(3600)  # with a limit, since Windows leaves an endless wait deaf to Ctrl-C


class _Handler(BaseHTTPRequestHandler):
    """Answers with the files that it was given, by their very addresses, and with nothing else."""

    files: ClassVar[Mapping[str, Content]] = {}

    def handle(self) -> None:
        with suppress(ConnectionError):  # the page was closed while it loaded
            super().handle()

    def do_GET(self) -> None:
        content = self._head()
        if content is not None:
            self.wfile.write(content.body)

    def do_HEAD(self) -> None:
        self._head()

    def _head(self) -> Content | None:
        content = self.files.get(unquote(urlsplit(self.path).path))
        if not self._asked_for_by_name() or content is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return None
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", content.type)
        self.send_header("Content-Length", str(len(content.body)))
        self.send_header("Cache-Control", "no-cache")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        return content

    def _asked_for_by_name(self) -> bool:
        """Whether it is this computer that is asked, so that no page elsewhere reads the model under a name of its
        own that it has pointed here."""
        name = self.headers.get("Host", "").rsplit(":", 1)[0]
        return name in (HOST, "localhost")

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: stdout and stderr are for results and talk."""
