"""A trained run becomes one verified ``.onnx`` file."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import onnx
import torch
from torch import nn

from rgan_kit import __version__
from rgan_kit.contracts import DomainSpec, PluginError, TokenSpec, UsageError
from rgan_kit.export.graph import EXAMPLE_BATCH, EXAMPLE_TIME, LOWEST_OPSET, to_onnx
from rgan_kit.export.interface import (
    encoder_inputs_of,
    encoder_outputs_of,
    example_inputs,
    inputs_of,
    noise_size,
    outputs_of,
    step_inputs_of,
    step_outputs_of,
)
from rgan_kit.export.verify import check_structure, compare, running
from rgan_kit.export.verify_steps import compare_driven, compare_steps
from rgan_kit.plugins.discovery import installed_version
from rgan_kit.plugins.origins import OURSELVES
from rgan_kit.plugins.registry import Registry
from rgan_kit.runtime import contract, providers
from rgan_kit.runtime.contract import Role
from rgan_kit.runtime.decoding import make_decoder
from rgan_kit.runtime.manifest import Manifest, TensorInfo
from rgan_kit.runtime.opened import Opened, open_model
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
        role: what the file is to hold: the generator, one step of it, or the encoder of a recipe that has one.
        licence, description: of the model, by its maker.

    Raises:
        ParityError: the graph does not compute what torch computes, or breaks the contract; no file is left.
        RganKitError: torch cannot export the network, or the file cannot be written.
        UsageError: an encoder or a step is asked for, and the recipe has none.
    """
    part = _part(run, role)
    model = to_onnx(
        part.module, example_inputs(part.inputs, EXAMPLE_BATCH, EXAMPLE_TIME), part.inputs, part.outputs, opset
    )
    model.producer_name, model.producer_version = "rgan-kit", __version__
    model.doc_string = description
    model.graph.name = run.config.recipe
    return write_verified(model, _manifest(run, registry, role, part, licence, description), out, part.compare)


def write_verified(
    model: onnx.ModelProto, manifest: Manifest, out: Path, parity: Callable[[Opened], Mapping[str, float | int | str]]
) -> Exported:
    """Writes a graph under its name if it passes every check.

    Args:
        model: without metadata.
        manifest: its own, but for the parity.
        out: the target.
        parity: compares the opened file with torch.

    Raises:
        As ``export`` does.
    """
    temporary = out.with_name(f".{out.stem}.{os.getpid()}.tmp.onnx")
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        _save(model, manifest, temporary)
        check_structure(model, temporary)
        opened = open_model(temporary, trusted=True)
        figures = {**parity(opened), "provider": providers.in_use(opened.session)}
        manifest = manifest.model_copy(update={"parity": figures})
        _save(model, manifest, temporary)
        open_model(temporary, trusted=False)  # as a stranger's file: the walk and the manifest's own checks
        make_decoder(manifest, str(out))  # as whoever samples it will
        temporary.replace(out)
        force_to_disk(out.parent)
    except OSError as error:
        raise cannot_write(out, error) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
    return Exported(out, out.stat().st_size, manifest)


@dataclass(frozen=True)
class _Part:
    """What a file of one role holds.

    Attributes:
        module: what is exported.
        inputs, outputs: what it takes and gives.
        compare: how the file is compared with torch.
        about: fields of the manifest that only this role has.
    """

    module: nn.Module
    inputs: list[TensorInfo]
    outputs: list[TensorInfo]
    compare: Callable[[Opened], Mapping[str, float]]
    about: dict[str, Any] = field(default_factory=dict)


def _part(run: TrainedRun, role: Role) -> _Part:
    spec, generator = run.data.spec, cast("Any", run.generator)
    if role == "step":
        return _step(run)
    if role == "generator":
        return _whole(generator.sampler(), inputs_of(spec, generator), outputs_of(spec, generator))
    if run.encoder is None:
        raise UsageError(
            f"Recipe {run.config.recipe} has no encoder.", "Those that have one are in: rgankit plugins list --recipes"
        )
    encoder = cast("Any", run.encoder).exportable()
    return _whole(encoder, encoder_inputs_of(spec), encoder_outputs_of(int(generator.latent_size)))


def _whole(module: nn.Module, inputs: list[TensorInfo], outputs: list[TensorInfo]) -> _Part:
    module = module.cpu().eval()
    return _Part(module, inputs, outputs, lambda opened: compare(module, running(opened), inputs, outputs))


def _step(run: TrainedRun) -> _Part:
    spec, generator = run.data.spec, cast("Any", run.generator)
    if not hasattr(generator, "stepper"):
        raise UsageError(
            f"The generator of recipe {run.config.recipe} makes whole sequences and has no steps to export.",
            "Export without --step.",
        )
    stepper = generator.stepper().cpu().eval()
    states = stepper.state_shapes
    inputs, outputs = step_inputs_of(spec, generator, states), step_outputs_of(spec, states, generator)
    whole = inputs_of(spec, generator), outputs_of(spec, generator)
    sampler = generator.sampler().cpu().eval()
    about = {"states": states, "end_token": spec.eos if isinstance(spec, TokenSpec) else None}

    def check(opened: Opened) -> dict[str, float]:
        return {**compare_steps(stepper, running(opened), inputs, outputs), **compare_driven(sampler, opened, *whole)}

    return _Part(stepper, inputs, outputs, check, about)


def _save(model: onnx.ModelProto, manifest: Manifest, path: Path) -> None:
    onnx.helper.set_model_props(model, manifest.to_metadata())
    with path.open("wb") as file:
        file.write(model.SerializeToString(deterministic=True))
        file.flush()
        os.fsync(file.fileno())


def _manifest(run: TrainedRun, registry: Registry, role: Role, part: _Part, licence: str, description: str) -> Manifest:
    """All but the parity, which is yet to be measured."""
    spec, generator = run.data.spec, cast("Any", run.generator)
    manifest = Manifest(
        contract=contract.version_of(spec.kind, (info.name for info in part.inputs)),
        kind=spec.kind,
        domain=_domain(run, registry),
        recipe=run.config.recipe,
        inputs=part.inputs,
        outputs=part.outputs,
        max_length=spec.max_length,
        noise=contract.NOISE_OF[spec.kind],
        noise_size=noise_size(spec, generator),
        latent_size=int(generator.latent_size),
        labels=list(spec.labels),
        decoder=run.data.decoder,
        plugins={"rgan-kit": __version__, **run.config.versions},
        libraries={name: installed_version(name) or "unknown" for name in ("torch", "onnx", "onnxscript")},
        hashes=_hashes(run),
        licence=licence,
        description=description,
        parity={},
        role=role,
        **part.about,
    )
    return manifest.model_copy(update={"extra": _extra(manifest, registry)})


def _domain(run: TrainedRun, registry: Registry) -> str:
    """The name by which a reader finds the domain: in full where the short one is another's first."""
    domain = run.config.domain
    meant = [offer.qualified for offer in registry.offers(DomainSpec) if offer.spec.name == domain.name]
    return domain.name if meant in ([], [domain.qualified]) or domain.distribution == OURSELVES else domain.qualified


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
