"""What was asked for is what runs, or an error that says how to get it; nothing is printed to stdout."""

from __future__ import annotations

import importlib
import sys
from types import SimpleNamespace

import pytest
from runtime_models import series_model

from rgan_kit.errors import DeviceError, ExitCode, UsageError
from rgan_kit.runtime import load, providers

CPU, CUDA, TENSORRT = providers.CPU, providers.CUDA, providers.TENSORRT


@pytest.fixture
def runtime(monkeypatch):
    """Replaces onnxruntime: ``runtime(available, started)``."""

    def replace(available, started):
        asked = []

        class Session:
            def __init__(self, model, options, providers):
                asked.append((options, providers))
                print("EP Error")

            def get_providers(self):
                return started

        def preload_dlls():
            print("Failed to load libcublas")

        made = SimpleNamespace(
            SessionOptions=SimpleNamespace,
            InferenceSession=Session,
            get_available_providers=lambda: available,
            preload_dlls=preload_dlls,
        )
        monkeypatch.setitem(sys.modules, "onnxruntime", made)
        return asked

    return replace


@pytest.mark.parametrize(
    ("request_", "available", "wanted"),
    [
        ("cpu", [CUDA, CPU], [CPU]),
        ("cuda", [CUDA, CPU], [CUDA, CPU]),
        ("tensorrt", [TENSORRT, CUDA, CPU], [TENSORRT, CUDA, CPU]),
        ("tensorrt", [TENSORRT, CPU], [TENSORRT, CPU]),
        ("auto", [TENSORRT, CUDA, CPU], [CUDA, CPU]),
        ("auto", ["AzureExecutionProvider", CPU], [CPU]),
    ],
)
def test_requests_resolve_to_providers_that_are_there(runtime, request_, available, wanted):
    runtime(available, [])
    assert providers.resolve(request_) == wanted


@pytest.mark.parametrize("request_", ["cuda", "tensorrt"])
def test_a_provider_that_is_not_installed_says_how_to_get_it(runtime, request_):
    runtime([CPU], [])
    with pytest.raises(DeviceError, match=r"has no .*ExecutionProvider .it has: CPUExecutionProvider") as caught:
        providers.resolve(request_)
    assert 'pip install "rgan-kit[gpu]"' in caught.value.hint
    assert caught.value.exit_code == ExitCode.DEVICE


def test_an_unknown_provider_is_a_usage_error():
    with pytest.raises(UsageError, match="No provider is called 'tpu'"):
        providers.resolve("tpu")


def test_a_provider_that_does_not_start_is_an_error_and_not_a_slow_run(runtime):
    runtime([CUDA, CPU], [CPU])
    with pytest.raises(DeviceError, match="CUDAExecutionProvider is installed but does not start here"):
        providers.session(b"", "m.onnx", request="cuda")


def test_auto_gives_way_to_the_cpu(runtime):
    runtime([CUDA, CPU], [CPU])
    assert providers.in_use(providers.session(b"", "m.onnx")) == "cpu"


@pytest.mark.parametrize(("started", "name"), [([CUDA, CPU], "cuda"), ([TENSORRT, CUDA, CPU], "tensorrt")])
def test_the_provider_in_use_is_the_one_that_started(runtime, started, name):
    runtime([TENSORRT, CUDA, CPU], started)
    assert providers.in_use(providers.session(b"", "m.onnx", request=name)) == name


def test_options_reach_the_session_and_stdout_stays_empty(runtime, capsys):
    asked = runtime([CUDA, CPU], [CUDA, CPU])
    providers.session(b"", "m.onnx", request="cuda", threads=3)
    ((options, wanted),) = asked
    assert (options.intra_op_num_threads, options.log_severity_level, wanted) == (3, 3, [CUDA, CPU])
    printed = capsys.readouterr()
    assert printed.out == "" and "EP Error" in printed.err and "libcublas" in printed.err


def test_without_onnxruntime_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(DeviceError, match="onnxruntime is not installed") as caught:
        providers.resolve("cpu")
    assert 'pip install "rgan-kit[cpu]"' in caught.value.hint


def test_an_onnxruntime_that_does_not_load_says_why(monkeypatch):
    def fail(name):
        raise ImportError("libonnxruntime.so.1: cannot open shared object file", name="onnxruntime.capi")

    monkeypatch.setattr(importlib, "import_module", fail)
    with pytest.raises(DeviceError, match=r"onnxruntime is installed but does not load: libonnxruntime"):
        providers.resolve("cpu")


def test_a_model_really_runs_on_the_cpu(save, capfd):
    sampler = load(save(series_model()), provider="cpu", threads=2)
    assert sampler.provider == "cpu"
    sampler.outputs(1)
    assert capfd.readouterr().out == ""


def test_a_negative_number_of_threads_is_a_usage_error(save):
    with pytest.raises(UsageError, match="threads is -1"):
        load(save(series_model()), threads=-1)
