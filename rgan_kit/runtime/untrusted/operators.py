"""The operators that a model file from a stranger may use, all of ONNX's default domain.

They are what torch's exporter makes of recurrent, convolutional, transposed convolutional and attention networks and
of a sampling loop (``Scan``). Left out are operators that draw random numbers, that loop for as long as a number in the
file says (``Loop``), that handle strings, sequences or optional values, that open pictures, and those that no network
here has a use for.
"""

from __future__ import annotations

from typing import Final

RANDOM: Final = frozenset(
    ["Bernoulli", "Dropout", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike"]
)
"""Operators that draw, or may draw, random numbers."""

_ARITHMETIC = """
    Abs Add And BitShift BitwiseAnd BitwiseNot BitwiseOr BitwiseXor Ceil Clip Cos CumSum Div Equal Erf Exp Floor Greater
    GreaterOrEqual IsInf IsNaN Less LessOrEqual Log Max Mean Min Mod Mul Neg Not Or Pow Reciprocal Round Sign Sin Sqrt
    Sub Sum Tan Where Xor
"""
_ACTIVATIONS = """
    Celu Elu Gelu HardSigmoid HardSwish Hardmax LeakyRelu LogSoftmax Mish PRelu Relu Selu Shrink Sigmoid Softmax
    Softplus Softsign Swish Tanh ThresholdedRelu
"""
_NETWORKS = """
    Attention AveragePool BatchNormalization Conv ConvInteger ConvTranspose DepthToSpace DequantizeLinear
    DynamicQuantizeLinear Einsum GRU Gemm GlobalAveragePool GlobalMaxPool GroupNormalization InstanceNormalization LRN
    LSTM LayerNormalization LpNormalization MatMul MatMulInteger MaxPool MeanVarianceNormalization QLinearConv
    QLinearMatMul QuantizeLinear RMSNormalization RNN Resize RotaryEmbedding SpaceToDepth
"""
_REDUCTIONS = """
    ArgMax ArgMin ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum
    ReduceSumSquare TopK
"""
_SHAPES = """
    Cast CastLike Concat Constant ConstantOfShape Expand EyeLike Flatten Gather GatherElements GatherND Identity OneHot
    Pad Range Reshape ReverseSequence ScatterElements ScatterND Shape Size Slice Split Squeeze Tile Transpose Trilu
    Unsqueeze
"""
_CONTROL = "If Scan"

ALLOWED: Final = frozenset(" ".join([_ARITHMETIC, _ACTIVATIONS, _NETWORKS, _REDUCTIONS, _SHAPES, _CONTROL]).split())
"""Every operator that passes."""

_WEIGHTED = "Conv ConvInteger ConvTranspose GRU Gather Gemm LSTM MatMul MatMulInteger QLinearConv QLinearMatMul RNN"

CONTRACTING: Final = frozenset(f"{_WEIGHTED} {_REDUCTIONS}".split())
"""Operators whose weights or axes, and not their first input alone, decide how large the result is."""
