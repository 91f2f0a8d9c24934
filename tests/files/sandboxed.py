"""A program for sandboxes that does as it is told, the worst included."""

import ctypes
import os
import sys
import tempfile
import time
from pathlib import Path


def answer(request, content):
    what = request["what"]
    if what == "echo":
        yield {"size": len(content)}, content
    elif what == "count":
        for number in range(request["most"]):
            yield {"number": number}, bytes(request.get("bytes", 0))
    elif what == "slow":
        yield {}, b""
        time.sleep(60)
    elif what == "crash":
        yield {}, b""
        ctypes.string_at(0)
    elif what == "exit":
        os._exit(request["status"])
    elif what == "allocate":
        yield {"size": len(bytearray(request["bytes"]))}, b""
    elif what == "print":
        print("to the pipe?", flush=True)
        os.write(1, b"to the pipe?")
        print("or here?", file=sys.stderr, flush=True)
        yield {}, b"quiet"
    elif what == "where":
        yield {"cwd": str(Path.cwd()), "temporary": tempfile.gettempdir(), "read": os.read(0, 0).decode()}, b""
    elif what == "lie":
        os.write(3 + request["beyond"], b"\xff" * 100)
    else:
        raise ValueError(f"what is {what}?")
