"""Figures of samples, as plain functions: how many differ, how many are copies, how likely they are."""

from rgan_kit.evaluation.judge import Verdict, in_one_order, judge
from rgan_kit.evaluation.ngrams import NGramModel
from rgan_kit.evaluation.overlap import distinct_share, verbatim_share, within_share
from rgan_kit.evaluation.rows import batch_rows, mean_length, row_keys, sampled_rows, source_rows

__all__ = [
    "NGramModel",
    "Verdict",
    "batch_rows",
    "distinct_share",
    "in_one_order",
    "judge",
    "mean_length",
    "row_keys",
    "sampled_rows",
    "source_rows",
    "verbatim_share",
    "within_share",
]
