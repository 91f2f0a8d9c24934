"""Defaults that go by the data at hand, and not by its kind alone."""

from __future__ import annotations

from dataclasses import replace

from rgan_kit.config.layers import validate
from rgan_kit.config.run import RunConfig
from rgan_kit.contracts import Dataset


def suited_to(config: RunConfig, dataset: Dataset) -> RunConfig:
    """The configuration with ``dataset.defaults`` where neither the user nor the recipe says otherwise.

    What a run wrote down stays as it is. Defaults for parts that the run does not have, or whose options lack them,
    mean nothing there.

    Raises:
        UsageError: a default is out of range.
    """
    if config.asked is None:
        return config
    parts, train = dict(config.parts), {}
    for key, value in dataset.defaults.items():
        section, _, option = key.partition(".")
        if key in config.asked:
            continue
        if section == "train":
            train[option] = value
        elif section in parts and option in type(parts[section].options).model_fields:
            part = parts[section]
            given = {**part.options.model_dump(), option: value}
            parts[section] = replace(part, options=validate(type(part.options), section, given, part.name))
    kept = validate(type(config.train), "train", {**config.train.model_dump(), **train}) if train else config.train
    return replace(config, parts=parts, train=kept)
