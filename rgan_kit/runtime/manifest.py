"""What a model file says about itself: one JSON document in its metadata, and flat copies of the main keys."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, NonNegativeInt, PositiveInt, ValidationError, model_validator

from rgan_kit.contracts.data import Kind
from rgan_kit.errors import DataError
from rgan_kit.runtime import contract as rules
from rgan_kit.runtime.contract import Distribution, Noise, Port, Precision, Role

PREFIX: Final = "rgan_kit."
KEY: Final = f"{PREFIX}manifest"
HASHES: Final = ("configuration", "weights", "data")

Text = Annotated[str, Field(min_length=1)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, allow_inf_nan=False)


class TensorInfo(_Frozen):
    """An input or an output.

    Attributes:
        name: as the graph names it.
        dtype: as numpy names it.
        shape: numbers, and names of free dimensions.
        distribution: what to feed, for an input: ``uniform`` in [0, 1), standard ``normal``, ``constant``
            (``default`` unless the user says otherwise), ``choice`` (one of the labels by number) or ``state``
            (``default`` at the first step, then what the step before made).
        default: what to feed where nothing was asked for.
        minimum, maximum: what the model was made for; None where there is no bound.
        units: of an output's numbers.
        description: one sentence.
    """

    name: Text
    dtype: Text
    shape: tuple[str | PositiveInt, ...]
    distribution: Distribution | None = None
    default: int | float | None = None
    minimum: int | float | None = None
    maximum: int | float | None = None
    units: str = ""
    description: str = ""


class Manifest(_Frozen):
    """The manifest of a model file.

    Attributes:
        contract: version of the contract: the lowest that has all inputs of the file.
        kind: what a sample is.
        domain: name of the domain that decodes the outputs.
        recipe: name of the recipe that the model was trained by.
        inputs, outputs: what the graph takes and gives, as ``contract`` lists it.
        max_length: positions of the longest training sample; the length drawn unless the user says otherwise.
        noise: distribution of the input ``noise``.
        noise_size: numbers a step in ``noise``; 0 for tokens, which take one number without an axis of its own.
        latent_size: size of the input ``latent``; 0 where there is none.
        labels: names of the classes by number; empty for an unconditional model.
        decoder: what ``DomainSpec.decoder`` makes the decoder from.
        plugins: version by distribution, of everything that took part in making the model.
        libraries: version by name.
        hashes: SHA-256 (hex) of ``configuration``, ``weights`` and training ``data``.
        licence, description: in the user's own words.
        parity: how exactly the file agreed with the network that it was exported from.
        role: whether the file makes samples, encodes them, or makes one step of them.
        states: of a step, the shapes of its states without their batch.
        end_token: of a step of tokens, the symbol that ends a sequence.
        precision: how the larger part of the weights is stored.
        extra: whatever plugins added.
    """

    contract: int = 1
    kind: Kind
    domain: Text
    recipe: Text
    inputs: tuple[TensorInfo, ...]
    outputs: tuple[TensorInfo, ...]
    max_length: PositiveInt
    noise: Noise
    noise_size: NonNegativeInt
    latent_size: NonNegativeInt
    labels: tuple[Text, ...]
    decoder: dict[str, Any]
    plugins: dict[str, str]
    libraries: dict[str, str]
    hashes: dict[str, Text]
    licence: str
    description: str
    parity: dict[str, float | int | str]
    role: Role = "generator"
    states: tuple[tuple[PositiveInt, ...], ...] = ()
    end_token: NonNegativeInt | None = None
    precision: Precision = "float32"
    extra: dict[str, Any] = {}

    @model_validator(mode="after")
    def _keeps_contract(self) -> Manifest:
        faults = list(self._faults())
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def _faults(self) -> Iterator[str]:
        if not 1 <= self.contract <= rules.VERSION:
            yield f"contract is {self.contract}, not 1 to {rules.VERSION}"
        if self.takes and self.contract < 2:
            yield f"contract is {self.contract}, which has no {', '.join(self.takes)}"
        if len(set(rules.TOGETHER) & set(self.takes)) == 1:
            yield f"there is only one of {' and '.join(rules.TOGETHER)}"
        if self.noise != rules.NOISE_OF[self.kind]:
            yield f"noise is {self.noise}, but {self.kind} take {rules.NOISE_OF[self.kind]} noise"
        if (self.noise_size == 0) != (self.kind == "tokens"):
            yield f"noise_size is {self.noise_size}, which cannot be for {self.kind}"
        if missing := [name for name in HASHES if name not in self.hashes]:
            yield f"hashes lacks {', '.join(missing)}"
        if len(set(self.labels)) != len(self.labels):
            yield "labels has the same name twice"
        if self.role == "encoder" and not self.latent_size:
            yield "latent_size is 0, so there is nothing to encode"
        if (self.role == "step" and self.kind == "tokens") != (self.end_token is not None):
            yield f"end_token is {self.end_token}, which cannot be for the role {self.role} of {self.kind}"
        if self.states and self.role != "step":
            yield f"states are of no use to the role {self.role}"
        yield from _port_faults("input", self.input_ports(), self.inputs)
        yield from _port_faults("output", self.output_ports(), self.outputs)
        known = {port.name for port in self.input_ports()}
        for info in self.inputs:
            if info.name not in known:
                yield f"input {info.name} is not in the contract of such a model"

    def input_ports(self) -> tuple[Port, ...]:
        """The inputs that the contract gives a model like this one."""
        if self.role == "encoder":
            return rules.encoder_inputs(self.kind)
        make = partial(rules.step_inputs, states=self.states) if self.role == "step" else rules.inputs
        return make(
            self.kind,
            noise_size=self.noise_size,
            latent_size=self.latent_size,
            conditional=bool(self.labels),
            takes=self.takes,
        )

    def output_ports(self) -> tuple[Port, ...]:
        """The outputs likewise."""
        if self.role == "encoder":
            return rules.encoder_outputs(self.latent_size)
        if self.role == "step":
            return rules.step_outputs(self.kind, self.states, self.kind != "tokens" and self.variable)
        return rules.outputs(self.kind, self.variable)

    @property
    def takes(self) -> tuple[str, ...]:
        """The inputs that the contract leaves to the model."""
        if self.role == "encoder":
            return ()
        return tuple(info.name for info in self.inputs if info.name in rules.OPTIONAL[self.kind])

    @property
    def takes_beginnings(self) -> bool:
        """Whether it can be given values of the sample."""
        return set(rules.TOGETHER) <= set(self.takes)

    @property
    def variable(self) -> bool:
        """Whether samples differ in length; those of tokens always do."""
        return self.kind == "tokens" or any(info.name == "lengths" for info in self.outputs)

    def input(self, name: str) -> TensorInfo | None:
        """The input of this name, if the model has it."""
        return next((info for info in self.inputs if info.name == name), None)

    def to_metadata(self) -> dict[str, str]:
        """The manifest as ``metadata_props`` hold it.

        ``rgan_kit.manifest`` is compact JSON with sorted keys. The flat copies are for languages where parsing JSON is
        a burden: numbers in decimal, lists as lines (see ``join_lines``). ``.vocabulary`` and ``.vocabulary_joiner``
        are there where the decoder has a ``vocabulary`` and a ``joiner``.

        Raises:
            ValueError: the decoder or an extra holds something that JSON does not.
        """
        document = self.model_dump(mode="json")
        names = ("contract", "kind", "domain", "recipe", "max_length", "noise", "noise_size", "latent_size")
        flat = {name: str(getattr(self, name)) for name in names}
        flat["labels"] = join_lines(self.labels)
        if self.role != "generator":
            flat["role"] = self.role
        if self.role == "step":
            flat["states"] = join_lines(" ".join(map(str, shape)) for shape in self.states)
        if self.end_token is not None:
            flat["end_token"] = str(self.end_token)
        vocabulary, joiner = self.decoder.get("vocabulary"), self.decoder.get("joiner")
        if isinstance(vocabulary, list | tuple) and all(isinstance(symbol, str) for symbol in vocabulary):
            flat["vocabulary"] = join_lines(vocabulary)
        if isinstance(joiner, str):
            flat["vocabulary_joiner"] = joiner
        flat["manifest"] = json.dumps(
            document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
        )
        return {PREFIX + name: value for name, value in flat.items()}

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str], source: str) -> Manifest:
        """The manifest of a model file.

        Args:
            metadata: the file's ``metadata_props``.
            source: names the file in messages.

        Raises:
            DataError: there is none, it is of a newer contract, or keys are missing or wrong (all of them named).
        """
        text = metadata.get(KEY)
        if text is None:
            raise DataError(f"{source}: has no '{KEY}' in its metadata.", "Use a file made by: rgankit export.")
        _refuse_newer(text, source)
        try:
            manifest = cls.model_validate_json(text, strict=True)
        except ValidationError as error:
            faults = [_describe(fault) for fault in error.errors(include_url=False)]
            raise _broken(source, faults) from None
        flat = manifest.to_metadata()
        faults = [
            f"{name} is missing" if name not in metadata else f"{name} differs from the manifest"
            for name, value in flat.items()
            if name != KEY and metadata.get(name) != value
        ]
        if faults:
            raise _broken(source, faults)
        return manifest


def _port_faults(noun: str, ports: Iterable[Port], infos: Iterable[TensorInfo]) -> Iterator[str]:
    given: dict[str, TensorInfo] = {}
    for info in infos:
        if info.name in given:
            yield f"{noun} {info.name} is listed twice"
        given[info.name] = info
    for port in ports:
        if port.name not in given:
            yield f"{noun} {port.name} ({port}) is missing"
            continue
        info = given[port.name]
        if not port.accepts(info.dtype, info.shape):
            yield f"{noun} {port.name} must be {port}, not {Port(info.name, info.dtype, info.shape)}"
        if info.distribution != port.distribution:
            yield f"{noun} {port.name} has distribution {info.distribution}, not {port.distribution}"


def _refuse_newer(text: str, source: str) -> None:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _broken(source, [f"it is not JSON ({error})"]) from None
    version = document.get("contract") if isinstance(document, dict) else None
    if isinstance(version, int) and version > rules.VERSION:
        raise DataError(
            f"{source}: follows version {version} of the model contract; this rgan-kit reads {rules.VERSION}.",
            "Upgrade it: pip install --upgrade rgan-kit.",
        )


def _describe(fault: Any) -> str:
    """One fault that pydantic found, in words."""
    where = ".".join(str(part) for part in fault["loc"])
    if fault["type"] == "missing":
        return f"{where} is missing"
    problem = fault["msg"].removeprefix("Value error, ")
    return f"{where}: {problem}" if where else problem


def _broken(source: str, faults: list[str]) -> DataError:
    listed = "".join(f"\n  - {fault}" for fault in faults)
    return DataError(
        f"{source}: the manifest is wrong in {len(faults)} place(s):{listed}",
        "Export the model again with: rgankit export.",
    )


def join_lines(items: Iterable[str]) -> str:
    r"""A list as text, an item a line: in each item a backslash becomes ``\\``, a line feed ``\n`` (a backslash and
    the letter) and a carriage return ``\r``; items are joined by line feeds."""
    return "\n".join(item.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r") for item in items)


def split_lines(text: str) -> list[str]:
    r"""The list that ``join_lines`` wrote ; an empty text is no list at all."""
    return [_unescape(line) for line in text.split("\n")] if text else []


def _unescape(line: str) -> str:
    parts = line.split("\\\\")
    return "\\".join(part.replace("\\n", "\n").replace("\\r", "\r") for part in parts)
