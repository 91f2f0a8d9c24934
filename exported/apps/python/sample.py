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

CONTRACT = 1
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


def draw(manifest: dict, seed: int, count: int, length: int, temperature: float, label: str | None) -> dict:
    """The inputs of a model."""
    size, labels = manifest["noise_size"], manifest["labels"]
    if manifest["noise"] == "uniform":
        inputs = {"noise": uniform(seed, count, length), "temperature": np.array(temperature, np.float32)}
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
    if (version := manifest.get("contract")) != CONTRACT:
        raise ValueError(f"{path}: follows version {version} of the model contract; this program knows {CONTRACT}.")
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
    parser.add_argument("--temperature", type=float, default=1.0)
    parser.add_argument("--label", help="class of the samples, for conditional models; each its own where not given")
    parser.add_argument("--tokens", action="store_true", help="print numbers of tokens, as JSON")
    parser.add_argument("--out", help="save the arrays to this .npz file")
    given = parser.parse_args()
    no_length = given.length is not None and given.length < 1
    if given.count < 1 or no_length or not 0 <= given.seed < 2**64 or not given.temperature > 0:
        parser.error("count, length and temperature are above 0, and the seed is from 0 to 2**64 - 1")
    return given


def run(given: argparse.Namespace) -> None:
    """Samples and prints. Raises ValueError where the model has not what is asked for."""
    session, manifest = opened(given.model)
    labels = manifest["labels"]
    if given.label is not None and given.label not in labels:
        raise ValueError(f"{given.model}: no label {given.label}. It has: {', '.join(labels) or 'none'}.")
    if manifest["kind"] != "tokens" and (given.tokens or not given.out):
        raise ValueError(f"{given.model}: makes {manifest['kind']}, not tokens. Save them with --out samples.npz.")
    length = given.length or manifest["max_length"]
    inputs = draw(manifest, given.seed, given.count, length, given.temperature, given.label)
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
