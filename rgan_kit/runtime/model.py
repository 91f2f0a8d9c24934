"""A model file, ready to be sampled: noise in, arrays out, decoded by the domain that the file names."""

from __future__ import annotations

import difflib
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from rgan_kit.contracts.domains import write_samples
from rgan_kit.errors import DataError, UsageError
from rgan_kit.plugins.contain import contained
from rgan_kit.runtime import noise as random
from rgan_kit.runtime import providers
from rgan_kit.runtime.decoding import make_decoder
from rgan_kit.runtime.opened import Opened, check_range, open_model
from rgan_kit.runtime.stream import Step, load_step, step_beside
from rgan_kit.storage import cannot_write

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rgan_kit.contracts.domains import Decoder

MAX_LENGTH: Final = 65_536
"""The longest sequence that is drawn."""


def load(path: Path | str, **options: Any) -> Model:
    """Opens a model file that makes samples; options and errors are those of ``open_model``.

    Raises:
        UsageError: the file holds an encoder.
    """
    opened = open_model(path, **options)
    if opened.manifest.role != "generator":
        raise UsageError(
            f"{opened.source}: holds the {opened.manifest.role} of a model, which makes no samples.",
            "Name the model itself; `rgankit export` writes the two side by side.",
        )
    return Model(opened)


class Model:
    """A model file that makes samples; ``load`` makes it.

    Args:
        opened: the file.
    """

    def __init__(self, opened: Opened) -> None:
        self.opened = opened
        self.source, self.manifest, self.facts = opened.source, opened.manifest, opened.facts

    @property
    def provider(self) -> str:
        """What it really runs on: ``cpu``, ``cuda`` or ``tensorrt``."""
        return providers.in_use(self.opened.session)

    def run(
        self,
        *,
        noise: np.ndarray,
        temperature: float | None = None,
        labels: np.ndarray | None = None,
        latent: np.ndarray | None = None,
    ) -> dict[str, np.ndarray]:
        """Runs the graph once.

        Args:
            noise: float32 ``[batch, time]`` uniform for tokens, ``[batch, time, noise_size]`` normal otherwise.
            temperature: of the choice of tokens; None takes the model's own.
            labels: int64 ``[batch]``; for conditional models, and needed there.
            latent: float32 ``[batch, latent_size]``; for models with a latent, and needed there.

        Returns:
            The outputs by name: ``tokens`` and ``lengths``, ``series``, or ``frames``.

        Raises:
            UsageError: an input is missing, superfluous, or not as the manifest says.
            DataError: the graph fails, or breaks its contract.
        """
        given = {"noise": noise, "labels": labels, "latent": latent, "temperature": self._temperature(temperature)}
        return self.opened.run({name: value for name, value in given.items() if value is not None})

    def outputs(
        self,
        n: int,
        *,
        seed: int = 0,
        temperature: float | None = None,
        label: str | None = None,
        length: int | None = None,
        batch_size: int = 256,
        start: int = 0,
    ) -> dict[str, np.ndarray]:
        """The arrays of ``n`` samples, the same for a seed whatever the batch size.

        Args:
            n: how many.
            seed: from 0 up to but not including 2**64.
            temperature: of the choice of tokens; None takes the model's own.
            label: name of the class of all samples; None draws one for each.
            length: positions drawn; None takes the manifest's ``max_length``. Tokens may end sooner.
            batch_size: samples in one call of the graph.
            start: number of the first sample: ``start=10`` goes on where ``n=10`` ended.

        Returns:
            As ``run``, with ``n`` rows.

        Raises:
            UsageError, DataError: an argument makes no sense for this model; as ``run`` does.
        """
        length = self._check_draw(n, seed, length, start)
        check_range("batch_size", batch_size, 1, random.SEEDS)
        chosen = None if label is None else self.label_number(label)
        parts = []
        for first in range(start, start + n, batch_size):
            drawn = self._draw(seed, first, min(batch_size, start + n - first), length, chosen)
            parts.append(self.run(temperature=temperature, **drawn))
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def sample(self, n: int, **options: Any) -> list[Any]:
        """``n`` decoded samples; options and errors are those of ``outputs``, and the errors of ``decoder``."""
        decoder, outputs = self.decoder, self.outputs(n, **options)
        with contained():
            return decoder.decode(outputs)

    def stream(
        self,
        *,
        seed: int = 0,
        temperature: float | None = None,
        label: str | None = None,
        length: int | None = None,
        start: int = 0,
    ) -> Iterator[Any]:
        """One sample, a step at a time, by the step file beside the model: the very steps that ``outputs(1)`` gives for
        the same arguments, up to floating-point ties.

        Yields:
            Token numbers (int) up to and without the end token; values float32 ``[features]``; or frames uint8
            ``[height, width, channels]``.

        Raises:
            DataError: there is no step file; as ``run`` does.
            UsageError: an argument makes no sense for this model.
        """
        length = self._check_draw(1, seed, length, start)
        drawn = self._draw(seed, start, 1, length, None if label is None else self.label_number(label))
        steps = self.step.drive(temperature=self._temperature(temperature), **drawn)
        end = self.step.manifest.end_token
        for made in steps:
            if end is None:
                yield made[0]
            elif made[0] != end:
                yield int(made[0])

    @cached_property
    def step(self) -> Step:
        """The step file beside the model, on the same provider.

        Raises:
            DataError: there is none, or it is refused.
            UsageError: it is not of this model.
        """
        path = step_beside(Path(self.source))
        if not path.exists():
            raise DataError(f"{path}: there is no step file beside the model.", "Write it: rgankit export RUN --step.")
        limit = self.opened.limit
        step = load_step(path, provider=self.provider, timeout=limit.seconds, ends_process=limit.ends_process)
        if step.manifest.hashes != self.manifest.hashes:
            raise UsageError(
                f"{path} and {self.source} do not come from the same checkpoint of one run.",
                "Export both at once with: rgankit export RUN --step",
            )
        return step

    def labels(self, n: int, *, seed: int = 0, start: int = 0, label: str | None = None) -> list[str] | None:
        """The classes, by name, of the samples that ``outputs`` draws with the same arguments; None for a model
        without classes.

        Raises:
            UsageError: there is no such class.
        """
        if label is not None:
            return [self.manifest.labels[self.label_number(label)]] * n
        names = self.manifest.labels
        return [names[number] for number in random.labels(seed, start, n, len(names))] if names else None

    def save(self, samples: Sequence[Any], folder: Path | str, labels: Sequence[str] | None = None) -> list[Path]:
        """Writes decoded samples as the domain's own kind of file, with the class of each where ``labels`` gives them
        and the domain has a place for it; returns what it wrote.

        Raises:
            RganKitError: the folder cannot be made or written to.
            PluginError, DataError: as ``decoder`` does.
        """
        folder, decoder = Path(folder), self.decoder
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with contained():
                return write_samples(decoder, samples, folder, labels)
        except OSError as error:
            raise cannot_write(folder, error) from None

    @cached_property
    def decoder(self) -> Decoder:
        """What turns outputs into samples, made by the domain's plugin.

        Raises:
            PluginError: the domain is not installed, or fails.
            DataError: the file lacks something that the domain needs.
        """
        return make_decoder(self.manifest, self.source)

    def inputs(self, n: int, *, seed: int = 0, length: int | None = None, start: int = 0) -> dict[str, np.ndarray]:
        """What the graph is given for ``n`` samples in one call, by name; arguments and errors are those of
        ``outputs``."""
        length = self._check_draw(n, seed, length, start)
        temperature = self._temperature(None)
        drawn = self._draw(seed, start, n, length, None)
        return drawn if temperature is None else {**drawn, "temperature": temperature}

    def _check_draw(self, n: int, seed: int, length: int | None, start: int) -> int:
        """The length to draw, once all numbers are in range."""
        length = self.manifest.max_length if length is None else length
        check_range("n", n, 1, random.SEEDS - 1)
        check_range("length", length, 1, MAX_LENGTH)
        check_range("seed", seed, 0, random.SEEDS - 1)
        check_range("start", start, 0, random.SEEDS - n)
        return length

    def _draw(self, seed: int, first: int, count: int, length: int, label: int | None) -> dict[str, np.ndarray]:
        """Noise, and a latent and labels where the model has them."""
        about = self.manifest
        if about.noise == "uniform":
            drawn = {"noise": random.uniform(seed, first, count, length)}
        else:
            drawn = {"noise": random.normal(seed, first, count, length, about.noise_size)}
        if about.latent_size:
            drawn["latent"] = random.latent(seed, first, count, about.latent_size)
        if label is not None:
            drawn["labels"] = np.full(count, label, np.int64)
        elif about.labels:
            drawn["labels"] = random.labels(seed, first, count, len(about.labels))
        return drawn

    def _temperature(self, value: float | None) -> np.ndarray | None:
        """The input ``temperature``, where the model has one."""
        info = self.manifest.input("temperature")
        if info is None:
            if value is not None:
                raise UsageError(f"{self.source}: a model of {self.manifest.kind} has no temperature.")
            return None
        if value is None:
            value = 1.0 if info.default is None else info.default
        with np.errstate(over="ignore", under="ignore"):
            number = np.asarray(value, np.float32)
        low, high = info.minimum or 0.0, np.inf if info.maximum is None else info.maximum
        if number.ndim or not (np.isfinite(number) and number > 0 and low <= value <= high):
            bounds = f"above 0 and within {low:g} and {high:g}" if (low, high) != (0.0, np.inf) else "above 0"
            raise UsageError(f"The temperature is {value}; it must be a number {bounds}.")
        return number

    def label_number(self, name: str) -> int:
        """The number of a class.

        Raises:
            UsageError: there is none of this name.
        """
        labels = self.manifest.labels
        if not labels:
            raise UsageError(f"{self.source}: the model is not conditional and has no labels.", "Leave the label out.")
        if name not in labels:
            near = difflib.get_close_matches(name, labels, n=3)
            hint = f"Did you mean {' or '.join(near)}?" if near else f"There are: {', '.join(labels)}."
            raise UsageError(f"No label is called '{name}'.", hint)
        return labels.index(name)
