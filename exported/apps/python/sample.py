"""Samples from an exported model, with numpy and onnxruntime alone.

    python sample.py names.onnx --count 10 --seed 1

prints what ``rgankit sample names.onnx -n 10 --seed 1`` prints, for models of text; other models' arrays go to a file.
"""

from __future__ import annotations

import argparse
import json
import sys

import numpy as np
import onnxruntime

CONTRACTS = (1, 2)
NOISE, LATENT, LABELS = 0, 1, 2


def words(seed: int, count: int, size: int, stream: int) -> np.ndarray:
    """uint64 [count, size] below 2**32: Philox4x32-10 with counter (block, sample, 0, stream), keyed by the seed."""
    low, half = np.uint64(0xFFFFFFFF), np.uint64(32)
    block, sample = np.meshgrid(np.arange(-(-size // 4), dtype=np.uint64), np.arange(count, dtype=np.uint64))
    a, b, c, d = block, sample, np.zeros_like(block), np.full_like(block, stream)
    k0, k1 = seed & 0xFFFFFFFF, seed >> 32
    for _ in range(10):
        p, q = a * np.uint64(0xD2511F53), c * np.uint64(0xCD9E8D57)
        a, b, c, d = (q >> half) ^ b ^ np.uint64(k0), q & low, (p >> half) ^ d ^ np.uint64(k1), p & low
        k0, k1 = (k0 + 0x9E3779B9) & 0xFFFFFFFF, (k1 + 0xBB67AE85) & 0xFFFFFFFF
    return np.stack([a, b, c, d], axis=-1).reshape(count, -1)[:, :size]


def uniform(seed: int, count: int, size: int) -> np.ndarray:
    """float32 [count, size] in [0, 1)."""
    return (words(seed, count, size, NOISE) >> np.uint64(8)).astype(np.float32) / np.float32(2**24)


def normal(seed: int, count: int, size: int, stream: int) -> np.ndarray:
    """float32 [count, size], standard normal (Box and Muller)."""
    drawn = words(seed, count, size + size % 2, stream) / 2**32
    radius, angle = np.sqrt(-2 * np.log(drawn[:, 0::2] + 2**-32)), 2 * np.pi * drawn[:, 1::2]
    pairs = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=-1)
    return pairs.reshape(count, -1)[:, :size].astype(np.float32)


def draw(manifest: dict, seed: int, count: int, length: int, label: str | None) -> dict:
    """What chance gives a model."""
    size, labels = manifest["noise_size"], manifest["labels"]
    if manifest["noise"] == "uniform":
        inputs = {"noise": uniform(seed, count, length)}
    else:
        inputs = {"noise": normal(seed, count, length * size, NOISE).reshape(count, length, size)}
    if manifest["latent_size"]:
        inputs["latent"] = normal(seed, count, manifest["latent_size"], LATENT)
    if labels and label is not None:
        inputs["labels"] = np.full(count, labels.index(label), np.int64)
    elif labels:
        drawn = words(seed, count, 1, LABELS)[:, 0] * np.uint64(len(labels))
        inputs["labels"] = (drawn >> np.uint64(32)).astype(np.int64)
    return inputs


def choose(manifest: dict, count: int, length: int, begun: list[int], **asked: float) -> dict:
    """What a user says: numbers by the name of their input, and tokens that every sample begins with."""
    sizes, inputs = {"batch": count, "time": length}, {}
    for info in manifest["inputs"]:
        if info["distribution"] == "constant":  # filled with its default unless something else was asked for
            value = asked.pop(info["name"], None)
            value = info["default"] if value is None else value
            shape = [sizes.get(size, size) for size in info["shape"]]
            inputs[info["name"]] = np.full(shape, 1 if value is None else value, info["dtype"])
    wanted = [name for name, value in asked.items() if value is not None] + ["given"] * bool(begun)
    if missing := [name for name in wanted if name not in inputs]:
        raise ValueError(f"the model takes no {missing[0]}: it was exported by an earlier version, or cannot.")
    if "top_p" not in inputs and inputs.get("temperature") == 0:
        raise ValueError("the model takes no temperature of 0: it was exported by an earlier version.")
    if begun:
        inputs["given"][:, : len(begun)] = begun
        inputs["known"][:, : len(begun)] = True
    return inputs


def tokens(text: str, decoder: dict) -> list[int]:
    """The tokens of a text whose symbols are characters, or words with spaces between."""
    symbols = text.split() if decoder.get("joiner") == " " else list(text)
    places = {symbol: place for place, symbol in enumerate(decoder.get("vocabulary", ()))}
    if decoder.get("level") == "subword" or decoder.get("reading", {}).get("tokenize") == "punctuation":
        raise ValueError("this program cuts text into characters, or words with spaces between; this model does not.")
    if unknown := sorted({symbol for symbol in symbols if symbol not in places}):
        raise ValueError(f"the model does not know {', '.join(map(repr, unknown))}.")
    return [places[symbol] for symbol in symbols]


def texts(tokens: np.ndarray, lengths: np.ndarray, decoder: dict) -> list[str]:
    """What the tokens up to each length say; those that stand for no text are passed over."""
    special = decoder.get("special", {})
    silent = {special.get(name) for name in ("pad", "bos", "eos")}
    symbols = dict(enumerate(decoder["vocabulary"])) | {special.get("unknown"): "\N{REPLACEMENT CHARACTER}"}
    rows = zip(tokens.tolist(), lengths.tolist(), strict=True)
    joiner = decoder.get("joiner", " ")
    return [joiner.join(symbols[token] for token in row[:length] if token not in silent) for row, length in rows]


def opened(path: str) -> tuple[onnxruntime.InferenceSession, dict]:
    """The session and the manifest of a file. Raises ValueError where it makes no samples."""
    try:
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    except Exception as error:  # what onnxruntime raises has no other base
        raise ValueError(f"{path}: onnxruntime does not open it: {error}") from None
    manifest = json.loads(session.get_modelmeta().custom_metadata_map.get("rgan_kit.manifest", "null"))
    if not manifest:
        raise ValueError(f"{path}: not made by rgan-kit, since it has no manifest.")
    if (version := manifest.get("contract")) not in CONTRACTS:
        raise ValueError(f"{path}: follows version {version} of the model contract; this program knows 1 and 2.")
    role = manifest.get("role", "generator")
    if role != "generator":
        raise ValueError(f"{path}: holds the {role} of a model, which makes no samples. Name the model beside it.")
    return session, manifest


def arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description="Sample from an exported model.")
    parser.add_argument("model")
    parser.add_argument("--count", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--length", type=int, help="longest sample; as in training where not given")
    parser.add_argument("--temperature", type=float, help="1 where not given; 0 takes the likeliest, of newer files")
    parser.add_argument("--top-p", type=float, help="draw from the likeliest symbols whose chances add up to this")
    parser.add_argument("--given", default="", help="text that every sample begins with")
    parser.add_argument("--label", help="class of the samples, for conditional models; each its own where not given")
    parser.add_argument("--tokens", action="store_true", help="print numbers of tokens, as JSON")
    parser.add_argument("--out", help="save the arrays to this .npz file")
    given = parser.parse_args()
    no_length = given.length is not None and given.length < 1
    cold = given.temperature is not None and not given.temperature >= 0
    if given.count < 1 or no_length or cold or not 0 <= given.seed < 2**64:
        parser.error("count and length are above 0, the temperature is not below it, the seed is from 0 to 2**64 - 1")
    if given.top_p is not None and not 0 < given.top_p <= 1:
        parser.error("--top-p is above 0, and 1 at most")
    return given


def run(given: argparse.Namespace) -> None:
    """Samples and prints. Raises ValueError where the model has not what is asked for."""
    session, manifest = opened(given.model)
    labels = manifest["labels"]
    if given.label is not None and given.label not in labels:
        raise ValueError(f"{given.model}: no label {given.label}. It has: {', '.join(labels) or 'none'}.")
    if manifest["kind"] != "tokens" and (given.tokens or not given.out):
        raise ValueError(f"{given.model}: makes {manifest['kind']}, not tokens. Save them with --out samples.npz.")
    begun = tokens(given.given, manifest["decoder"]) if given.given else []
    length = given.length or manifest["max_length"] + len(begun)
    if len(begun) > length:
        raise ValueError(f"the beginning has {len(begun)} symbols, more than --length.")
    inputs = draw(manifest, given.seed, given.count, length, given.label)
    asked = {"temperature": given.temperature, "top_p": given.top_p}
    inputs |= choose(manifest, given.count, length, begun, **asked)
    names = [output["name"] for output in manifest["outputs"]]
    outputs = dict(zip(names, session.run(names, inputs), strict=True))
    if given.out:
        np.savez(given.out, **outputs)
    if given.tokens:
        rows = zip(outputs["tokens"].tolist(), outputs["lengths"].tolist(), strict=True)
        print(json.dumps([row[:length] for row, length in rows]))
    elif manifest["kind"] == "tokens":
        sys.stdout.reconfigure(errors="backslashreplace")
        print("\n".join(texts(outputs["tokens"], outputs["lengths"], manifest["decoder"])))


def main() -> None:
    """The program: ends with 2 where the command or the file is the wrong one, with 1 where --out cannot be written."""
    try:
        run(arguments())
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    except OSError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
