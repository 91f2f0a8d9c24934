"""Training from Python: the same configuration, checkpoints and runs as on the command line.

>>> import rgan_kit
>>> run = rgan_kit.train("lstm-gan", data="names.txt", steps=500)  # doctest: +SKIP
>>> run.sample(5)  # doctest: +SKIP
"""

from rgan_kit.api.runs import Callback, Run, open_run, prepare, train
from rgan_kit.training.reporting import Progress
from rgan_kit.training.state import Interrupted

__all__ = ["Callback", "Interrupted", "Progress", "Run", "open_run", "prepare", "train"]
