"""Where the parts of a run come from, as it wrote down: a plugin installed since then never changes what they are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rgan_kit.errors import PluginError, UsageError
from rgan_kit.plugins.registry import Offer, Registry, SpecType


@dataclass(frozen=True)
class Origins:
    """What a ``config.toml`` says of it; nothing, in a file that no run has written.

    Attributes:
        recorded: ``distribution:name`` by section.
        versions: by distribution.
    """

    recorded: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Origins:
        """Of a file; raises ``UsageError`` where it is not what runs write."""
        tables = [document.get(key, {}) for key in ("origins", "versions")]
        for key, table in zip(("origins", "versions"), tables, strict=True):
            if not isinstance(table, dict) or not all(isinstance(value, str) for value in table.values()):
                raise UsageError(
                    f"[{key}] has to be a table of texts.", "Take it out: it only says what was installed."
                )
        return cls(*tables)

    def offer(self, section: str, kind: SpecType, name: str, registry: Registry, *, near: str | None = None) -> Offer:
        """What the run meant by a name; of names that it did not write down, what ``Registry.offer`` finds.

        Raises:
            UsageError, PluginError: as there, or what was written down is not installed any more.
        """
        qualified = self._of(section, kind, name, registry)
        if qualified is None:
            return registry.offer(kind, name, near=near)
        try:
            return registry.offer(kind, qualified)
        except UsageError as error:
            distribution = qualified.rpartition(":")[0]
            version = f"=={self.versions[distribution]}" if distribution in self.versions else ""
            raise PluginError(
                f"The {section} of this run is {qualified}, and no plugin in use offers that.",
                f"Install it again: pip install {distribution}{version}. To go on with another plugin's {name}, take "
                f"`{section}` out of [origins] in config.toml.",
            ) from error

    def _of(self, section: str, kind: SpecType, name: str, registry: Registry) -> str | None:
        written = self.recorded.get(section, "")
        if name and name in (written, written.rpartition(":")[2]):
            return written
        # Runs of before the first release wrote down versions alone.
        used = [offer for offer in registry.offers(kind)
                if offer.spec.name == name and offer.plugin.distribution in self.versions]  # fmt: skip
        return used[0].qualified if len(used) == 1 and not written else None
