"""A small domain of numbers written as text, and versions that each break one requirement of ``DomainContract``."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from pydantic import Field

from rgan_kit.contracts import Batch, DataError, Dataset, DomainSpec, Options, Sequences, TokenSpec

PAD, BOS, EOS, FIRST = 0, 1, 2, 3
DIGITS = "0123456789"


class DigitOptions(Options):
    count: int = Field(60, ge=20, le=1000, description="numbers to draw")


class SilentOptions(DigitOptions):
    unexplained: int = 3


class Decoder:
    """Digits by token; samples are strings."""

    def __init__(self, digits: str) -> None:
        self.digits = digits

    def decode(self, outputs: Mapping[str, np.ndarray]) -> list[str]:
        rows = zip(outputs["tokens"], outputs["lengths"], strict=True)
        return ["".join(self.digits[t - FIRST] for t in row[:length] if t >= FIRST) for row, length in rows]

    def preview(self, sample: Any) -> str:
        return str(sample)

    def write(self, samples: Any, folder: Path) -> list[Path]:
        (folder / "numbers.txt").write_text("".join(f"{sample}\n" for sample in samples))
        return [folder / "numbers.txt"]

    def read(self, path: Path) -> Batch[np.ndarray]:
        lines = (path / "numbers.txt" if path.is_dir() else path).read_text().splitlines()
        return as_sequences(lines, self.digits).take(np.arange(len(lines)))

    def manifest(self) -> dict[str, Any]:
        return {"digits": self.digits}


def as_sequences(lines: list[str], digits: str) -> Sequences:
    samples = [[*(FIRST + digits.index(sign) for sign in line), EOS] for line in lines]
    return Sequences.of(samples, fill=PAD, dtype=np.int32)


def make(options: DigitOptions, folder: Path, seed: int) -> list[Path]:
    numbers = np.random.default_rng(seed).choice(10**6, options.count, replace=False)
    file = folder / "numbers.txt"
    file.write_text("".join(f"{number}\n" for number in numbers))
    return [file]


def load(options: DigitOptions, path: Path | None, seed: int) -> Dataset:
    assert path is not None
    file = path / "numbers.txt" if path.is_dir() else path
    if not file.exists():
        raise DataError(f"{file}: there is no such file.")
    lines = file.read_text().splitlines()
    held_out = np.random.default_rng(seed).permutation(len(lines)) < len(lines) // 5
    train, validation = ([line for line, out in zip(lines, held_out, strict=True) if out == side] for side in (0, 1))
    spec = TokenSpec(FIRST + len(DIGITS), BOS, EOS, PAD, max(map(len, lines)))
    return Dataset(
        spec,
        as_sequences(train, DIGITS),
        as_sequences(validation, DIGITS),
        Decoder(DIGITS),
        hashlib.sha256(file.read_bytes()).hexdigest(),
        {"numbers": f"{len(lines)}"},
    )


def decoder(manifest: Mapping[str, Any]) -> Decoder:
    if not isinstance(manifest.get("digits"), str):
        raise DataError("digits are missing.")
    return Decoder(manifest["digits"])


SOUND = DomainSpec(
    name="sound",
    summary="numbers as digits",
    kind="tokens",
    default_data="none",
    load=load,
    decoder=decoder,
    options=DigitOptions,
    make=make,
)


def loading(change: Callable[[Dataset], Dataset]) -> Callable[..., Dataset]:
    return lambda options, path, seed: change(load(options, path, seed))


def decoding(**methods: Any) -> Callable[..., Dataset]:
    """Loads with another decoder."""
    other = type("OtherDecoder", (Decoder,), methods)
    return loading(lambda dataset: replace(dataset, decoder=other(DIGITS)))


class Forgetful(Sequences):
    """Gives the samples asked for in the order of their numbers."""

    def take(self, indices: np.ndarray) -> Batch[np.ndarray]:
        return super().take(np.sort(indices))


def with_train(change: Callable[[Sequences], Any]) -> Callable[..., Dataset]:
    return loading(lambda dataset: replace(dataset, train=change(dataset.train)))


def load_with_torch(options: DigitOptions, path: Path | None, seed: int) -> Dataset:
    if getattr(sys.modules["__main__"].__spec__, "name", "") == "rgan_kit.testing.fresh":
        sys.modules["torch"] = ModuleType("torch")  # as importing it does, but at once
    return load(options, path, seed)


def load_at_random(options: DigitOptions, path: Path | None, seed: int) -> Dataset:
    return load(options, path, int(np.random.default_rng().integers(2**31)))


def load_anything(options: DigitOptions, path: Path | None, seed: int) -> Dataset:
    if path is not None and not path.exists():
        raise FileNotFoundError(path)
    return load(options, path, seed)


def decoder_by_chance(manifest: Mapping[str, Any]) -> Decoder:
    return decoder({"digits": "9876543210"} if manifest == {"digits": DIGITS} else manifest)


@dataclass(frozen=True)
class Fault:
    """A domain, the requirement that it breaks, and words of the message."""

    spec: DomainSpec
    test: str
    words: tuple[str, ...]


def fault(name: str, test: str, *words: str, **changes: Any) -> Fault:
    spec = replace(SOUND, name=name, **changes)
    globals()[name.upper().replace("-", "_")] = spec  # where a fresh process finds it
    return Fault(spec, f"test_{test}", words)


BATCHES = "batches_are_what_networks_expect"
FRESH = "the_manifest_alone_decodes_in_a_fresh_process_without_torch"
WRITTEN = "whatever_is_decoded_is_shown_and_written"
DEFAULTS = "every_default_that_it_brings_is_an_option_that_takes_it"
DESCRIBED = "the_data_set_is_what_the_description_says"
GARBLED = Sequences(np.full(40, 7, np.int32), np.arange(0, 41, 4), PAD)

FAULTS = (
    fault("silent", "every_option_says_what_it_means", "unexplained", options=SilentOptions),
    fault("misspelt", DEFAULTS, "generator.hiden_size", defaults_by_kind={"tokens": {"generator.hiden_size": 3}}),
    fault("out-of-range", DEFAULTS, "train.steps = -1", defaults_by_kind={"tokens": {"train.steps": -1}}),
    fault("kindless", DEFAULTS, "token: train.steps", defaults_by_kind={"token": {"train.steps": 9}}),
    fault("own-options", DEFAULTS, "domain.tempo", defaults_by_kind={"tokens": {"domain.tempo": 9}}),
    fault("other-kind", DESCRIBED, "tokens", "series", "kind_of", kind="series"),
    fault("numbers", DESCRIBED, "summary", load=loading(lambda data: replace(data, summary={"count": 3}))),
    fault("unmarked", DESCRIBED, "SHA-256", load=loading(lambda data: replace(data, fingerprint="today"))),
    fault("endless", BATCHES, "end token", load=with_train(lambda _: GARBLED)),
    fault("disorderly", BATCHES, "order asked for", load=with_train(lambda own: Forgetful(**vars(own)))),
    fault("empty", BATCHES, "no training samples", load=with_train(lambda own: as_sequences([], DIGITS))),
    fault("unpadded", BATCHES, "padding token", load=with_train(lambda own: replace(own, fill=9))),
    fault("long", BATCHES, "longer than spec.max_length", load=loading(
        lambda data: replace(data, spec=replace(data.spec, max_length=2)))),
    fault("nameless", BATCHES, "spec.labels", load=with_train(
        lambda own: replace(own, labels=np.zeros(len(own), np.int64)))),
    fault("forbidding", BATCHES, "grammar", load=loading(
        lambda data: replace(data, spec=replace(data.spec, allowed_next=np.eye(13, dtype=bool))))),
    fault("leaking", "training_and_validation_share_no_sample", "100%", load=loading(
        lambda data: replace(data, validation=data.train))),
    fault("chancy", "the_same_seed_gives_the_same_data", "default_rng(seed)", load=load_at_random),
    fault("blunt", "a_path_that_is_not_there_is_named", "FileNotFoundError", "DataError", load=load_anything),
    fault("fragile", "whatever_a_graph_gives_is_decoded", "IndexError", "nothing", load=decoding(
        decode=lambda self, outputs: [self.digits[row[0]] for row in outputs["tokens"]])),
    fault("sparing", "whatever_a_graph_gives_is_decoded", "0 samples of", load=decoding(
        decode=lambda self, outputs: [])),
    fault("steering", WRITTEN, "one line", load=decoding(preview=lambda self, sample: "a\nb")),
    fault("wordless", WRITTEN, "returns the files", load=decoding(
        write=lambda self, samples, folder: [folder / "nowhere"])),
    fault("lossy", "what_is_written_is_read_again", "sample 0", "lossless = False", load=decoding(
        write=lambda self, samples, folder: Decoder.write(self, [f"{sample}0" for sample in samples], folder))),
    fault("unreading", "what_is_written_is_read_again", "reading", "NotImplementedError", load=decoding(
        read=lambda self, path: (_ for _ in ()).throw(NotImplementedError("no")))),
    fault("unjson", FRESH, "JSON", "TypeError", load=decoding(manifest=lambda self: {"digits": {1, 2}})),
    fault("insufficient", FRESH, "decoding in a fresh process", "DataError", load=decoding(manifest=lambda self: {})),
    fault("misdecoding", FRESH, "other samples", decoder=decoder_by_chance),
    fault("heavy", FRESH, "torch was imported by loading", load=load_with_torch),
    fault("trusting", "a_manifest_that_lacks_something_is_refused_in_words", "KeyError", "DataError",
          decoder=lambda manifest: Decoder(manifest["digits"])),
)  # fmt: skip
