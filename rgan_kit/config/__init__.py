"""The run's configuration: typed, validated, read from TOML and replayed from it."""

from rgan_kit.config.changes import Amended, Change, amended
from rgan_kit.config.layers import limits_of, nearest
from rgan_kit.config.parts import Selection
from rgan_kit.config.run import Request, RunConfig, resolve
from rgan_kit.config.train import TrainOptions

__all__ = [
    "Amended",
    "Change",
    "Request",
    "RunConfig",
    "Selection",
    "TrainOptions",
    "amended",
    "limits_of",
    "nearest",
    "resolve",
]
