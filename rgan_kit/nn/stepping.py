"""Writing ``Generator.stepper()``: one step at a time, by the contract of step files in ``docs/model-file.md``.

Every state of a step file has its batch in front, ``[batch, ...]``, and is zero before the first step; a recurrence
has its layers in front.
"""

from __future__ import annotations

from torch import Tensor, nn

from rgan_kit.nn.recurrence import Recurrence, State

Shapes = tuple[tuple[int, ...], ...]


class Stepper(nn.Module):
    """Base of the module of a step file. A subclass has this ``forward``, with as many states as ``state_shapes``::

        def forward(self, fresh, state_0, state_1, latent=None, labels=None):
            ...
            return made, next_state_0, next_state_1

    ``fresh`` is ``previous`` for tokens (int64 ``[batch]``, the symbol before) and ``noise`` for others (``[batch,
    noise_size]``); it is told by these names. ``made`` are the logits of the next symbol ``[batch, vocabulary]``, the
    values of the step ``[batch, features]`` in the data's own units, or a frame uint8 ``[batch, height, width,
    channels]``. A model without a latent or labels need not have these inputs.

    Args:
        sampler: the frozen module of the model file, whose steps these are.
        state_shapes: of each state, without its batch.
    """

    def __init__(self, sampler: nn.Module, state_shapes: Shapes) -> None:
        super().__init__()
        self.sampler = sampler
        self.state_shapes = state_shapes


def shapes_of(recurrence: Recurrence) -> Shapes:
    """``state_shapes`` of a recurrence: two for an LSTM, one for the others."""
    parts = 2 if recurrence.cell == "lstm" else 1
    return ((recurrence.layers, recurrence.hidden_size),) * parts


def layers_first(*states: Tensor | None) -> State:
    """States of a step file ``[batch, layers, hidden_size]`` as ``Recurrence.step`` takes them; None is left out."""
    return tuple(state.transpose(0, 1) for state in states if state is not None)


def batch_first(state: State) -> State:
    """What ``Recurrence.step`` gives, as a step file gives it: ``[batch, layers, hidden_size]`` each."""
    return tuple(part.transpose(0, 1) for part in state)
