"""Model files of every kind and domain, made node by node, to try the apps on without training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnx
from apps_parts import make_parts
from onnx import TensorProto, helper, numpy_helper

from rgan_kit.contracts import Decoder
from rgan_kit.runtime import Manifest, TensorInfo, contract
from rgan_kit_plugins.domains.frames.preparation import Preparation
from rgan_kit_plugins.domains.images.decoder import ImagesDecoder
from rgan_kit_plugins.domains.music.cutting import Cutting
from rgan_kit_plugins.domains.music.decoder import MusicDecoder
from rgan_kit_plugins.domains.music.encoding import Form
from rgan_kit_plugins.domains.music.events import Events
from rgan_kit_plugins.domains.music.melody import Melody
from rgan_kit_plugins.domains.music.metres import Metre
from rgan_kit_plugins.domains.music.notes import DRUMS, Defaults
from rgan_kit_plugins.domains.music.pianoroll import PianoRoll
from rgan_kit_plugins.domains.music.remi import Remi
from rgan_kit_plugins.domains.music.vocabulary import EventVocabulary, number_of
from rgan_kit_plugins.domains.series.decoder import VERSION, SeriesDecoder, SeriesManifest
from rgan_kit_plugins.domains.series.encoding import Variable, Variables
from rgan_kit_plugins.domains.series.picture import Curves
from rgan_kit_plugins.domains.series.roles import Recorded
from rgan_kit_plugins.domains.text.decoder import TextDecoder, TextManifest
from rgan_kit_plugins.domains.text.encoding import SPECIAL, Level
from rgan_kit_plugins.domains.video.decoder import VideoDecoder

TYPES = {
    "float32": TensorProto.FLOAT, "int64": TensorProto.INT64, "uint8": TensorProto.UINT8, "bool": TensorProto.BOOL,
}  # fmt: skip
HEIGHT, WIDTH = 12, 16
PITCHES = range(55, 80)
WORDS = [
    "a", "the", "cat", "dog", "bird", "sings", "sleeps", "on", "under", "roof",
    "tree", "softly", "today", "and", "then,", "ünïcode", "<b>bold</b>",
]  # fmt: skip


def make(folder: Path) -> dict[str, Path]:
    """A file of each: its name says what it holds; and two that make no samples, ``encoder`` and ``step``."""
    made = {
        "text": _tokens(_text(), "text"),
        "told text": _tokens(_text(), "text", told=True),
        "labelled text": _tokens(_text(), "text", labels=["calm", "merry"], latent_size=3),
        "melody": _tokens(_music(Melody(_melody_names(), _defaults(100.0, 90))), "music"),
        "events": _tokens(_music(Events(_event_names(), _defaults(90.0, 80, 0, DRUMS)), tracks=2), "music"),
        "bars": _tokens(_music(Remi(_bar_names(), _defaults(90.0, 80, 0, 40, DRUMS), by_program=True)), "music"),
        "pianoroll": _series(_music(PianoRoll(PITCHES, _defaults(120.0, 80))), "music", len(PITCHES), shift=-1.0),
        "struck": _series(
            _music(PianoRoll(PITCHES, _defaults(120.0, 80), onsets=True)), "music", 2 * len(PITCHES), shift=-1.0
        ),
        "series": _series(_table(), "series", 6, latent_size=2),
        "images": _series(
            ImagesDecoder(Preparation(HEIGHT, WIDTH, 3, True)), "images", WIDTH * 3, scale=40.0, shift=128.0
        ),
        "video": _frames(),
        "lstm": _recurrent("LSTM"),
        "gru in int8": _recurrent("GRU", "int8"),
        "rnn in float16": _recurrent("RNN", "float16"),
    }
    paths = make_parts(folder, _text().manifest())
    for name, proto in made.items():
        paths[name] = folder / f"{name.replace(' ', '-')}.onnx"
        onnx.save(proto, paths[name])
    return paths


def _text() -> TextDecoder:
    return TextDecoder(TextManifest.of(Level("word"), [*SPECIAL, *WORDS]))


def _melody_names() -> EventVocabulary:
    return Melody.names(PITCHES)


def _event_names() -> EventVocabulary:
    tempos, velocities = np.array([80, 100, 120]), np.array([40, 80, 120])
    return Events.names(PITCHES, 8, 2, tempos, velocities, 3)


def _bar_names() -> EventVocabulary:
    metres = sorted(map(number_of, [Metre(3, 4), Metre(6, 8), Metre(13, 32)]))
    return EventVocabulary.of({
        "bar": (0,), "metre": metres, "position": range(12), "tempo": (80, 120), "program": (0, 40), "pitch": PITCHES,
        "drum": (36, 42), "duration": range(1, 9), "velocity": (40, 90),
    })  # fmt: skip


def _defaults(tempo: float, velocity: int, *programs: int) -> Defaults:
    return Defaults(4, Metre(7, 8), tempo, velocity, programs or (0,))


def _music(form: Form, tracks: int = 1) -> MusicDecoder:
    cutting = Cutting(window_bars=4, max_length=64, track=0, tracks=tracks, drums=False, full_windows=False)
    return MusicDecoder(form, cutting=cutting, pitches=PITCHES)


def _table() -> SeriesDecoder:
    columns = (
        Variable(name="temperature, °C"),
        Variable(name="count", decimals=0, offset=4.0, low=2.0, high=6.0),
        Variable(name="station", constant=7.0),
        Variable(name="mood", levels=("calm, really", "merry")),
        Variable(name="town", constant="Ulm"),
        Variable(name='"gaps"', masked=True, decimals=2),
    )
    recorded = Recorded(id=(), time=None, label=None, window=0, forward_fill=False)
    names = Variables(columns).names
    curves = Curves.of([], np.zeros(len(names)), np.ones(len(names))).kept()
    about = {"columns": columns, "names": names, "reading": recorded, "layout": "rows", "clock": None, "labels": ()}
    return SeriesDecoder(SeriesManifest(version=VERSION, curves=curves, **about))


def _tokens(
    decoder: Decoder, domain: str, *, labels: list[str] | None = None, latent_size: int = 0, told: bool = False
) -> onnx.ModelProto:
    """Each number of the noise picks its token alone, after the special ones; the first decides on the length. One that
    is told takes beginnings, and numbers are multiplied by ``top_p`` where it restricts the choice."""
    manifest = decoder.manifest()
    first = len(manifest["special"])
    moved = ["shifted" if latent_size else "", "labelled" if labels else ""]
    nodes = [
        helper.make_node("Min", ["temperature", "one"], ["cool"]),
        *([
            helper.make_node("Sub", ["top_k", "top_k"], ["nought"]),
            helper.make_node("Sub", ["min_length", "min_length"], ["nothing"]),
            helper.make_node("Add", ["nought", "nothing"], ["none"]),
            helper.make_node("Cast", ["none"], ["zero"], to=TensorProto.FLOAT),
            helper.make_node("Mul", ["cool", "top_p"], ["few"]),
            helper.make_node("Add", ["few", "zero"], ["share"]),
        ] if told else [helper.make_node("Identity", ["cool"], ["share"])]),
        helper.make_node("Mul", ["noise", "share"], ["chosen"]),
        *([
            helper.make_node("ReduceSum", ["latent", "axis"], ["sum"]),
            helper.make_node("Sigmoid", ["sum"], ["part of it"]),
            helper.make_node("Mul", ["chosen", "part of it"], ["shifted"]),
        ] if latent_size else []),
        *([
            helper.make_node("Cast", ["labels"], ["number"], to=TensorProto.FLOAT),
            helper.make_node("Unsqueeze", ["number", "axis"], ["column"]),
            helper.make_node("Add", ["column", "one"], ["part"]),
            helper.make_node("Div", ["shifted" if latent_size else "chosen", "part"], ["labelled"]),
        ] if labels else []),
        helper.make_node("Mul", [next((name for name in reversed(moved) if name), "chosen"), "symbols"], ["scaled"]),
        helper.make_node("Floor", ["scaled"], ["floored"]),
        helper.make_node("Add", ["floored", "first"], ["token"]),
        helper.make_node("Cast", ["token"], ["drawn" if told else "tokens"], to=TensorProto.INT64),
        *([helper.make_node("Where", ["known", "given", "drawn"], ["tokens"])] if told else []),
        helper.make_node("Ceil", ["noise"], ["steps"]),
        helper.make_node("ReduceSum", ["steps", "axis"], ["length"], keepdims=0),
        helper.make_node("Cast", ["length"], ["lengths"], to=TensorProto.INT64),
    ]  # fmt: skip
    constants = {"one": 1.0, "symbols": float(len(manifest["vocabulary"]) - first), "first": float(first)}
    return _model(nodes, constants, decoder, domain, "tokens", 0, latent_size, labels or [], told=told)


def _series(
    decoder: Decoder, domain: str, features: int, *, scale: float = 1.0, shift: float = 0.0, latent_size: int = 0
) -> onnx.ModelProto:
    """The sum of the noise so far, or of images the noise."""
    nodes = [
        helper.make_node("CumSum", ["noise", "time_axis"], ["walk"])
        if domain == "series"
        else helper.make_node("Identity", ["noise"], ["walk"]),
        *([
            helper.make_node("ReduceSum", ["latent", "axis"], ["sum"]),
            helper.make_node("Unsqueeze", ["sum", "axis"], ["level"]),
            helper.make_node("Add", ["walk", "level"], ["moved"]),
        ] if latent_size else []),
        helper.make_node("Mul", ["moved" if latent_size else "walk", "scale"], ["scaled"]),
        helper.make_node("Add", ["scaled", "shift"], ["series"]),
    ]  # fmt: skip
    return _model(nodes, {"scale": scale, "shift": shift}, decoder, domain, "series", features, latent_size, [])


def _recurrent(operator: str, precision: str = "float32") -> onnx.ModelProto:
    """A recurrent operator over the noise, with its weights stored as the exporter stores them in smaller files."""
    size, gates = 6, {"LSTM": 4, "GRU": 3, "RNN": 1}[operator]
    numbers = np.random.default_rng(gates)
    names = ("weights", "recurrence")
    constants: dict[str, Any] = {name: numbers.normal(0, 0.5, (1, gates * size, size)) for name in names}
    restoring = []
    for name in names if precision == "int8" else ():
        constants[f"{name}_small"] = np.rint(constants.pop(name) * 40).astype(np.int8)
        constants[f"{name}_scale"] = np.full(gates * size, 1 / 40, np.float32)
        given = [f"{name}_small", f"{name}_scale"]
        restoring.append(helper.make_node("DequantizeLinear", given, [name], axis=1))
    for name in names if precision == "float16" else ():
        constants[f"{name}_small"] = constants.pop(name).astype(np.float16)
        restoring.append(helper.make_node("Cast", [f"{name}_small"], [name], to=TensorProto.FLOAT))
    nodes = [
        *restoring,
        helper.make_node("Transpose", ["noise"], ["steps"], perm=[1, 0, 2]),
        helper.make_node(operator, ["steps", *names], ["hidden"], hidden_size=size),
        helper.make_node("Squeeze", ["hidden", "axis"], ["plain"]),
        helper.make_node("Transpose", ["plain"], ["series"], perm=[1, 0, 2]),
    ]
    return _model(nodes, constants, _table(), "series", "series", size, 0, [])


def _frames() -> onnx.ModelProto:
    """The noise of each step as a picture, brighter from step to step."""
    decoder = VideoDecoder(Preparation(HEIGHT, WIDTH, 1, True), 8, 12.5)
    nodes = [
        helper.make_node("CumSum", ["noise", "time_axis"], ["walk"]),
        helper.make_node("Mul", ["walk", "scale"], ["scaled"]),
        helper.make_node("Add", ["scaled", "shift"], ["level"]),
        helper.make_node("Clip", ["level", "low", "high"], ["clipped"]),
        helper.make_node("Reshape", ["clipped", "shape"], ["pictures"]),
        helper.make_node("Cast", ["pictures"], ["frames"], to=TensorProto.UINT8),
    ]
    constants = {"scale": 25.0, "shift": 128.0, "low": 0.0, "high": 255.0, "shape": [0, 0, HEIGHT, WIDTH, 1]}
    return _model(nodes, constants, decoder, "video", "frames", HEIGHT * WIDTH, 0, ["still", "moving"])


def _model(
    nodes: list[Any],
    constants: dict[str, Any],
    decoder: Decoder,
    domain: str,
    kind: Any,
    noise_size: int,
    latent_size: int,
    labels: list[str],
    told: bool = False,
) -> onnx.ModelProto:
    given = contract.inputs(
        kind,
        noise_size=noise_size,
        latent_size=latent_size,
        conditional=bool(labels),
        takes=contract.OPTIONAL[kind] if told else (),
    )
    if kind == "frames":
        shapes: dict[str, tuple[Any, ...]] = {"frames": ("batch", "time", HEIGHT, WIDTH, 1)}
    else:
        shapes = {"series": ("batch", "time", noise_size)}
    usual = {"given": 0, "known": 0, "top_p": 1.0, "top_k": 0, "min_length": 0}
    taken = [
        TensorInfo(name=p.name, dtype=p.dtype, shape=p.shape, distribution=p.distribution, default=usual.get(p.name))
        for p in given
    ]
    made = [TensorInfo(name=p.name, dtype=p.dtype, shape=shapes.get(p.name, p.shape)) for p in contract.outputs(kind)]
    manifest = Manifest(
        contract=2 if told else 1, kind=kind, domain=domain, recipe="by-hand",
        inputs=tuple(taken), outputs=tuple(made), max_length=24,
        noise=contract.NOISE_OF[kind], noise_size=noise_size, latent_size=latent_size, labels=tuple(labels),
        decoder=decoder.manifest(), plugins={}, libraries={}, licence="CC0-1.0", description="Made by hand for a test.",
        hashes={"configuration": "c", "weights": "w", "data": "d"}, parity={},
    )  # fmt: skip
    used = {name for node in nodes for name in node.input}
    stored = [numpy_helper.from_array(_array(value), name) for name, value in constants.items()]
    axes = {"axis": [1], "time_axis": 1}
    stored += [numpy_helper.from_array(np.asarray(axes[name], np.int64), name) for name in axes if name in used]
    infos = [[helper.make_tensor_value_info(i.name, TYPES[i.dtype], i.shape) for i in side] for side in (taken, made)]
    graph = helper.make_graph(nodes, "by-hand", *infos, stored)
    proto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    helper.set_model_props(proto, manifest.to_metadata())
    return proto


def _array(value: Any) -> np.ndarray:
    array = np.asarray(value)
    return array.astype(np.float32) if array.dtype == np.float64 else array
