"""The built page of ``rgankit demo``: what ``exported/apps/web`` makes, ready for any web server."""

from pathlib import Path
from typing import Final

PAGE: Final = Path(__file__).parent / "page"
"""The folder that holds ``index.html`` and everything that it asks for."""
