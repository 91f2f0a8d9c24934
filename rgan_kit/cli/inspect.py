"""``rgankit inspect``: what a model file is."""

from __future__ import annotations

from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from rgan_kit.cli.console import Results


def add_to(app: typer.Typer, results: Results) -> None:
    """Adds the command."""

    @app.command()
    def inspect(
        model: Annotated[Path, typer.Argument(help="An exported .onnx file.")],
        json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
    ) -> None:
        """Say what an exported model is, without running it; needs neither torch nor onnxruntime."""
        from rgan_kit.runtime.manifest import Manifest
        from rgan_kit.runtime.untrusted.safety import check

        facts = check(model)
        manifest = Manifest.from_metadata(facts.metadata, str(model))
        described = asdict(facts) if is_dataclass(facts) else dict(vars(facts))
        described.pop("metadata", None)
        if results.as_json:
            results.document({"file": described, "manifest": manifest.model_dump(mode="json")})
            return
        results.line(
            f"{model}: {manifest.recipe} on domain {manifest.domain} ({manifest.kind}), contract {manifest.contract}"
        )
        for text in (manifest.description, manifest.licence and f"licence: {manifest.licence}"):
            if text:
                results.line(text)
        for title, infos in (("inputs", manifest.inputs), ("outputs", manifest.outputs)):
            results.line(f"{title}:")
            for info in infos:
                results.line(f"  {info.name}  {info.dtype} {_shape(info.shape)}  {info.description}")
        if manifest.labels:
            results.line(f"labels: {', '.join(manifest.labels)}")
        results.line(f"longest sample: {manifest.max_length}")
        for name, mapping in (("parity", manifest.parity), ("made with", manifest.plugins | manifest.libraries)):
            results.line(f"{name}: {', '.join(f'{key} {value}' for key, value in mapping.items())}")
        for key, value in described.items():
            if key in ("inputs", "outputs"):  # the manifest's, above, say more
                continue
            results.line(f"{key.replace('_', ' ')}: {_short(value)}")


def _shape(shape: Any) -> str:
    return f"[{', '.join(map(str, shape))}]"


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {count}" for key, count in sorted(value.items()))
    text = str(value)
    return text if len(text) <= 200 else f"{text[:200]}…"
