"""Finds the domain that a model file names, and has it make the decoder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rgan_kit.contracts.specs import DomainSpec
from rgan_kit.errors import DataError, PluginError, RganKitError
from rgan_kit.plugins.contain import contained, describe
from rgan_kit.plugins.origins import OURSELVES
from rgan_kit.plugins.registry import default_registry

if TYPE_CHECKING:
    from rgan_kit.contracts.domains import Decoder
    from rgan_kit.runtime.manifest import Manifest


def find_domain(manifest: Manifest, source: str) -> DomainSpec:
    """The domain of a model file. Where several plugins have one of this name, those that the file was made with
    go first, and then the built-in one.

    Raises:
        PluginError: it is not installed, or there is more than one.
        DataError: it is of another kind of data.
    """
    offers = [o for o in default_registry().offers(DomainSpec) if manifest.domain in (o.spec.name, o.qualified)]
    offers = [o for o in offers if o.plugin.distribution in manifest.plugins] or offers
    if len(offers) > 1:  # the exporter writes the full name of any other
        offers = [o for o in offers if o.plugin.distribution == OURSELVES] or offers
    makers = ", ".join(f"{name} {version}" for name, version in manifest.plugins.items()) or "no plugins"
    if not offers:
        install = " ".join(f'"{name}=={version}"' for name, version in manifest.plugins.items())
        raise PluginError(
            f"{source}: needs the domain '{manifest.domain}', which no plugin here offers; it was made with {makers}.",
            f"Install it: pip install {install} (and see: rgankit plugins list)." if install else "",
        )
    if len(offers) > 1:
        names = ", ".join(offer.qualified for offer in offers)
        raise PluginError(
            f"{source}: several plugins offer the domain '{manifest.domain}': {names}; it was made with {makers}.",
            "Leave the others out with RGANKIT_BLOCK.",
        )
    spec = offers[0].spec
    assert isinstance(spec, DomainSpec)
    if spec.kind_of is None and spec.kind != manifest.kind:
        raise DataError(f"{source}: makes {manifest.kind}, but the domain '{spec.name}' is one of {spec.kind}.")
    return spec


def make_decoder(manifest: Manifest, source: str) -> Decoder:
    """The decoder of a model file.

    Raises:
        PluginError: as ``find_domain`` does, or the domain fails on what the file says.
        DataError: the file lacks something that the domain needs.
    """
    spec = find_domain(manifest, source)
    try:
        with contained():
            return spec.decoder(manifest.decoder)
    except DataError as error:
        raise DataError(f"{source}: {error.problem}", error.hint) from None
    except RganKitError:
        raise
    except Exception as error:  # a stranger's file in a stranger's plugin
        raise PluginError(f"{source}: the domain '{spec.name}' fails on what it says: {describe(error)}.") from error
