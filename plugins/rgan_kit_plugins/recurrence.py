"""Recurrent layers that run over whole sequences and, with the same weights, step by step."""

from __future__ import annotations

from typing import Literal, cast

import torch
from torch import Tensor, nn

Cell = Literal["lstm", "gru"]
State = tuple[Tensor, ...]
"""``(hidden, memory)`` of an LSTM, ``(hidden,)`` of a GRU, each ``[layers, batch, hidden_size]``."""

_LAYERS: dict[str, type[nn.LSTM] | type[nn.GRU]] = {"lstm": nn.LSTM, "gru": nn.GRU}


class Recurrence(nn.Module):
    """A stack of recurrent layers of one cell type.

    Args:
        cell: ``lstm`` (Hochreiter & Schmidhuber 1997) or ``gru`` (Cho et al. 2014).
        input_size: features of the input.
        hidden_size: units of each layer.
        layers: how many.
        dropout: between the layers, in training.
    """

    def __init__(self, cell: Cell, input_size: int, hidden_size: int, layers: int = 1, dropout: float = 0.0) -> None:
        super().__init__()
        self.cell = cell
        self.hidden_size = hidden_size
        self.layers = layers
        between = dropout if layers > 1 else 0.0
        self.rnn = _LAYERS[cell](input_size, hidden_size, layers, batch_first=True, dropout=between)
        self.dropout = nn.Dropout(between)
        for name, parameter in self.rnn.named_parameters():
            if name.startswith("weight_hh"):
                for gate in parameter.data.chunk(parameter.shape[0] // hidden_size):
                    nn.init.orthogonal_(gate)  # keeps gradients alive over long sequences (Saxe et al. 2014)

    def initial_state(self, like: Tensor) -> State:
        """Zeros for as many sequences as ``like`` (``[batch, ...]``) has, on its device and in its type."""
        zeros = like.new_zeros(self.layers, like.shape[0], self.hidden_size)
        return (zeros, zeros.clone()) if self.cell == "lstm" else (zeros,)

    def forward(self, inputs: Tensor) -> Tensor:
        """``[batch, time, input_size]`` to ``[batch, time, hidden_size]``, from a zero state."""
        return cast("Tensor", self.rnn(inputs)[0])

    def step(self, inputs: Tensor, state: State) -> tuple[Tensor, State]:
        """One step: ``[batch, input_size]`` and the state, to ``[batch, hidden_size]`` and the next state."""
        hiddens: list[Tensor] = []
        memories: list[Tensor] = []
        for layer in range(self.layers):
            weights = [
                getattr(self.rnn, f"{name}_l{layer}") for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
            ]
            if layer:
                inputs = self.dropout(inputs)
            if self.cell == "lstm":
                hidden, memory = torch.lstm_cell(inputs, (state[0][layer], state[1][layer]), *weights)
                memories.append(memory)
            else:
                hidden = torch.gru_cell(inputs, state[0][layer], *weights)
            hiddens.append(hidden)
            inputs = hidden
        stacked = (torch.stack(hiddens),) if self.cell == "gru" else (torch.stack(hiddens), torch.stack(memories))
        return inputs, stacked


def reverse_padded(values: Tensor, lengths: Tensor) -> Tensor:
    """Each sequence of ``[batch, time, ...]`` back to front; padding stays where it is."""
    steps = torch.arange(values.shape[1], device=values.device)
    mirrored = lengths[:, None] - 1 - steps  # [batch, time]
    index = torch.where(mirrored >= 0, mirrored, steps)
    return values[torch.arange(len(values), device=values.device)[:, None], index]


def padding_mask(lengths: Tensor, time: int) -> Tensor:
    """Boolean ``[batch, time]``, True where a position counts."""
    return torch.arange(time, device=lengths.device) < lengths[:, None]
