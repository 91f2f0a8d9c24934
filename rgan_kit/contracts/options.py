"""The base of every component's options."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Options(BaseModel):
    """Options of a component: frozen, no unknown keys; give every field a description and a range.

    ``rgankit plugins show NAME`` prints each field's type, default, range and description from this model.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True, allow_inf_nan=False)


class NoOptions(Options):
    """For components that have nothing to set."""
