"""From a trained run to one verified ``.onnx`` file. Needs torch, onnx and onnxscript (``rgan-kit[train]``)."""
