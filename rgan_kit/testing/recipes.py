"""What is required of recipes: they train, stop, go on to the same bits, export and sample."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from rgan_kit.config import Request, resolve
from rgan_kit.plugins.registry import installed_registry

if TYPE_CHECKING:
    from rgan_kit.training.trainer import Trainer


class RecipeContract:
    """What is required of a recipe. A subclass names it:

    Attributes:
        recipe: its name.
        domains: domains whose embedded data it is tried on.
        settings: what makes it small and quick, as for ``--set``.
        steps: of the training that is tried; at least 4.
    """

    recipe: ClassVar[str]
    domains: ClassVar[tuple[str, ...]]
    settings: ClassVar[tuple[str, ...]] = ()
    steps: ClassVar[int] = 6

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Tries the recipe on each domain."""
        if "domain" in metafunc.fixturenames:
            metafunc.parametrize("domain", self.domains)

    def trainer(self, domain: str, folder: Path) -> Trainer:
        """A trainer that has not begun."""
        from rgan_kit.training.reporting import Silent
        from rgan_kit.training.session import begin, load_dataset

        often = ("train.threads=1", "train.checkpoint_every=2", "train.evaluate_every=3", "train.log_every=1")
        request = Request(
            recipe=self.recipe, domain=domain, steps=self.steps, settings=(*often, *self.settings), device="cpu"
        )
        config = resolve(request, installed_registry())
        return begin(config, load_dataset(config), installed_registry(), folder, Silent())

    def test_interrupted_and_resumed_equals_uninterrupted(self, domain: str, tmp_path: Path) -> None:
        """To the same bits."""
        from rgan_kit.contracts import ExitCode
        from rgan_kit.training.reporting import Silent
        from rgan_kit.training.resuming import resume
        from rgan_kit.training.state import Interrupted

        whole = self.trainer(domain, tmp_path / "whole")
        whole.train()
        stopped = self.trainer(domain, tmp_path / "stopped")
        stopped.request_stop(ExitCode.INTERRUPTED)
        with pytest.raises(Interrupted):
            stopped.train()
        resumed = resume(tmp_path / "stopped", None, installed_registry(), Silent())
        resumed.train()
        expected, found = _weights(whole), _weights(resumed)
        different = [name for name, value in expected.items() if not bool((value == found[name]).all())]
        assert not different, (
            f"{different[:3]} differ from those of the uninterrupted training: keep everything that changes in "
            "parameters and persistent buffers, and draw chance from torch's own random numbers."
        )

    @pytest.mark.export
    def test_it_trains_exports_and_samples(self, domain: str, tmp_path: Path) -> None:
        """From nothing to decoded samples of a verified file."""
        from rgan_kit.export.exporter import export
        from rgan_kit.runtime import load
        from rgan_kit.training.session import load_trained

        trainer = self.trainer(domain, tmp_path / "run")
        trainer.train()
        run = load_trained(tmp_path / "run", None, installed_registry())
        export(run, tmp_path / "model.onnx", installed_registry())
        if run.encoder is not None:
            export(run, tmp_path / "model.encoder.onnx", installed_registry(), role="encoder")
        model = load(tmp_path / "model.onnx")
        samples = model.sample(3, seed=1)
        assert len(samples) == 3, f"3 samples were asked for, {len(samples)} came."
        written = model.save(samples, tmp_path / "samples")
        assert written, "the domain wrote no file: its decoder's write has to return what it wrote."


def _weights(trainer: Trainer) -> dict[str, Any]:
    from rgan_kit.training.checkpoints import weights
    from rgan_kit.training.snapshot import stored

    found: dict[str, Any] = {}
    for prefix, network in stored(trainer).items():
        found.update(weights(prefix, network))
    return found
