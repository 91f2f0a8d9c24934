"""The base of every component's options."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

MEANT_FOR = "meant_for"
"""Key of a field's ``json_schema_extra``: see ``meant_for``."""


class Options(BaseModel):
    """Options of a component: frozen, no unknown keys; give every field a description and a range.

    ``rgankit plugins show NAME`` prints each field's type, default, range and description from this model.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True, allow_inf_nan=False)


class NoOptions(Options):
    """For components that have nothing to set."""


def meant_for(**kinds: str) -> dict[str, Any]:
    """``json_schema_extra`` of a field that means something on some kinds of data alone, so that whoever sets it on
    another is told: ``Field(…, json_schema_extra=meant_for(tokens="", series="autoregressive"))``.

    Args:
        kinds: by the kind of data, the switch of the same part that has to be on; ``not `` before it: off; empty where
            it always means something.
    """
    return {MEANT_FOR: kinds}
