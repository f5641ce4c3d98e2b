"""How Sphinx makes the site of these pages: `make docs`.

The whole repository is the source, so that a link between any two pages is the same here as in a checkout; what is no
page is offered as a file. Nothing is loaded from elsewhere: the site opens from disk.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

with (Path(__file__).resolve().parent.parent / "pyproject.toml").open("rb") as _file:
    _project = tomllib.load(_file)["project"]

project = _project["name"]
author = f"the {project} authors"
copyright = author
version = release = _project["version"]

extensions = ["myst_parser"]
root_doc = "docs/index"
include_patterns = [
    "*.md",
    "deploy/*.md",
    "docs/**.md",
    "dreamcore/assets/*/MODEL_CARD.md",
    "examples/*.md",
    "sweeps/*.md",
]
exclude_patterns = ["build/**", "runs/**", ".venv/**"]
suppress_warnings = ["myst.xref_ambiguous"]  # a heading that two pages have; links name the page, too
myst_heading_anchors = 3
myst_enable_extensions = ["strikethrough"]
nitpicky = True
highlight_language = "none"  # a block without a language is a diagram, a formula or what a command printed

html_theme = "furo"
html_title = project
html_static_path = ["site/static"]
html_css_files = ["site.css"]
html_extra_path = ["site/root"]
html_copy_source = False
html_show_sourcelink = False
