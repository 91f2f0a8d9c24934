"""A decoder's manifest from a stranger: everything that is wrong with it is named at once."""

from typing import Annotated, ClassVar

import pytest
from pydantic import Field

from rgan_kit.contracts import DataError
from rgan_kit.files import DecoderManifest, one_of


class Clips(DecoderManifest):
    noun: ClassVar[str] = "clips"

    version: Annotated[int, one_of(1)]
    height: Annotated[int, Field(ge=1, le=512)]
    fps: Annotated[float, Field(gt=0)]
    crop: bool
    names: tuple[Annotated[str, Field(max_length=3)], ...] = ()


GOOD = {"version": 1, "height": 8, "fps": 10, "crop": True, "names": ["a"]}


def test_a_manifest_comes_back_as_it_went():
    clips = Clips.checked(GOOD)
    assert (clips.fps, clips.names) == (10.0, ("a",))
    assert Clips.checked(clips.as_dict()) == clips == Clips.checked({**GOOD, "names": ("a",), "of a later release": 1})


def test_everything_that_is_missing_or_wrong_is_named_at_once():
    with pytest.raises(DataError) as caught:
        Clips.checked({"version": 2, "height": True, "names": ["a", "long"], "fps": 0})
    assert caught.value.problem.startswith("This model's description of its clips cannot be used: version is 2 (")
    for words in ("height is True (", "fps is 0 (", "crop is missing", "names.1 is 'long' ("):
        assert words in caught.value.problem
    assert caught.value.hint == "Export the model again, or get it again from where it came."


@pytest.mark.parametrize(
    "change",
    [
        {"version": True}, {"version": 1.0}, {"version": "1"}, {"height": 8.0}, {"height": "8"}, {"height": 513},
        {"height": 10**400}, {"fps": float("nan")}, {"fps": float("inf")}, {"fps": None}, {"fps": "10"}, {"crop": 1},
        {"crop": None}, {"names": "abc"}, {"names": [1]}, {"names": {"a": 1}}, {"names": object()}, {1: object()},
    ],
)  # fmt: skip
def test_nothing_is_taken_for_what_it_is_not(change):
    with pytest.raises(DataError, match="description of its clips cannot be used"):
        Clips.checked({**GOOD, **change})
