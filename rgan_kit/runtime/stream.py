"""One step of a sequence at a time: step files, whose states stay on the device from one step to the next."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from rgan_kit.errors import DataError, UsageError
from rgan_kit.runtime import providers
from rgan_kit.runtime.choice import Choice
from rgan_kit.runtime.opened import Opened, open_model

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from rgan_kit.runtime.manifest import Manifest


def step_beside(model: Path) -> Path:
    """Where the step of a model file lies: ``names.step.onnx`` beside ``names.onnx``."""
    return model.with_name(f"{model.stem}.step.onnx")


def load_step(path: Path | str, **options: Any) -> Step:
    """Opens a step file; options and errors are those of ``open_model``.

    Raises:
        UsageError: the file holds something else.
    """
    opened = open_model(path, **options)
    if opened.manifest.role != "step":
        raise UsageError(
            f"{opened.source}: holds no step of a model.", "`rgankit export RUN --step` writes one beside the model."
        )
    return Step(opened)


class Step:
    """A step file; ``load_step`` makes it.

    Args:
        opened: the file.
    """

    def __init__(self, opened: Opened) -> None:
        self.opened = opened
        self.source, self.manifest = opened.source, opened.manifest
        self.lengths: np.ndarray | None = None  # of the samples that are being driven, where they differ

    def drive(
        self,
        *,
        noise: np.ndarray,
        temperature: np.ndarray | float | None = None,
        latent: np.ndarray | None = None,
        labels: np.ndarray | None = None,
        given: np.ndarray | None = None,
        known: np.ndarray | None = None,
        top_p: np.ndarray | float | None = None,
        top_k: np.ndarray | int | None = None,
        min_length: np.ndarray | int | None = None,
    ) -> Iterator[np.ndarray]:
        """Sequences from the numbers that the whole model would get, a step at a time.

        Args:
            noise, latent, labels, given, known: as ``Model.run`` takes them.
            temperature, top_p, top_k, min_length: of the choice of tokens, as in ``Choice``.

        Yields:
            What each step makes: tokens int64 ``[batch]``, where a sequence that has ended repeats the end token, until
            all have ended; values float32 ``[batch, features]``; or frames uint8 ``[batch, height, width, channels]``;
            of a model whose samples differ in length, padding after the end of each, until all have ended.

        Raises:
            UsageError: an input is missing, superfluous, or not as the manifest says.
            DataError: the graph fails, or breaks its contract.
        """
        whole = {name: value for name, value in (("latent", latent), ("labels", labels)) if value is not None}
        self._check(noise, whole)
        asked = {"temperature": temperature, "top_p": top_p, "top_k": top_k, "min_length": min_length}
        if self.manifest.kind == "tokens":
            number = {name: None if value is None else np.asarray(value).item() for name, value in asked.items()}
            return self._tokens(noise, whole, Choice(**number).checked(), _told(noise, given, known))
        for name, value in {**asked, "given": given}.items():
            if value is not None:
                raise UsageError(f"{self.source}: one step of {self.manifest.kind} takes no {name}.")
        return self._values(noise, whole)

    def _check(self, noise: np.ndarray, whole: Mapping[str, np.ndarray]) -> None:
        about = self.manifest
        rank = 2 if about.kind == "tokens" else 3
        needed = {name for name in ("latent", "labels") if about.input(name)}
        faults = [f"it needs {', '.join(sorted(needed)) or 'neither latent nor labels'}"] if needed ^ set(whole) else []
        if noise.dtype != np.float32 or noise.ndim != rank or noise.shape[2:] != (about.noise_size,)[: rank - 2]:
            faults.append(f"noise is {noise.dtype} {list(noise.shape)}")
        for name, value in whole.items():
            shape = (len(noise), about.latent_size) if name == "latent" else (len(noise),)
            if value.shape != shape or value.dtype != (np.float32 if name == "latent" else np.int64):
                faults.append(f"{name} is {value.dtype} {list(value.shape)}")
        if "labels" in whole and not np.all((whole["labels"] >= 0) & (whole["labels"] < len(about.labels))):
            faults.append(f"labels must lie within 0 and {len(about.labels) - 1}")
        if faults:
            raise UsageError(f"{self.source}: {'; '.join(faults)}.", "The inputs are described in docs/model-file.md.")

    def _tokens(
        self, noise: np.ndarray, whole: Mapping[str, np.ndarray], choice: Choice, told: tuple[np.ndarray, np.ndarray]
    ) -> Iterator[np.ndarray]:
        given, known = told
        start, end = self.manifest.inputs[0].default, np.int64(self.manifest.end_token or 0)
        previous = np.full(len(noise), int(start or 0), np.int64)
        alive = np.ones(len(noise), bool)
        loop = _Loop(self.opened, len(noise), whole)
        for time, uniform in enumerate(noise.T):
            logits = loop.step(previous=previous)
            if time < (choice.min_length or 0):  # where nothing else is possible, the end is
                logits = logits.copy()
                logits[:, end] -= _DELAY
            drawn = np.where(alive, choice.pick(logits, uniform), end)
            previous = np.where(known[:, time], given[:, time], drawn)
            yield previous
            alive &= previous != end
            if not alive.any():
                return

    def _values(self, noise: np.ndarray, whole: Mapping[str, np.ndarray]) -> Iterator[np.ndarray]:
        loop = _Loop(self.opened, len(noise), whole)
        loop.bring(np.ascontiguousarray(noise.swapaxes(0, 1)))  # [time, batch, noise_size]
        for time in range(noise.shape[1]):
            made = loop.step(time=time).copy()
            self.lengths = loop.lengths
            if self.lengths is not None and (self.lengths <= time).all():
                return
            yield made


_DELAY = np.float32(5e8)
"""What makes an end impossible: half of what forbids a symbol."""


class _Loop:
    """Runs a step again and again. Noise is brought to the device once and states never leave it: the states that one
    step writes are those that the next one reads, by turns in two sets of buffers."""

    def __init__(self, opened: Opened, batch: int, whole: Mapping[str, np.ndarray]) -> None:
        self._opened, self._batch = opened, batch
        runtime = providers.onnxruntime()
        self._value = runtime.OrtValue
        self._device = "cpu" if providers.in_use(opened.session) == "cpu" else "cuda"
        self._binding = opened.session.io_binding()
        self._options = runtime.RunOptions()
        for name, value in whole.items():
            self._binding.bind_ortvalue_input(name, self._value.ortvalue_from_numpy(value, self._device))
        self._made = self._buffer(_made_shape(opened.manifest, batch), opened.manifest.outputs[0].dtype, "cpu")
        self._binding.bind_ortvalue_output(opened.manifest.outputs[0].name, self._made)
        self._lengths = self._buffer((batch,), "int64", "cpu") if self._has_lengths else None
        if self._lengths is not None:
            self._binding.bind_ortvalue_output("lengths", self._lengths)
        zeros = [np.zeros((batch, *shape), np.float32) for shape in opened.manifest.states]
        self._here = [self._value.ortvalue_from_numpy(each, self._device) for each in zeros]
        self._there = [self._buffer(each.shape, "float32", self._device) for each in zeros]

    def _buffer(self, shape: tuple[int, ...], dtype: str, device: str) -> Any:
        return self._value.ortvalue_from_shape_and_type(list(shape), np.dtype(dtype).type, device)

    @property
    def _has_lengths(self) -> bool:
        about = self._opened.manifest
        return about.kind != "tokens" and about.variable

    @property
    def lengths(self) -> np.ndarray | None:
        """Of the samples, int64 ``[batch]``, where they differ: known from the first step on."""
        return None if self._lengths is None else np.array(self._lengths.numpy())

    def bring(self, noise: np.ndarray) -> None:
        """The noise of all steps, ``[time, batch, noise_size]``."""
        self._noise = self._value.ortvalue_from_numpy(noise, self._device)
        self._noise_shape = noise.shape[1:]
        self._noise_bytes = math.prod(noise.shape[1:]) * noise.itemsize

    def step(self, *, time: int = 0, previous: np.ndarray | None = None) -> np.ndarray:
        """What the next step makes; the array is written over by the one after."""
        bind = self._binding
        if previous is not None:
            bind.bind_cpu_input("previous", previous)
        else:
            place = self._noise.data_ptr() + time * self._noise_bytes
            bind.bind_input("noise", self._device, 0, np.float32, self._noise_shape, place)
        for index, (here, there) in enumerate(zip(self._here, self._there, strict=True)):
            bind.bind_ortvalue_input(f"state_{index}", here)
            bind.bind_ortvalue_output(f"next_state_{index}", there)
        source = self._opened.source
        with self._opened.limit.watch(source, self._options):
            try:
                self._opened.session.run_with_iobinding(bind, self._options)
            except Exception as error:  # onnxruntime has no common base class for its errors
                raise DataError(f"{source}: the graph fails: {providers.first_line(error)}") from None
        self._here, self._there = self._there, self._here
        made: np.ndarray = self._made.numpy()
        if made.dtype == np.float32 and not np.isfinite(made).all():
            raise DataError(f"{source}: the graph breaks its contract: it makes numbers that are not finite.")
        return made


def _told(noise: np.ndarray, given: np.ndarray | None, known: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """What is given of symbols, and where: int64 and bool ``[batch, time]``."""
    if given is None or known is None:
        return np.zeros(noise.shape, np.int64), np.zeros(noise.shape, np.bool_)
    if given.shape != noise.shape or known.shape != noise.shape:
        raise UsageError(f"given is {list(given.shape)}, known {list(known.shape)} and noise {list(noise.shape)}.")
    return given, known


def _made_shape(about: Manifest, batch: int) -> tuple[int, ...]:
    return batch, *(int(size) for size in about.outputs[0].shape[1:])
