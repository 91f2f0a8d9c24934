"""The table of evaluations."""

from __future__ import annotations

from rgan_kit.contracts import Figure
from rgan_kit.evaluation.report import table
from rgan_kit.plugins.registry import installed_registry
from rgan_kit.training.metrics import known_figures

ROW = {"heldout_nll": 2.5, "valid": 0.91, "verbatim": 0.02, "heldout_verbatim": 0.04, "odd": 1.0, "heldout_odd": 3.0}
KNOWN = {
    "valid": Figure(name="valid", meaning="samples that the known source could have produced", unit="share"),
    "heldout_nll": Figure(name="heldout_nll", title="held-out nats"),
    "verbatim": Figure(name="verbatim", unit="share"),
}


def test_a_table_has_a_column_a_moment_and_the_control_beside():
    rows = [("start", {"heldout_nll": 4.0, "valid": 0.0}), ("end", ROW)]
    lines = table(rows, {"valid": 1.0, "heldout_nll": 2.0}, KNOWN)
    assert lines[0].split() == ["start", "end", "real", "data"]
    grid, legend = lines[1 : lines.index("")], lines[lines.index("") + 1 :]
    cells = {line.split("  ")[0]: line.split() for line in grid}
    assert "valid: samples that the known source could have produced" in legend
    assert cells["valid"][1:4] == ["0.0%", "91.0%", "100.0%"]
    assert cells["held-out nats"][2:5] == ["4.000", "2.500", "2.000"]
    assert cells["verbatim"][1:4] == ["–", "2.0%", "4.0%"]
    assert cells["odd"][1:4] == ["–", "1.000", "3.000"]


def test_what_is_not_finite_is_a_dash():
    assert "–" in table([("end", {"heldout_nll": float("nan")})], {}, KNOWN)[1]


def test_what_a_figure_means_fits_into_a_line():
    for figure in known_figures(installed_registry()).values():
        line = f"{figure.heading}: {figure.meaning}"
        assert len(line) <= 100, line
