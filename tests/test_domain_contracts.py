"""Every built-in domain meets the requirements of the contract; one that breaks any is told which and how to fix it."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import faulty_domains
import pytest

from rgan_kit.testing import DomainContract
from rgan_kit_plugins.domains import DOMAINS
from rgan_kit_plugins.domains.images import SPEC as IMAGES
from rgan_kit_plugins.domains.text import SPEC as TEXT

COUNTS = ("embedded_sentences", "embedded_melodies", "embedded_sequences", "embedded_clips", "embedded_pictures")


def small(spec) -> dict[str, int]:
    """Options that make the embedded data of a domain small."""
    return dict.fromkeys(set(COUNTS) & spec.options.model_fields.keys(), 40)


def contract_of(spec, **attributes) -> type[DomainContract]:
    return type(f"Test{spec.name.title()}", (DomainContract,), {"spec": spec, **attributes})


def samples_alone(self, files: list[Path], folder: Path) -> Path:
    """The samples once, where they are written in several forms or beside an overview."""
    for file in files:
        if file.suffix == ".npz":
            return file
    for file in files:
        if file.name == "contact-sheet.png":
            file.unlink()
    return folder


REQUIREMENTS = [name for name in vars(DomainContract) if name.startswith("test_")]
CONTRACTS = {spec.name: contract_of(spec, options=small(spec), to_read=samples_alone) for spec in DOMAINS}
CONTRACTS["pictures"] = contract_of(IMAGES, options={**small(IMAGES), "form": "whole"}, to_read=samples_alone)


def keep(contract: type[DomainContract], requirement: str, tmp_path) -> None:
    method = getattr(contract(), requirement)
    method(*([tmp_path] if "tmp_path" in method.__code__.co_varnames else []))


@pytest.mark.parametrize("requirement", REQUIREMENTS)
@pytest.mark.parametrize("domain", CONTRACTS)
def test_every_built_in_domain_meets_its_requirements(domain, requirement, tmp_path):
    keep(CONTRACTS[domain], requirement, tmp_path)


@pytest.mark.parametrize("fault", faulty_domains.FAULTS, ids=lambda fault: fault.spec.name)
def test_a_broken_requirement_is_named_with_what_was_seen_and_how_to_mend_it(fault, tmp_path):
    contract = contract_of(fault.spec)
    with pytest.raises(AssertionError) as caught:
        keep(contract, fault.test, tmp_path)
    message = str(caught.value)
    assert [line.split(":")[0].strip() for line in message.splitlines()[:1]] == ["requirement"]
    assert "\n   seen: " in message
    assert "\n   hint: " in message
    for word in fault.words:
        assert word in message


def test_every_requirement_is_broken_by_a_fault():
    assert {fault.test for fault in faulty_domains.FAULTS} == set(REQUIREMENTS)


@pytest.mark.parametrize("requirement", REQUIREMENTS)
def test_the_domain_that_the_faults_are_planted_in_meets_every_requirement(requirement, tmp_path):
    keep(contract_of(faulty_domains.SOUND), requirement, tmp_path)


TSV = "".join(f"{'calm' if n % 3 else 'loud'}\tthe {n}th bird, it sings; isn't it? {n * n}\n" for n in range(80))


class TestTextInRecords(DomainContract):
    """Labels, subwords and the spacing of punctuation, with the same requirements."""

    spec = TEXT
    options: ClassVar = {"level": "subword", "merges": 50}

    def files(self, folder):
        (folder / "birds.tsv").write_text(TSV)
        return folder / "birds.tsv"
