"""Policy gradients for symbols: their options and descriptions. The losses lie beside this file and import torch."""

from __future__ import annotations

from rgan_kit.contracts import ObjectiveSpec

OBJECTIVES: tuple[ObjectiveSpec, ...] = ()
