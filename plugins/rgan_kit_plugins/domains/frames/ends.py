"""What is said of a recording once its frames are decoded."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class End:
    """The end of a recording.

    Attributes:
        fps: frames a second, if the file says so.
        label: its class as its file says, if it does.
        size: height and width of its pictures as they are seen; 0 where there are none.
        lost: frames that should be there and are not.
        why_lost: and why.
        offers: arrays beside it that could be its classes, as ``name (classes)``.
    """

    fps: float | None = None
    label: str | None = None
    size: tuple[int, int] = (0, 0)
    lost: int = 0
    why_lost: str = ""
    offers: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """What comes from another process is checked: raises ``TypeError`` or ``ValueError``."""
        height, width = self.size
        object.__setattr__(self, "size", (int(height), int(width)))
        object.__setattr__(self, "offers", tuple(str(offer)[:60] for offer in self.offers[:50]))
        object.__setattr__(self, "fps", None if self.fps is None else float(self.fps))
        object.__setattr__(self, "label", None if self.label is None else str(self.label))
        object.__setattr__(self, "why_lost", str(self.why_lost)[:500])
        object.__setattr__(self, "lost", int(self.lost))
