"""Load, verify, sample and decode an exported model with numpy and onnxruntime, without torch.

>>> model = rgan_kit.runtime.load("exported/names.onnx")  # doctest: +SKIP
>>> model.sample(10, seed=1)  # doctest: +SKIP

onnxruntime is imported when the first model is loaded.
"""

from rgan_kit.runtime import contract, noise
from rgan_kit.runtime.latent import Encoder, Posterior, load_encoder
from rgan_kit.runtime.manifest import Manifest, TensorInfo
from rgan_kit.runtime.model import Model, load
from rgan_kit.runtime.stream import Step, load_step
from rgan_kit.runtime.untrusted.files import ModelFacts
from rgan_kit.runtime.untrusted.safety import check

__all__ = [
    "Encoder",
    "Manifest",
    "Model",
    "ModelFacts",
    "Posterior",
    "Step",
    "TensorInfo",
    "check",
    "contract",
    "load",
    "load_encoder",
    "load_step",
    "noise",
]
