"""What a decoder says of itself in a model file, checked: strangers make files too."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from rgan_kit.errors import DataError


def one_of(*values: int | float | str) -> AfterValidator:
    """For ``Annotated[int, one_of(1, 3)]``; a ``Literal`` of numbers takes 1.0 and true for 1."""

    def check(value: int | float | str) -> int | float | str:
        if value not in values:
            raise ValueError(f"not {' or '.join(map(repr, values))}")
        return value

    return AfterValidator(check)


class DecoderManifest(BaseModel):
    """Base of a decoder's manifest: give every field a type with its range, and ``noun``.

    Types are strict (true is no number), numbers are finite, and keys that it does not know are passed over, so that
    older releases read what newer ones write. A key that older model files lack needs a default. What several fields
    have to agree on goes into a ``model_validator`` that raises ``ValueError``.

    Attributes:
        noun: what it describes, for messages: ``clips``.
    """

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", allow_inf_nan=False)

    noun: ClassVar[str] = "data"

    @classmethod
    def checked(cls, manifest: Mapping[str, Any]) -> Self:
        """From what a model file says.

        Raises:
            DataError: names everything that is missing or wrong in it.
        """
        try:
            return cls.model_validate_json(json.dumps(dict(manifest)))
        except ValidationError as error:
            faults = [_in_words(dict(fault)) for fault in error.errors(include_url=False)]
        except (TypeError, ValueError, RecursionError) as error:
            faults = [f"it is no JSON ({error})"]
        shown = "; ".join(faults[:10]) + (f"; and {len(faults) - 10:,} more" if len(faults) > 10 else "")
        raise DataError(
            f"This model's description of its {cls.noun} cannot be used: {shown}.",
            "Export the model again, or get it again from where it came.",
        )

    def as_dict(self) -> dict[str, Any]:
        """JSON-able, as ``Decoder.manifest`` returns it."""
        return self.model_dump(mode="json")


def _in_words(fault: dict[str, Any]) -> str:
    where = ".".join(map(str, fault["loc"]))[:80]
    if fault["type"] == "missing":
        return f"{where} is missing"
    said = str(fault["msg"]).removeprefix("Value error, ")
    said = (said[:1].lower() + said[1:])[:200]
    return f"{where} is {fault['input']!r:.40} ({said})" if where else said
