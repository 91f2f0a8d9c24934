"""What keeps a discriminator from winning too early or from overlooking a collapse."""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

ModuleT = TypeVar("ModuleT", bound=nn.Module)

_LAYERS = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)


def spectrally_normalised(network: ModuleT) -> ModuleT:
    """Divides the weight of every linear and convolutional layer by its largest singular value, estimated by one
    power iteration a pass (Miyato et al. 2018, arXiv:1802.05957)."""
    for module in list(network.modules()):
        if isinstance(module, _LAYERS):
            spectral_norm(module)
    return network


class MinibatchStatistics(nn.Module):
    """Appends one number to the features of every sequence: the standard deviation over the batch, averaged over the
    features (Karras et al. 2018, arXiv:1710.10196, section 3). A generator that draws the same thing again and again
    shows there."""

    added = 1

    def forward(self, features: Tensor) -> Tensor:
        """``[batch, features]`` to ``[batch, features + 1]``."""
        deviation = (features.var(dim=0, unbiased=False) + 1e-8).sqrt().mean()  # the root has no gradient at zero
        return torch.cat([features, deviation.expand(len(features), 1)], dim=1)
