"""Train recurrent generative models on your own sequences and run them anywhere from one ``.onnx`` file."""

from rgan_kit.hookspecs import hookimpl

__all__ = ["__version__", "hookimpl"]

__version__ = "0.1.0"
