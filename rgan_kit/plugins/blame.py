"""Whose fault it is when a plugin's code raises."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rgan_kit.errors import PluginError, RganKitError, out_of_memory
from rgan_kit.plugins.contain import Escape, contained, describe
from rgan_kit.plugins.host import installed_host
from rgan_kit.plugins.origins import OURSELVES
from rgan_kit.plugins.records import PluginRecord


@contextmanager
def blamed(who: str) -> Iterator[None]:
    """Names ``who`` when what happens inside raises, be it ``sys.exit``.

    Errors that are meant for the user, those of the file system, and the user's Ctrl-C go through as they are.

    Raises:
        PluginError: anything else.
        RganKitError: there is not enough memory, which is nobody's fault.
    """
    try:
        with contained():
            yield
    except (RganKitError, OSError):
        raise
    except Exception as error:
        if out_of_memory(error):
            raise RganKitError(
                "There is not enough memory for this.", "Use a smaller train.batch_size, a smaller model, or less data."
            ) from error
        guilty = culprit(error)
        where = f" in plugin {guilty.qualified}" if guilty is not None else ""
        raise PluginError(f"{who} raised {describe(error)}{where}.", "RGANKIT_DEBUG=1 shows where.") from error


def culprit(error: BaseException) -> PluginRecord | None:
    """The stranger's plugin whose code raised, as the traceback has it; None where there is none in it."""
    if not installed_host.cache_info().currsize:
        return None
    strangers = [record for record in installed_host().records if record.distribution != OURSELVES]
    roots = {record.target.partition(":")[0].partition(".")[0]: record for record in strangers}
    raised = error.__cause__ if isinstance(error, Escape) and error.__cause__ is not None else error
    found, trace = None, raised.__traceback__
    while trace is not None:
        root = str(trace.tb_frame.f_globals.get("__name__", "")).partition(".")[0]
        found, trace = roots.get(root, found), trace.tb_next
    return found
