"""Molecules meet the requirements of a domain; their syntax is told from nonsense; their law is exact."""

import math
import sys
from itertools import product

import numpy as np
import pytest
from rgankit_smiles import SPEC, VALIDITY, rgankit_guess_domain
from rgankit_smiles.law import MoleculeTruth, draw, entropy_rate, log_likelihood
from rgankit_smiles.syntax import problem_of, tokens_of

from rgan_kit.contracts import DataError, SampleSet
from rgan_kit.testing import DomainContract

GOOD = (
    "C", "CC(=O)Oc1ccccc1C(=O)O", "CN1C=NC2=C1C(=O)N(C(=O)N2C)C", "C[C@H](N)C(=O)O", "[13CH4]", "[Na+].[Cl-]", "*",
    "F/C=C/F", "C%12CCCC%12", "c1cc2ccccc2[nH]1", "C=1CCCCC=1", "C1CC1CCCC2CC2", "[Fe++]", "[O-][n+]1ccccc1", "BrCCl",
    "[2H]O[2H]", "C1.C1", "[se]1cccc1",
)  # fmt: skip
BAD = {
    "": "empty", "C(": "the end", "C)": "never opened", "C(C": "not closed", "C1CC": "ring 1 is not closed",
    "C11": "one, or bonded", "C1C1": "one, or bonded", "C12CCCCC12": "one, or bonded", "C==C": "= at token 3",
    "=C": "= at token 1", "C()": ") at token 3", "[Xx]": "no atom", "[C": "character", "hello": "character",
    "C=1CCC#1": "another bond", "(C)C": "( at token 1", "C%1": "character",
}  # fmt: skip


class TestMolecules(DomainContract):
    spec, options = SPEC, {"embedded_molecules": 300}


class TestEmbeddedMolecules(DomainContract):
    spec, options = SPEC, {"embedded_molecules": 300}

    def files(self, folder):
        return None


@pytest.mark.parametrize("text", GOOD)
def test_molecules_can_be_read(text):
    assert problem_of(text) is None
    assert "".join(tokens_of(text)) == text


@pytest.mark.parametrize(("text", "said"), BAD.items())
def test_what_is_wrong_with_a_text_is_said(text, said):
    assert said in problem_of(text)


def test_two_letter_elements_brackets_and_ring_numbers_are_one_token():
    assert tokens_of("ClC%10[nH+]Br") == ["Cl", "C", "%10", "[nH+]", "Br"]


def test_every_drawn_molecule_has_a_likelihood_and_can_be_read():
    rng = np.random.default_rng(0)
    for _ in range(200):
        tokens = draw(rng)
        assert problem_of("".join(tokens)) is None
        assert math.isfinite(log_likelihood(tokens))


def test_nothing_but_molecules_of_the_law_has_a_likelihood():
    for text in ("CF", "C(C)N", "c1ccccc1Br"):
        assert math.isfinite(log_likelihood(tokens_of(text)))
    for text in ("FC", "C(C(C))N", "C=C", "O(C)C", "C(", "CFF", "C#N"):
        assert log_likelihood(tokens_of(text) or ["C", "("]) == -math.inf


def test_likelihoods_are_those_of_the_draws():
    """Of all short texts over the law's own tokens: how often they are drawn is how likely they are."""
    rng = np.random.default_rng(1)
    drawn = ["".join(draw(rng)) for _ in range(8000)]
    for text in ("C", "N", "CC", "CF", "CCl", "OC"):
        expected = math.exp(log_likelihood(tokens_of(text)))
        error = math.sqrt(expected * (1 - expected) / len(drawn))
        assert abs(drawn.count(text) / len(drawn) - expected) < 4 * error, text


def test_likelihoods_of_short_texts_and_their_chance_agree():
    """All texts of up to three tokens: their likelihoods sum to the share of draws that are so short."""
    alphabet = ("C", "N", "O", "S", "F", "Cl", "Br", "c", "(", ")", "=", "1")
    total = math.fsum(
        math.exp(log_likelihood(text)) for length in (1, 2, 3) for text in product(alphabet, repeat=length)
    )
    rng = np.random.default_rng(2)
    share = np.mean([len(draw(rng)) <= 3 for _ in range(4000)])
    assert abs(share - total) < 4 * math.sqrt(total * (1 - total) / 4000)


def test_the_entropy_rate_is_that_of_many_molecules():
    rng = np.random.default_rng(3)
    figures = MoleculeTruth().measure(["".join(draw(rng)) for _ in range(4000)])
    assert figures["valid"] == 1.0
    assert figures["grammar_nll"] == pytest.approx(entropy_rate(), abs=0.02)


def test_faulty_lines_are_left_out_with_their_reasons(tmp_path):
    (tmp_path / "some.smi").write_text("CCO ethanol\nC1CC\nCCO\nCCN\nCOC\n")
    dataset = SPEC.load(SPEC.options(), tmp_path, 0)
    assert dataset.refused == {"some.smi, line 2": "ring 1 is not closed"}
    assert len(dataset.train) + len(dataset.validation) == 3


def test_a_file_without_molecules_is_refused_with_its_name(tmp_path):
    (tmp_path / "poem.txt").write_text("tyger tyger\n")
    with pytest.raises(DataError, match=r"poem\.txt: no molecule"):
        SPEC.load(SPEC.options(), tmp_path / "poem.txt", 0)


def test_files_of_molecules_are_recognised_by_name(tmp_path):
    assert rgankit_guess_domain(tmp_path / "a.smi") == "smiles"
    assert rgankit_guess_domain(tmp_path / "a.txt") is None


def test_the_model_may_not_emit_what_no_molecule_has():
    spec = SPEC.load(SPEC.options(embedded_molecules=300), None, 0).spec
    assert not spec.allowed_next[spec.bos, spec.eos]
    assert not spec.allowed_next[:, [spec.bos, spec.pad]].any()


def test_shares_of_molecules_are_counted(monkeypatch):
    dataset = SPEC.load(SPEC.options(embedded_molecules=50), None, 0)
    monkeypatch.setitem(sys.modules, "rdkit", None)
    figures = VALIDITY.compute(SampleSet(["CC", "C1C", "", "CO"], {}, dataset))
    assert figures == {"syntax": 0.5, "heldout_syntax": 1.0}


def test_chemistry_is_what_rdkit_says():
    pytest.importorskip("rdkit")
    dataset = SPEC.load(SPEC.options(embedded_molecules=200), None, 0)
    figures = VALIDITY.compute(SampleSet(["CC", "C(C)(C)(C)(C)C"], {}, dataset))
    assert figures["chemistry"] == 0.5
    assert figures["heldout_chemistry"] == 1.0
