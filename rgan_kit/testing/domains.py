"""The requirements of a data domain, as tests.

In a plugin's own tests:

    from rgan_kit.testing import DomainContract

    class TestMyDomain(DomainContract):
        spec = SPEC

        def files(self, folder):
            (folder / "songs.abc").write_text(...)
            return folder / "songs.abc"
"""

from __future__ import annotations

import atexit
import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, cast

import numpy as np
from pydantic import ValidationError

from rgan_kit.config import TrainOptions
from rgan_kit.config.parts import PART_TYPES
from rgan_kit.contracts import KINDS, DataError, Dataset, DomainSpec, Options, evenly
from rgan_kit.evaluation.real import as_outputs
from rgan_kit.plugins.registry import installed_registry
from rgan_kit.testing import batches, fresh
from rgan_kit.testing.outputs import any_outputs
from rgan_kit.testing.requirements import require, unfailing

SAMPLES = 5
"""Samples that go out into files and come back."""


@dataclass(frozen=True)
class Subject:
    """A domain at work.

    Attributes:
        options: as ``DomainContract.options`` has them.
        path: what is read; None for embedded data.
        dataset: what came of it.
    """

    options: Options
    path: Path | None
    dataset: Dataset


class DomainContract:
    """Subclass it, set ``spec``, and give ``files`` unless the domain has a ``make``.

    Attributes:
        spec: the domain.
        options: values of options that differ from the defaults.
        lossless: whether what is written and read again has the same values.
        tolerance: how far a number of a series may then be off, as a share of its feature's range.
    """

    spec: ClassVar[DomainSpec]
    options: ClassVar[Mapping[str, Any]] = {}
    lossless: ClassVar[bool] = True
    tolerance: ClassVar[float] = 1e-4
    _subject: ClassVar[Subject | None] = None

    def files(self, folder: Path) -> Path | None:
        """Writes files as a user would bring them into an empty folder and returns what ``--data`` is to be; None for
        the embedded data. The samples in them should differ, so that those held out can be told from the others."""
        if self.spec.make is None:
            return None
        self.spec.make(self.spec.options(**self.options), folder, 1)
        return folder

    def to_read(self, files: list[Path], folder: Path) -> Path:
        """Of what the decoder wrote into a folder, what its ``read`` is to read."""
        return folder

    def subject(self) -> Subject:
        """The domain at work, loaded once in a class."""
        cls = type(self)
        known = cls.__dict__.get("_subject")
        if known is None:
            folder = Path(tempfile.mkdtemp())  # streamed samples are read from there until the last test is over
            atexit.register(shutil.rmtree, folder, ignore_errors=True)
            options = self.spec.options(**self.options)
            path = self.files(folder)
            known = cls._subject = Subject(options, path, self.load(options, path, 0))
        return cast("Subject", known)

    def load(self, options: Options, path: Path | None, seed: int) -> Dataset:
        """The data set that the domain makes of a path."""
        with unfailing(
            "A domain loads what its users bring.",
            "Let `load` return a Dataset for the files that `files` writes.",
            f"loading {path or 'the embedded data'}",
        ):
            return self.spec.load(options, path, seed)

    def test_every_option_says_what_it_means(self) -> None:
        """``rgankit plugins show`` prints it."""
        silent = [name for name, field in self.spec.options.model_fields.items() if not field.description]
        require(
            not silent,
            "Every option has a description.",
            f"none for {', '.join(silent)}",
            "Give it one: Field(default, description=…).",
        )

    def test_every_default_that_it_brings_is_an_option_that_takes_it(self) -> None:
        """A misspelt one would do nothing, in silence."""
        for kind, defaults in self.spec.defaults_by_kind.items():
            for key, value in defaults.items():
                require(
                    kind in KINDS and _takes(key, value),
                    "Every default of a domain is an option of the trainer or of an installed part, and in its range.",
                    f"{kind}: {key} = {value!r}",
                    "Write it as in `rgankit plugins show`, for example: generator.dropout.",
                )

    def test_the_data_set_is_what_the_description_says(self) -> None:
        """Kind, words for people, and a fingerprint."""
        subject = self.subject()
        kind, said = subject.dataset.spec.kind, self.spec.kind_with(subject.options)
        require(
            kind == said,
            "A domain makes the kind of data that its description says.",
            f"{kind}, and `kind_with(options)` says {said}",
            "Set DomainSpec.kind, or kind_of where the options decide.",
        )
        for name in ("summary", "refused"):
            words = getattr(subject.dataset, name)
            require(
                all(isinstance(text, str) for pair in words.items() for text in pair),
                f"Dataset.{name} is in words: texts by name.",
                repr(words)[:200],
                "Format numbers before they go into it.",
            )
        mark = subject.dataset.fingerprint
        require(
            len(mark) == 64 and set(mark) <= set("0123456789abcdef"),
            "Dataset.fingerprint is a SHA-256 in hex, by which a resumed run knows its data.",
            repr(mark)[:80],
            "hashlib.sha256 over names and contents of everything read.",
        )

    def test_batches_are_what_networks_expect(self) -> None:
        """Types, shapes, end tokens, padding, labels."""
        dataset = self.subject().dataset
        batches.check(dataset.train, dataset.spec, "training")
        batches.check(dataset.validation, dataset.spec, "validation")

    def test_training_and_validation_share_no_sample(self) -> None:
        """What is held out was never trained on."""
        batches.check_apart(self.subject().dataset)

    def test_the_same_seed_gives_the_same_data(self) -> None:
        """A run is replayed and resumed by its seed."""
        subject = self.subject()
        again = self.load(subject.options, subject.path, 0)
        hint = "Draw from np.random.default_rng(seed) alone; sort what the file system lists."
        requirement = "The same files, options and seed give the same data set."
        require(again.fingerprint == subject.dataset.fingerprint, requirement, "another fingerprint", hint)
        require(again.decoder.manifest() == subject.dataset.decoder.manifest(), requirement, "another decoder", hint)
        for name in ("train", "validation"):
            one, other = getattr(subject.dataset, name), getattr(again, name)
            same = np.array_equal(one.lengths, other.lengths)
            require(same and batches.equal(one, other), requirement, f"other {name} samples, or in another order", hint)

    def test_a_path_that_is_not_there_is_named(self, tmp_path: Path) -> None:
        """Errors that users can fix are ``DataError``."""
        missing = tmp_path / "nothing-here"
        hint = "Look first, and raise DataError(f'{path}: …', 'what to do')."
        requirement = "What a user can fix is a DataError that names the file."
        try:
            self.spec.load(self.subject().options, missing, 0)
        except DataError as error:
            require(str(missing) in error.problem, requirement, f"'{error.problem}' does not name {missing}", hint)
        except Exception as error:
            require(False, requirement, f"{type(error).__name__}: {error}", hint)
        else:
            require(False, requirement, "no error for a path that does not exist", hint)

    def test_whatever_a_graph_gives_is_decoded(self) -> None:
        """Untrained networks are sampled too."""
        dataset = self.subject().dataset
        requirement = "decode() never fails on what a graph can produce, and gives one sample for each row."
        hint = "Pass over what means nothing: special tokens, lengths of 0, numbers out of range."
        for what, outputs in any_outputs(dataset.spec, seed=1):
            rows = len(next(iter(outputs.values())))
            with unfailing(requirement, hint, f"decoding {what}"):
                samples = dataset.decoder.decode(outputs)
            require(len(samples) == rows, requirement, f"{len(samples)} samples of {what}", hint)

    def test_whatever_is_decoded_is_shown_and_written(self, tmp_path: Path) -> None:
        """On a terminal and as files."""
        decoder = self.subject().dataset.decoder
        hint = "Escape line ends and control characters; write empty samples too, and only into the folder."
        given = list(any_outputs(self.subject().dataset.spec, seed=2, shapes=((1, 7),)))
        few = given[:4] + given[4:][-1:]  # files may be slow to write
        with unfailing("Every decoded sample can be shown and written.", hint, f"writing {[what for what, _ in few]}"):
            samples = [sample for _, outputs in few for sample in decoder.decode(outputs)]
            previews = [decoder.preview(sample) for sample in samples]
            files = decoder.write(samples, tmp_path)
        steering = next((text for text in previews if len(text.splitlines()) > 1 or "\x1b" in text), None)
        require(steering is None, "preview() is one line that cannot steer a terminal.", repr(steering)[:200], hint)
        astray = [str(file) for file in files if not (file.is_file() and file.is_relative_to(tmp_path))]
        require(not astray, "write() returns the files that it wrote into the folder.", ", ".join(astray), hint)
        require(files, "write() writes the samples as files.", "no file", hint)

    def test_what_is_written_is_read_again(self, tmp_path: Path) -> None:
        """Data → outputs → samples → files → data."""
        dataset = self.subject().dataset
        indices = evenly(len(dataset.train), SAMPLES)
        outputs = [as_outputs(dataset.spec, dataset.train, int(index)) for index in indices]
        samples = [sample for each in outputs for sample in dataset.decoder.decode(each)]
        files = dataset.decoder.write(samples, tmp_path)
        hint = "Write every digit that was read, in order, with what read() needs; or say `lossless = False`."
        requirement = "What decode() and write() make of real samples, read() turns back into them."
        with unfailing(
            requirement, "Let read() read what write() writes.", f"reading {', '.join(map(str, files))[:200]}"
        ):
            batch = dataset.decoder.read(self.to_read(files, tmp_path))
        require(len(batch.values) == len(samples), requirement, f"{len(batch.values)} samples of {len(samples)}", hint)
        if not self.lossless:
            return
        for row, (index, own) in enumerate(zip(indices, outputs, strict=True)):
            real = batches.real(dataset, own)
            read = batch.values[row, : int(batch.lengths[row])]
            off = batches.difference(real, read, dataset.spec, self.tolerance)
            require(not off, requirement, f"sample {index}: {off}", hint)

    def test_the_manifest_alone_decodes_in_a_fresh_process_without_torch(self, tmp_path: Path) -> None:
        """An app has the model file, numpy and this plugin."""
        subject, decoder = self.subject(), self.subject().dataset.decoder
        requirement = "The manifest, as JSON, is all that DomainSpec.decoder needs, in any process."
        hint = "Put everything that decode() uses into manifest(), as texts, numbers, lists and objects."
        with unfailing(requirement, hint, "writing the manifest as JSON"):
            manifest = json.loads(json.dumps(decoder.manifest(), allow_nan=False))
        where = fresh.where_is(self.spec)
        require(
            where, "A fresh process can import the description.", "no module has it", "Name it in a module: SPEC = …"
        )
        _, outputs = next(any_outputs(subject.dataset.spec, seed=3, shapes=((5, 7),)))
        np.savez(tmp_path / "outputs.npz", **outputs)  # type: ignore[arg-type]
        said = fresh.ask(
            {
                "where": where,
                "manifest": manifest,
                "outputs": str(tmp_path / "outputs.npz"),
                "options": subject.options.model_dump(mode="json"),
                "path": str(subject.path) if subject.path else None,
                "seed": 0,
            },
            tmp_path,
        )
        require("error" not in said, requirement, f"{said.get('step')} in a fresh process: {said.get('error')}", hint)
        with_torch = [step for step, torch in said["torch"].items() if torch]
        require(
            not with_torch,
            "A domain never imports torch, so that sampling starts at once and runs where there is none.",
            f"torch was imported by {', '.join(with_torch)}",
            "Use numpy; import what only training needs inside functions of networks.",
        )
        samples = decoder.decode(outputs)
        same = said["digests"] == [fresh.digest(sample) for sample in samples]
        same = same and said["previews"] == [decoder.preview(sample) for sample in samples]
        require(same, requirement, "a fresh process decodes other samples from the same outputs", hint)
        loaded = said["fingerprint"] == subject.dataset.fingerprint
        require(loaded, "The same files load alike in every process.", "another fingerprint", "Sort; hash() differs.")

    def test_a_manifest_that_lacks_something_is_refused_in_words(self) -> None:
        """Model files come from strangers."""
        manifest = self.subject().dataset.decoder.manifest()
        requirement = "A manifest that cannot be used is a DataError that says what is missing or wrong."
        hint = "Check every key in DomainSpec.decoder before using it."
        faulty = [{key: value for key, value in manifest.items() if key != name} for name in manifest]
        for each in ({}, *faulty, *({**manifest, name: None} for name in manifest)):
            try:
                self.spec.decoder(each)
            except DataError:
                continue
            except Exception as error:
                gone = [name for name in manifest if each.get(name) != manifest[name]]
                require(False, requirement, f"{type(error).__name__}: {error} (without {', '.join(gone)[:80]})", hint)


def _takes(key: str, value: Any) -> bool:
    """Whether an option of this name exists, and every one that does takes the value."""
    section, _, option = key.partition(".")
    if section == "train":
        models: list[type[Options]] = [TrainOptions]
    else:
        kind: Any = PART_TYPES.get(section)
        models = [spec.options for spec in installed_registry().specs(kind)] if kind is not None else []
    fitting = [model for model in models if option in model.model_fields]
    for model in fitting:
        try:
            model(**{option: value})
        except ValidationError:
            return False
    return bool(fitting)
