"""Training: engine, trainer, checkpoints. Needs torch and safetensors (``pip install "rgan-kit[train]"``)."""
