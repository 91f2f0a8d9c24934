"""Recurrent layers that run over whole sequences and, with the same weights, step by step, and export at any length."""

from __future__ import annotations

from typing import Literal, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rgan_kit.nn import gru
from rgan_kit.nn.dropout import dropout_of

Cell = Literal["rnn", "lstm", "gru"]
State = tuple[Tensor, ...]
"""``(hidden, memory)`` of an LSTM, ``(hidden,)`` of the others, each ``[layers, batch, hidden_size]``."""

_ONNX_GATES: dict[str, tuple[int, ...]] = {"rnn": (0,), "lstm": (0, 3, 1, 2), "gru": (1, 0, 2)}
"""torch's gates in the order of ONNX's operators: input, output, forget, cell; update, reset, hidden."""

_LAYERS: dict[str, type[nn.RNN] | type[nn.LSTM] | type[nn.GRU]] = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}


class Recurrence(nn.Module):
    """A stack of recurrent layers of one cell type.

    Args:
        cell: ``rnn`` (tanh; Elman 1990), ``lstm`` (Hochreiter & Schmidhuber 1997) or ``gru`` (Cho et al. 2014).
        input_size: features of the input.
        hidden_size: units of each layer.
        layers: how many.
        dropout: between the layers, in training.
        weight_dropout: share of the weights from state to state that is dropped in training, the same at all steps of a
            batch (DropConnect as Merity et al. 2018, arXiv:1708.02182, have it).
        locked: whether dropout has one mask a sequence.
    """

    def __init__(
        self,
        cell: Cell,
        input_size: int,
        hidden_size: int,
        layers: int = 1,
        dropout: float = 0.0,
        *,
        weight_dropout: float = 0.0,
        locked: bool = False,
    ) -> None:
        super().__init__()
        self.cell = cell
        self.hidden_size = hidden_size
        self.layers = layers
        self.weight_dropout = weight_dropout
        self.locked = locked
        between = dropout if layers > 1 else 0.0
        self.rnn = _LAYERS[cell](input_size, hidden_size, layers, batch_first=True, dropout=between)
        self.dropout = dropout_of(between, locked=locked)
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
        if not torch.compiler.is_exporting():
            drops = self.training and (self.weight_dropout > 0 or self.locked)
            own = drops or (self.cell == "gru" and gru.fits(inputs))
            return self._layer_by_layer(inputs) if own else cast("Tensor", self.rnn(inputs)[0])
        # torch bakes the length of an RNN, and of a second LSTM, into the graph; these operators are written out.
        steps = inputs.transpose(0, 1)
        for layer in range(self.layers):
            steps = self._operator(steps, layer)
        return steps.transpose(0, 1)

    def _layer_by_layer(self, inputs: Tensor) -> Tensor:
        """``forward`` where torch's layers lack something: dropout of weights, one mask a sequence, or a fused GRU."""
        for layer in range(self.layers):
            weight_ih, weight_hh, bias_ih, bias_hh = self._weights(layer)
            if self.training and self.weight_dropout:
                weight_hh = F.dropout(weight_hh, self.weight_dropout)
            weights = [weight_ih, weight_hh, bias_ih, bias_hh]
            inputs = self._whole(self.dropout(inputs) if layer else inputs, weights)
        return inputs

    def _whole(self, inputs: Tensor, weights: list[Tensor]) -> Tensor:
        """One layer over ``[batch, time, n]``."""
        if self.cell == "gru" and gru.fits(inputs):
            return gru.gru(inputs, *weights)
        zeros = inputs.new_zeros(1, len(inputs), self.hidden_size)
        if self.cell == "lstm":
            return torch.lstm(inputs, (zeros, zeros), weights, True, 1, 0.0, self.training, False, True)[0]
        run = torch.gru if self.cell == "gru" else torch.rnn_tanh
        return run(inputs, zeros, weights, True, 1, 0.0, self.training, False, True)[0]

    def make_exportable(self) -> None:
        """Keeps the weights as ONNX's operators want them: one direction in front, gates in ONNX's order, biases of the
        input and of the state in one row. Training goes on with the old ones."""
        order = _ONNX_GATES[self.cell]
        for layer in range(self.layers):
            gates = [part.detach().chunk(len(order)) for part in self._weights(layer)]
            weight_ih, weight_hh, bias_ih, bias_hh = (torch.cat([part[gate] for gate in order]) for part in gates)
            for name, value in (("w", weight_ih), ("r", weight_hh), ("b", torch.cat([bias_ih, bias_hh]))):
                self.register_buffer(f"onnx_{name}{layer}", value[None], persistent=False)

    def _operator(self, steps: Tensor, layer: int) -> Tensor:
        """A layer as ONNX's operator of its cell: ``[time, batch, n]`` to ``[time, batch, hidden_size]``."""
        weights = [getattr(self, f"onnx_{name}{layer}") for name in "wrb"]
        # torch's reset gate acts on the product with the state.
        more = {"linear_before_reset": 1} if self.cell == "gru" else {}
        shape = [steps.shape[0], 1, steps.shape[1], self.hidden_size]
        output = torch.onnx.ops.symbolic(
            self.cell.upper(),
            [steps, *weights],
            {"hidden_size": self.hidden_size, **more},
            dtype=steps.dtype,
            shape=shape,
        )
        return output.squeeze(1)

    def step(self, inputs: Tensor, state: State) -> tuple[Tensor, State]:
        """One step: ``[batch, input_size]`` and the state, to ``[batch, hidden_size]`` and the next state."""
        return self._layers_above(self._cell(inputs, tuple(part[0] for part in state), 0), state)

    def project(self, inputs: Tensor, *, bias: bool = True) -> Tensor:
        """What the first layer makes of its input before the state comes in: ``[..., gates * hidden_size]``."""
        weight_ih, _, bias_ih, _ = self._weights(0)
        return F.linear(inputs, weight_ih, bias_ih if bias else None)

    def step_projected(self, projected: Tensor, state: State) -> tuple[Tensor, State]:
        """``step``, from ``project(inputs)``; for samplers that have the products of all inputs ready."""
        _, weight_hh, _, bias_hh = self._weights(0)
        hidden = state[0][0]
        recurrent = F.linear(hidden, weight_hh, bias_hh)
        if self.cell == "rnn":
            return self._layers_above((torch.tanh(projected + recurrent),), state)
        if self.cell == "lstm":
            enter, forget, candidate, leave = (projected + recurrent).chunk(4, dim=1)
            memory = torch.sigmoid(forget) * state[1][0] + torch.sigmoid(enter) * torch.tanh(candidate)
            return self._layers_above((torch.sigmoid(leave) * torch.tanh(memory), memory), state)
        (r_in, z_in, n_in), (r_back, z_back, n_back) = projected.chunk(3, dim=1), recurrent.chunk(3, dim=1)
        candidate = torch.tanh(n_in + torch.sigmoid(r_in + r_back) * n_back)
        update = torch.sigmoid(z_in + z_back)
        return self._layers_above((candidate + update * (hidden - candidate),), state)

    def _cell(self, inputs: Tensor, state: State, layer: int) -> State:
        """One step of one layer; ``state`` is that of the layer, each part ``[batch, hidden_size]``."""
        weights = self._weights(layer)
        if self.cell == "lstm":
            return torch.lstm_cell(inputs, state, *weights)
        return ((torch.gru_cell if self.cell == "gru" else torch.rnn_tanh_cell)(inputs, state[0], *weights),)

    def _layers_above(self, first: State, state: State) -> tuple[Tensor, State]:
        """All layers but the first, and the state of all."""
        states = [first]
        for layer in range(1, self.layers):
            states.append(self._cell(self.dropout(states[-1][0]), tuple(part[layer] for part in state), layer))
        return states[-1][0], tuple(torch.stack(parts) for parts in zip(*states, strict=True))

    def _weights(self, layer: int) -> list[Tensor]:
        return [getattr(self.rnn, f"{name}_l{layer}") for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
