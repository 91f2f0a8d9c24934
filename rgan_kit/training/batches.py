"""The batches of a training: a function of seed and step, whatever came before."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from torch import Tensor

from rgan_kit.contracts import Batch, Dataset, Phase, StepContext
from rgan_kit.training.order import Order
from rgan_kit.training.schedule import Place

if TYPE_CHECKING:
    from rgan_kit.training.engine import Engine


class Batches:
    """What losses are shown.

    Args:
        dataset: what is trained on.
        batch_size: sequences of each.
        seed: of the run.
        engine: where they are placed.
        parts: batches a step.
    """

    def __init__(self, dataset: Dataset, batch_size: int, seed: int, engine: Engine, parts: int = 1) -> None:
        self.dataset, self.engine = dataset, engine
        self.order = Order(len(dataset.train), batch_size, seed)
        self._longest = int(dataset.train.lengths.max())
        self._own: dict[str, Order] = {}
        self.parts = parts

    def of_step(self, step: int, place: Place, part: int = 0) -> StepContext:
        """The batch that the phases of a step share, or one of several."""
        return StepContext(self._taken(self.order, step * self.parts + part), place.progress, self._longest)

    def of_phase(self, phase: Phase, repeat: int, step: int, place: Place, part: int = 0) -> StepContext:
        """A batch of a phase's own: each phase goes through all samples in an order of its own."""
        name = f"{place.stage.name}/{phase.name}"
        if name not in self._own:
            stream = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=4).digest(), "little")
            self._own[name] = Order(self.order.samples, self.order.batch_size, self.order.seed, stream)
        batch = self._taken(self._own[name], (step * phase.repeats + repeat) * self.parts + part)
        return StepContext(batch, place.progress, self._longest)

    def _taken(self, order: Order, number: int) -> Batch[Tensor]:
        return self.engine.place(self.dataset.train.take(order.batch(number)), self.dataset.spec)
