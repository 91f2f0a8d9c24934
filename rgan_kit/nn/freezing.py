"""Networks that a loss or a sampler uses as they are."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from torch import nn


@contextmanager
def as_they_are(*networks: nn.Module) -> Iterator[None]:
    """Gradients on, and evaluation mode, so that neither dropout nor running statistics have a say. Recurrent layers
    only lose their dropout: cuDNN computes no gradient through them in evaluation mode, and they have nothing else that
    it changes."""
    modules = [module for network in networks for module in network.modules()]
    recurrent = [module for module in modules if isinstance(module, nn.RNNBase)]
    modes, rates = [module.training for module in modules], [layers.dropout for layers in recurrent]
    try:
        for module in modules:
            module.training = module.training and isinstance(module, nn.RNNBase)
        for layers in recurrent:
            layers.dropout = 0.0
        yield
    finally:
        for module, training in zip(modules, modes, strict=True):
            module.training = training
        for layers, rate in zip(recurrent, rates, strict=True):
            layers.dropout = rate
