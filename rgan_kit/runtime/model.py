"""A model file, ready to be sampled: noise in, arrays out, decoded by the domain that the file names."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from rgan_kit.contracts.domains import write_samples
from rgan_kit.errors import DataError, UsageError
from rgan_kit.plugins.contain import contained
from rgan_kit.runtime import noise as random
from rgan_kit.runtime import providers
from rgan_kit.runtime.beginnings import Given, cannot_go_on, read
from rgan_kit.runtime.choice import Choice
from rgan_kit.runtime.decoding import make_decoder
from rgan_kit.runtime.drawing import Draw, Request, label_number, nothing_given, settle
from rgan_kit.runtime.opened import Opened, check_range, open_model
from rgan_kit.runtime.stream import Step, load_step, step_beside
from rgan_kit.storage import cannot_write

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Unpack

    from rgan_kit.contracts.domains import Decoder
    from rgan_kit.runtime.drawing import Asked


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

    Attributes:
        seed: of the samples drawn last.
    """

    def __init__(self, opened: Opened) -> None:
        self.opened = opened
        self.source, self.manifest, self.facts = opened.source, opened.manifest, opened.facts
        self.seed = 0

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
        given: np.ndarray | None = None,
        known: np.ndarray | None = None,
        top_p: float | None = None,
        top_k: int | None = None,
        min_length: int | None = None,
    ) -> dict[str, np.ndarray]:
        """Runs the graph once.

        Args:
            noise: float32 ``[batch, time]`` uniform for tokens, ``[batch, time, noise_size]`` normal otherwise.
            temperature, top_p, top_k, min_length: of the choice of tokens, as in ``Choice``; None takes the model's
                own.
            labels: int64 ``[batch]``; for conditional models, and needed there.
            latent: float32 ``[batch, latent_size]``; for models with a latent, and needed there.
            given: values of the samples, shaped as the output, where ``known`` ``[batch, time]`` says so: at positions
                of a beginning. For models that take them; None gives nothing.

        Returns:
            The outputs by name: ``tokens`` and ``lengths``, ``series``, or ``frames``.

        Raises:
            UsageError: an input is missing, superfluous, or not as the manifest says.
            DataError: the graph fails, or breaks its contract.
        """
        choice = Choice(temperature, top_p, top_k, min_length).inputs(self.manifest, self.source)
        nothing = nothing_given(self.manifest, noise) if given is None and known is None else {}
        told = {"noise": noise, "labels": labels, "latent": latent, "given": given, "known": known, **nothing}
        return self.opened.run({**{name: value for name, value in told.items() if value is not None}, **choice})

    def outputs(
        self,
        n: int | None = None,
        *,
        seed: int | None = None,
        temperature: float | None = None,
        label: str | None = None,
        length: int | None = None,
        horizon: int | None = None,
        given: Given | None = None,
        given_each: Sequence[Given] | Path | None = None,
        replace_unknown: str | None = None,
        top_p: float | None = None,
        top_k: int | None = None,
        min_length: int | None = None,
        batch_size: int = 256,
        start: int = 0,
    ) -> dict[str, np.ndarray]:
        """The arrays of ``n`` samples, the same for a seed whatever the batch size.

        Args:
            n: how many; None for one of each beginning, or one.
            seed: from 0 up to but not including 2**64; None draws one, which is then the model's ``seed``.
            temperature, top_p, top_k, min_length: of the choice of tokens, as in ``Choice``; None takes the model's
                own.
            label: name of the class of all samples; None draws one for each.
            length: positions drawn, those given among them; None takes the manifest's ``max_length`` beyond the longest
                beginning. Tokens may end sooner.
            horizon: positions drawn beyond the longest beginning, in place of ``length``.
            given: what all samples begin with, and go on from: text, a file, or values (``beginnings.Given``).
            given_each: what each of them begins with, in place of ``n`` and ``given``: a list, or a file or folder.
            replace_unknown: text that stands for each symbol of a beginning that the model does not know; None refuses
                them.
            batch_size: samples in one call of the graph.
            start: number of the first sample: ``start=10`` goes on where ``n=10`` ended.

        Returns:
            As ``run``, with ``n`` rows, each with its beginning.

        Raises:
            UsageError, DataError: an argument makes no sense for this model; as ``run`` does.
        """
        check_range("batch_size", batch_size, 1, random.SEEDS)
        choice = Choice(temperature, top_p, top_k, min_length)
        draw = self._settle(Request(n, seed, label, length, horizon, given, given_each, replace_unknown, choice, start))
        if draw.begun is not None and not self.manifest.takes_beginnings:
            raise cannot_go_on(self.manifest, self.source)
        asked = cast("Any", choice.asked())
        parts = [self.run(**inputs, **asked) for inputs in draw.batches(batch_size)]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def beginnings(
        self,
        given: Given | None = None,
        given_each: Sequence[Given] | Path | None = None,
        replace_unknown: str | None = None,
    ) -> list[np.ndarray]:
        """What ``outputs`` goes on from, as values that it takes again; arguments and errors are its own."""
        found = read(lambda: self.decoder, self.manifest, self.source, given, given_each, replace_unknown)
        return [] if found is None else list(found.values)

    def _settle(self, request: Request) -> Draw:
        draw = settle(request, self.manifest, self.source, lambda: self.decoder)
        self.seed = draw.seed
        return draw

    def sample(self, n: int | None = None, **asked: Unpack[Asked]) -> list[Any]:
        """``n`` decoded samples; arguments and errors are those of ``outputs``, and the errors of ``decoder``."""
        decoder, outputs = self.decoder, self.outputs(n, **asked)
        with contained():
            return decoder.decode(outputs)

    def stream(
        self,
        *,
        seed: int | None = None,
        temperature: float | None = None,
        label: str | None = None,
        length: int | None = None,
        horizon: int | None = None,
        given: Given | None = None,
        replace_unknown: str | None = None,
        top_p: float | None = None,
        top_k: int | None = None,
        min_length: int | None = None,
        start: int = 0,
    ) -> Iterator[Any]:
        """One sample, a step at a time, by the step file beside the model: the very steps that ``outputs(1)`` gives for
        the same arguments, up to floating-point ties. Those of a beginning come first. Symbols are picked outside of
        the graph, so that files of version 1 can be told as much as others.

        Yields:
            Token numbers (int) up to and without the end token; values float32 ``[features]``; or frames uint8
            ``[height, width, channels]``.

        Raises:
            DataError: there is no step file; as ``run`` does.
            UsageError: an argument makes no sense for this model.
        """
        choice = Choice(temperature, top_p, top_k, min_length)
        draw = self._settle(Request(1, seed, label, length, horizon, given, None, replace_unknown, choice, start))
        end = self.step.manifest.end_token
        for made in self.step.drive(**draw.inputs(start, 1), **cast("Any", choice.asked())):
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

    def labels(self, n: int, *, seed: int | None = None, start: int = 0, label: str | None = None) -> list[str] | None:
        """The classes, by name, of the samples that ``outputs`` draws with the same arguments (and drew last, where
        ``seed`` is None); None for a model without classes.

        Raises:
            UsageError: there is no such class.
        """
        if label is not None:
            return [self.manifest.labels[self.label_number(label)]] * n
        names, seed = self.manifest.labels, self.seed if seed is None else seed
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
        draw = self._settle(Request(n, seed, length=length, start=start))
        drawn = draw.inputs(start, n)
        nothing = nothing_given(self.manifest, drawn["noise"])
        return {**drawn, **nothing, **Choice().inputs(self.manifest, self.source)}

    def label_number(self, name: str) -> int:
        """The number of a class.

        Raises:
            UsageError: there is none of this name.
        """
        return label_number(name, self.manifest, self.source)
