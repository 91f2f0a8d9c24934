"""The built-in emissions meet the requirements of emissions."""

from __future__ import annotations

import pytest

from rgan_kit.testing import EmissionContract
from rgan_kit_plugins.emissions import EMISSIONS

BY_NAME = {spec.name: spec for spec in EMISSIONS}


class TestMixture(EmissionContract):
    spec, plugin = BY_NAME["mixture"], "rgan_kit_plugins"


class TestJoint(EmissionContract):
    spec, plugin = BY_NAME["joint"], "rgan_kit_plugins"


class TestMixed(EmissionContract):
    spec, plugin = BY_NAME["mixed"], "rgan_kit_plugins"


@pytest.mark.parametrize("name", BY_NAME)
def test_every_emission_names_its_paper(name):
    assert BY_NAME[name].paper
