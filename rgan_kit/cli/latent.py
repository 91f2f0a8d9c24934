"""``rgankit encode``, ``reconstruct``, ``transfer`` and ``interpolate``: latents of exported models, without torch."""

from __future__ import annotations

import contextlib
import re
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from rgan_kit.cli.console import Results, finite
from rgan_kit.errors import DataError, UsageError

if TYPE_CHECKING:
    import numpy as np

    from rgan_kit.contracts import Batch
    from rgan_kit.runtime.latent import Encoder
    from rgan_kit.runtime.model import Model

MODEL = typer.Argument(help="Exported model (.onnx).")
ENCODER = typer.Option(help="Its encoder; MODEL with .encoder.onnx instead of .onnx if not given.")
OUT = typer.Option(help="Folder for the samples as files.")
JSON = typer.Option("--json", help="Print one JSON document.")
LABEL = typer.Option(help="Class of the results; what the samples are of if not given.")


def add_to(app: typer.Typer, results: Results) -> None:
    """Adds the commands."""

    @app.command()
    def encode(
        model: Annotated[Path, MODEL],
        data: Annotated[Path, typer.Argument(help="File or folder with samples.")],
        encoder: Annotated[Path | None, ENCODER] = None,
        out: Annotated[Path | None, typer.Option(help="File (.npz) for `mean` and `log_variance`.")] = None,
        json: Annotated[bool, JSON] = False,
    ) -> None:
        """Say where samples lie in the latent space: the mean of each, or both figures into a file."""
        loaded, coder = _pair(model, encoder)
        posterior = coder.encode(loaded.decoder.read(data))
        if out is not None:
            _save(out, mean=posterior.mean, log_variance=posterior.log_variance)
        if results.as_json:
            means, logs = posterior.mean.tolist(), posterior.log_variance.tolist()
            results.document({"mean": means, "log_variance": logs, "file": str(out) if out else None})
        elif out is not None:
            results.line(f"{out}: mean and log_variance of {len(posterior.mean):,} samples")
        else:
            for mean in posterior.mean:
                results.line(" ".join(f"{value:.4f}" for value in mean))

    @app.command()
    def reconstruct(
        model: Annotated[Path, MODEL],
        data: Annotated[Path, typer.Argument(help="File or folder with samples.")],
        label: Annotated[str | None, LABEL] = None,
        encoder: Annotated[Path | None, ENCODER] = None,
        out: Annotated[Path | None, OUT] = None,
        json: Annotated[bool, JSON] = False,
    ) -> None:
        """Encode samples and decode them again, with --label as of another class: what a model keeps of them."""
        loaded, coder = _pair(model, encoder)
        batch = loaded.decoder.read(data)
        labels = _labels(loaded, batch, data, label)
        _decode(loaded, batch, coder.encode(batch).mean, labels, out, results)

    @app.command()
    def transfer(
        model: Annotated[Path, MODEL],
        data: Annotated[Path, typer.Argument(help="File or folder with the samples to change.")],
        source: Annotated[str, typer.Option("--from", metavar="A", help="A class, or a file or folder of examples.")],
        target: Annotated[str, typer.Option("--to", metavar="B", help="Likewise.")],
        examples: Annotated[
            Path | None, typer.Option(help="Labelled samples that classes A and B are known by; DATA if not given.")
        ] = None,
        strength: Annotated[float, typer.Option(min=-10, max=10, help="How far: 1 moves by the whole difference.")] = 1,
        encoder: Annotated[Path | None, ENCODER] = None,
        out: Annotated[Path | None, OUT] = None,
        json: Annotated[bool, JSON] = False,
    ) -> None:
        """Change samples by what tells B from A: the difference of their mean latents ("style transfer")."""
        from rgan_kit.runtime import latent

        loaded, coder = _pair(model, encoder)
        batch = loaded.decoder.read(data)
        label = target if target in loaded.manifest.labels else None
        labels = _labels(loaded, batch, data, label)
        left, right = (_examples(loaded, coder, said, examples or data) for said in (source, target))
        moved = latent.transfer(coder.encode(batch).mean, left, right, strength)
        _decode(loaded, batch, moved, labels, out, results)

    @app.command()
    def interpolate(
        model: Annotated[Path, MODEL],
        start: Annotated[str, typer.Argument(metavar="A", help="A file (its first sample), a text, or seed:N.")],
        end: Annotated[str, typer.Argument(metavar="B", help="Likewise.")],
        steps: Annotated[int, typer.Option(min=2, max=10_000, help="Samples in all, A and B included.")] = 8,
        encoder: Annotated[Path | None, ENCODER] = None,
        length: Annotated[int | None, typer.Option(help="Longest sample; the data's longest if not given.")] = None,
        label: Annotated[str | None, LABEL] = None,
        out: Annotated[Path | None, OUT] = None,
        json: Annotated[bool, JSON] = False,
    ) -> None:
        """Interpolate between two samples through the latent space (slerp)."""
        import numpy as np

        from rgan_kit.runtime import latent, load

        loaded = load(model)
        (first, one), (last, other) = (_point(loaded, model, encoder, each) for each in (start, end))
        number = _shared(loaded, one, other) if label is None else loaded.label_number(label)
        labels = None if number is None else np.full(steps, number, np.int64)
        decoded = latent.decode(loaded, latent.slerp(first, last, steps), labels=labels, length=length)
        _show(loaded, decoded, labels, out, results, {})


def _pair(model: Path, encoder: Path | None) -> tuple[Model, Encoder]:
    from rgan_kit.runtime import latent, load

    loaded, path = load(model), encoder or latent.encoder_beside(model)
    if not loaded.manifest.latent_size:
        raise UsageError(f"{model}: the model has no latent.", "Train a recipe with an encoder, such as lstm-vae.")
    if encoder is None and not path.exists():
        raise DataError(
            f"{path}: there is no encoder beside the model.",
            "Export it with: rgankit export RUN --encoder (for recipes that have one), or name it with --encoder.",
        )
    coder = latent.load_encoder(path)
    latent.check_pair(loaded, coder)
    return loaded, coder


def _labels(model: Model, batch: Batch[np.ndarray], data: Path, label: str | None) -> np.ndarray | None:
    """The class of each result: the one that was asked for, or what the samples are of; None for a model without."""
    import numpy as np

    if label is not None:
        return np.full(len(batch.lengths), model.label_number(label), np.int64)
    if model.manifest.labels and batch.labels is None:
        raise UsageError(f"{data}: the samples have no class, and {model.source} needs one.", _choose(model))
    return batch.labels if model.manifest.labels else None


def _choose(model: Model) -> str:
    return f"Choose one with --label: {', '.join(model.manifest.labels[:20])}."


def _shared(model: Model, one: int | None, other: int | None) -> int | None:
    """The class of both ends of an interpolation, by number."""
    names = model.manifest.labels
    if not names or (one == other and one is not None):
        return one
    said = [f"has the class {names[each]}" if each is not None else "has no class" for each in (one, other)]
    raise UsageError(f"A {said[0]} and B {said[1]}; all steps of an interpolation are of one.", _choose(model))


def _examples(model: Model, encoder: Encoder, said: str, labelled: Path) -> np.ndarray:
    """Latents of the samples that a class is known by, or of those in a file or folder."""
    names = model.manifest.labels
    if said not in names:
        if not Path(said).exists():
            known = f" It has the classes {', '.join(names[:20])}." if names else " The model has no classes."
            raise UsageError(
                f"{said}: neither a class of {model.source} nor a file or folder.{known}", "Name examples."
            )
        return encoder.encode(model.decoder.read(Path(said))).mean
    batch = model.decoder.read(labelled)
    chosen = None if batch.labels is None else batch.labels == names.index(said)
    if chosen is None or not chosen.any():
        raise DataError(
            f"{labelled}: there is no sample of the class {said} that it could be known by.",
            "Name labelled samples of both classes with --examples.",
        )
    means: np.ndarray = encoder.encode(batch).mean[chosen]
    return means


def _decode(
    model: Model,
    batch: Batch[np.ndarray],
    latents: np.ndarray,
    labels: np.ndarray | None,
    out: Path | None,
    results: Results,
) -> None:
    """Shows what latents give beside the samples that they are of."""
    from rgan_kit.runtime import latent

    decoded = latent.decode(model, latents, labels=labels, length=batch.values.shape[1])
    _show(model, decoded, labels, out, results, {"original": _originals(model, batch)})


def _point(model: Model, path: Path, encoder: Path | None, said: str) -> tuple[np.ndarray, int | None]:
    """A latent and its class by number, if any: of a prior sample, or of the first sample of a file or text."""
    import numpy as np

    from rgan_kit.runtime import latent

    if seed := re.fullmatch(r"seed:(\d{1,19})", said):
        drawn = model.labels(1, seed=int(seed[1]))
        return np.asarray(latent.prior(model, int(seed[1]))[0]), None if drawn is None else model.label_number(drawn[0])
    loaded, coder = _pair(path, encoder)
    with _as_file(loaded, said) as data:
        batch = loaded.decoder.read(data)
    return np.asarray(coder.encode(batch).mean[0]), None if batch.labels is None else int(batch.labels[0])


@contextlib.contextmanager
def _as_file(model: Model, said: str) -> Iterator[Path]:
    """A path as it is; anything else as a text file, where the model is one of symbols."""
    path = Path(said)
    with contextlib.suppress(OSError):  # a long text is no name of a file
        if path.exists():
            yield path
            return
    if model.manifest.kind != "tokens":
        raise DataError(f"{said}: there is no such file or folder.", f"Looked for it from {Path.cwd()}.")
    with tempfile.TemporaryDirectory() as folder:
        text = Path(folder) / "sample.txt"
        text.write_text(said + "\n", encoding="utf-8")
        yield text


def _originals(model: Model, batch: Batch[np.ndarray]) -> list[str]:
    """Previews of what was read, where the decoder can tell them from model outputs."""
    kind = model.manifest.kind
    outputs: dict[str, Any] = {kind: batch.values}
    if kind == "tokens":
        outputs["lengths"] = batch.lengths - _ended(model, batch)  # the end token counts in a batch, not in an output
    return [model.decoder.preview(sample) for sample in model.decoder.decode(outputs)]


def _ended(model: Model, batch: Batch[np.ndarray]) -> np.ndarray:
    """Bool ``[batch]``: which sequences have an end token; all, unless the decoder names the token."""
    special = model.manifest.decoder.get("special")
    end = special.get("eos") if isinstance(special, dict) else None
    last = batch.values[range(len(batch.values)), batch.lengths - 1]
    ended: np.ndarray = last == (last if end is None else end)
    return ended


def _show(
    model: Model,
    samples: Sequence[Any],
    classes: np.ndarray | None,
    out: Path | None,
    results: Results,
    beside: dict[str, list[str]],
) -> None:
    from rgan_kit.contracts import as_document, as_lines

    names = model.manifest.labels
    labels = None if classes is None else [names[number] for number in classes.tolist()]
    written = model.save(samples, out, labels) if out is not None else []
    if results.as_json:
        documents = [as_document(model.decoder, sample) for sample in samples]
        named = {} if labels is None else {"labels": labels}
        results.document(finite({"samples": documents, **named, **beside, "files": [str(path) for path in written]}))
        return
    previews = as_lines(model.decoder, samples, labels)
    originals = beside.get("original")
    for number, line in enumerate(previews):
        if originals and not written:
            results.line(f"{originals[number]}\n  → {line}")
        elif not written:
            results.line(line)
    for path in written:
        results.line(str(path))


def _save(path: Path, **arrays: np.ndarray) -> None:
    import io

    import numpy as np

    from rgan_kit.storage import cannot_write, write_whole

    content = io.BytesIO()
    np.savez(content, **arrays)  # type: ignore[arg-type]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, content.getvalue())
    except OSError as error:
        raise cannot_write(path, error) from error
