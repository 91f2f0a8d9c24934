"""A trained run becomes one verified ``.onnx`` file."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, cast

import onnx
import torch
from torch import nn

from rgan_kit import __version__
from rgan_kit.contracts import PluginError, UsageError
from rgan_kit.export.graph import EXAMPLE_BATCH, EXAMPLE_TIME, LOWEST_OPSET, to_onnx
from rgan_kit.export.interface import (
    encoder_inputs_of,
    encoder_outputs_of,
    example_inputs,
    inputs_of,
    noise_size,
    outputs_of,
)
from rgan_kit.export.verify import check_structure, compare
from rgan_kit.plugins.registry import Registry
from rgan_kit.runtime import contract, providers
from rgan_kit.runtime.contract import Role
from rgan_kit.runtime.manifest import Manifest, TensorInfo
from rgan_kit.runtime.opened import open_model
from rgan_kit.storage import cannot_write, force_to_disk, to_json
from rgan_kit.training.session import TrainedRun


@dataclass(frozen=True)
class Exported:
    """What an export made.

    Attributes:
        path: the model file.
        bytes: its size.
        manifest: what it says of itself.
    """

    path: Path
    bytes: int
    manifest: Manifest


def export(
    run: TrainedRun,
    out: Path,
    registry: Registry,
    *,
    opset: int = LOWEST_OPSET,
    role: Role = "generator",
    licence: str = "",
    description: str = "",
) -> Exported:
    """Writes a model file by the contract of ``docs/model-file.md``.

    Args:
        run: with the generator's weights.
        out: the target; replaced only by a file that passes every check.
        registry: whose plugins may add metadata.
        opset: 18 or higher.
        role: what the file is to hold: the generator, or the encoder of a recipe that has one.
        licence, description: of the model, by its maker.

    Raises:
        ParityError: the graph does not compute what torch computes, or breaks the contract; no file is left.
        RganKitError: torch cannot export the network, or the file cannot be written.
        UsageError: an encoder is asked for, and the recipe has none.
    """
    sampler, inputs, outputs = _interface(run, role)
    model = to_onnx(sampler, example_inputs(inputs, EXAMPLE_BATCH, EXAMPLE_TIME), inputs, outputs, opset)
    model.producer_name, model.producer_version = "rgan-kit", __version__
    model.doc_string = description
    model.graph.name = run.config.recipe
    temporary = out.with_name(f".{out.stem}.{os.getpid()}.tmp.onnx")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        manifest = _manifest(run, registry, role, licence, description)
        parity = _verified(model, temporary, manifest, sampler)
        manifest = manifest.model_copy(update={"parity": parity})
        _save(model, manifest, temporary)
        open_model(temporary, trusted=False)  # as a stranger's file: the walk and the manifest's own checks
        temporary.replace(out)
        force_to_disk(out.parent)
    except OSError as error:
        raise cannot_write(out, error) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
    return Exported(out, out.stat().st_size, manifest)


def _interface(run: TrainedRun, role: Role) -> tuple[nn.Module, list[TensorInfo], list[TensorInfo]]:
    """The module to export, and what it takes and gives."""
    spec, generator = run.data.spec, cast("Any", run.generator)
    if role == "generator":
        return generator.sampler().cpu().eval(), inputs_of(spec, generator), outputs_of(spec)
    if "encoder" not in run.networks:
        raise UsageError(
            f"Recipe {run.config.recipe} has no encoder.", "Those that have one are in: rgankit plugins list --recipes"
        )
    encoder = cast("Any", run.networks["encoder"]).exportable().cpu().eval()
    return encoder, encoder_inputs_of(spec), encoder_outputs_of(int(generator.latent_size))


def _verified(
    model: onnx.ModelProto, path: Path, manifest: Manifest, sampler: nn.Module
) -> dict[str, float | int | str]:
    _save(model, manifest, path)
    check_structure(model, path)
    opened = open_model(path, trusted=True)
    result = compare(
        sampler,
        lambda given: opened.run({name: tensor.numpy() for name, tensor in given.items()}),
        manifest.inputs,
        manifest.outputs,
    )
    return {**result, "provider": providers.in_use(opened.session)}


def _save(model: onnx.ModelProto, manifest: Manifest, path: Path) -> None:
    onnx.helper.set_model_props(model, manifest.to_metadata())
    with path.open("wb") as file:
        file.write(model.SerializeToString(deterministic=True))
        file.flush()
        os.fsync(file.fileno())


def _manifest(run: TrainedRun, registry: Registry, role: Role, licence: str, description: str) -> Manifest:
    """All but the parity, which is yet to be measured."""
    spec, generator = run.data.spec, cast("Any", run.generator)
    manifest = Manifest(
        contract=contract.VERSION,
        kind=spec.kind,
        domain=run.config.domain.name,
        recipe=run.config.recipe,
        inputs=inputs_of(spec, generator) if role == "generator" else encoder_inputs_of(spec),
        outputs=outputs_of(spec) if role == "generator" else encoder_outputs_of(int(generator.latent_size)),
        max_length=spec.max_length,
        noise=contract.NOISE_OF[spec.kind],
        noise_size=noise_size(spec, generator),
        latent_size=int(generator.latent_size),
        labels=list(spec.labels),
        decoder=run.data.decoder,
        plugins={"rgan-kit": __version__, **run.config.versions},
        libraries={name: version(name) for name in ("torch", "onnx", "onnxscript")},
        hashes=_hashes(run),
        licence=licence,
        description=description,
        parity={},
        role=role,
    )
    return manifest.model_copy(update={"extra": _extra(manifest, registry)})


def _hashes(run: TrainedRun) -> dict[str, str]:
    """Equal for all files of one checkpoint."""
    weights = hashlib.sha256()
    for network in run.networks.values():
        for name, tensor in sorted(network.state_dict().items()):
            weights.update(name.encode())
            weights.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    configuration = hashlib.sha256(to_json(run.config.to_dict())).hexdigest()
    return {"configuration": configuration, "weights": weights.hexdigest(), "data": run.data.fingerprint}


def _extra(manifest: Manifest, registry: Registry) -> dict[str, Any]:
    extra: dict[str, Any] = {}
    for record, metadata in registry.host.each("rgankit_export_metadata", manifest=manifest.model_dump(mode="json")):
        if metadata is None:
            continue
        where = f"{record.qualified}: rgankit_export_metadata returned"
        if not isinstance(metadata, Mapping):
            raise PluginError(f"{where} a {type(metadata).__name__}, not a mapping.")
        try:
            json.dumps(dict(metadata), allow_nan=False)
        except (TypeError, ValueError) as error:
            raise PluginError(f"{where} what is not JSON: {error}.") from error
        extra[record.qualified] = dict(metadata)
    return extra
