"""Whether samples betray what their model was trained on.

An attack by nearness: who sees the samples alone says that a record was trained on where a sample lies near it (Chen et
al. 2020, "GAN-Leaks", arXiv:1909.03935, in the black-box setting; Hayes et al. 2019, arXiv:1705.07663).
"""

from __future__ import annotations

import numpy as np


def advantage(members: np.ndarray, others: np.ndarray) -> float:
    """The area under the curve of an attacker who orders records by a distance: the share of pairs of a member and
    another record of which the member is nearer, ties counted half. 0.5 is chance, 1 tells every one. nan without both.

    Args:
        members, others: float ``[n]``, distances of training records, and of records that were not trained on.
    """
    if not len(members) or not len(others):
        return float("nan")
    order = np.sort(others)
    above = len(others) - np.searchsorted(order, members, side="right")
    equal = np.searchsorted(order, members, side="right") - np.searchsorted(order, members, side="left")
    return float((above + equal / 2).mean() / len(others))
