"""Discovery, isolation, conflicts and the registry of plugins."""

from rgan_kit.plugins.host import PluginHost, describe
from rgan_kit.plugins.records import PluginRecord, Status
from rgan_kit.plugins.registry import COLLECTIONS, Offer, Registry, default_registry, installed_registry, make_registry

__all__ = [
    "COLLECTIONS",
    "Offer",
    "PluginHost",
    "PluginRecord",
    "Registry",
    "Status",
    "default_registry",
    "describe",
    "installed_registry",
    "make_registry",
]
