"""The run's configuration: typed, validated, read from TOML and replayed from it."""

from rgan_kit.config.layers import limits_of, nearest
from rgan_kit.config.parts import Selection
from rgan_kit.config.run import Request, RunConfig, resolve
from rgan_kit.config.train import TrainOptions

__all__ = ["Request", "RunConfig", "Selection", "TrainOptions", "limits_of", "nearest", "resolve"]
