"""Makes pages of what lies outside ``docs/`` and is linked from there, so that links hold in the site too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

OUTSIDE = {"../BENCHMARKS.md": "benchmarks.md"}
"""Links as pages in ``docs/`` have them, and pages of the site."""


def on_files(files: Files, config: Any) -> Files:
    """Adds the pages."""
    root = Path(config.config_file_path).parent
    for link, name in OUTSIDE.items():
        content = (root / "docs" / link).resolve().read_text(encoding="utf-8")
        files.append(File.generated(config, name, content=content))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Leads links to them."""
    for link, name in OUTSIDE.items():
        markdown = markdown.replace(f"]({link}", f"]({name}")
    return markdown
