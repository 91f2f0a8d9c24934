"""Building blocks of networks, for authors of parts; needs torch. The built-in networks are made of them.

>>> from rgan_kit.nn import Recurrence, exportable, padding_mask, scan  # doctest: +SKIP
"""

from rgan_kit.nn.choice import IMPOSSIBLE, Restriction, block_of, pick, relaxed_choice
from rgan_kit.nn.dropout import LockedDropout, dropout_of
from rgan_kit.nn.emission import Emission
from rgan_kit.nn.exporting import Carry, ScanStep, exportable, scan, scan_carrying
from rgan_kit.nn.freezing import as_they_are
from rgan_kit.nn.lengths import Lengths
from rgan_kit.nn.masks import padding_mask, reverse_padded
from rgan_kit.nn.recurrence import Cell, Recurrence, State
from rgan_kit.nn.scheduled_sampling import read_own_symbols
from rgan_kit.nn.stepping import Shapes, Stepper, batch_first, layers_first, shapes_of
from rgan_kit.nn.units import NetworkUnits, OwnUnits, from_uint8, to_uint8

__all__ = [
    "IMPOSSIBLE",
    "Restriction",
    "block_of",
    "pick",
    "relaxed_choice",
    "LockedDropout",
    "dropout_of",
    "Emission",
    "Carry",
    "ScanStep",
    "exportable",
    "scan",
    "as_they_are",
    "scan_carrying",
    "Lengths",
    "padding_mask",
    "reverse_padded",
    "Cell",
    "Recurrence",
    "State",
    "read_own_symbols",
    "Shapes",
    "Stepper",
    "batch_first",
    "layers_first",
    "shapes_of",
    "NetworkUnits",
    "OwnUnits",
    "from_uint8",
    "to_uint8",
]
