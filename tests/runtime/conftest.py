"""Model files and a domain to decode them, for the tests of the runtime."""

from __future__ import annotations

import sys
import types
from importlib.metadata import EntryPoint
from types import SimpleNamespace

import pytest
from runtime_models import letters_spec, token_model

from rgan_kit import hookimpl
from rgan_kit.plugins.host import PluginHost
from rgan_kit.plugins.registry import Registry
from rgan_kit.runtime import decoding


@pytest.fixture
def domains(monkeypatch):
    """Replaces what is installed by plugins with given domains: ``domains({"distribution": spec})``."""

    def install(specs):
        entries = []
        for distribution, spec in specs.items():
            module = types.ModuleType(f"plugin_of_{distribution.replace('-', '_')}")
            module.rgankit_domains = hookimpl(lambda spec=spec: [spec], specname="rgankit_domains")
            monkeypatch.setitem(sys.modules, module.__name__, module)
            entry = EntryPoint(name=distribution, value=module.__name__, group="rgan_kit.plugins")
            headers = f"Name: {distribution}\nVersion: 1.2\n"
            vars(entry).update(dist=SimpleNamespace(read_text={"METADATA": headers}.get))
            entries.append(entry)
        registry = Registry(PluginHost(entries, environ={}))
        monkeypatch.setattr(decoding, "default_registry", lambda: registry)

    install({"rgan-letters": letters_spec()})
    return install


@pytest.fixture
def save(tmp_path):
    """Writes a model to a file and returns its path."""

    def write(proto=None, name="model.onnx"):
        path = tmp_path / name
        path.write_bytes((proto or token_model()).SerializeToString())
        return path

    return write
