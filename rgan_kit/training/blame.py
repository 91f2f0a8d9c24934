"""Whose fault it is when a plugin's code raises."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rgan_kit.errors import PluginError, RganKitError, out_of_memory
from rgan_kit.plugins.host import describe


@contextmanager
def blamed(who: str) -> Iterator[None]:
    """Names ``who`` when what happens inside raises.

    Errors that are meant for the user, and those of the file system, go through as they are.

    Raises:
        PluginError: anything else.
        RganKitError: there is not enough memory, which is nobody's fault.
    """
    try:
        yield
    except (RganKitError, OSError):
        raise
    except Exception as error:
        if out_of_memory(error):
            raise RganKitError(
                "There is not enough memory for this.", "Use a smaller train.batch_size, a smaller model, or less data."
            ) from error
        raise PluginError(f"{who} raised {describe(error)}.", "RGANKIT_DEBUG=1 shows where.") from error
