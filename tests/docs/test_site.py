"""The site builds without a warning, leads nowhere that is not there, and asks nobody for anything."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOADED = {"img": "src", "script": "src", "link": "href", "iframe": "src", "source": "src", "video": "src"}


class Links(HTMLParser):
    """What a page links to, what it loads, and the anchors that it has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        have = dict(attrs)
        if have.get("id"):
            self.anchors.add(str(have["id"]))
        if tag == "a" and have.get("href"):
            self.links.append(str(have["href"]))
        wanted = have.get(LOADED.get(tag, ""))
        if wanted and have.get("rel") not in ("canonical", "next", "prev"):
            self.loaded.append(wanted)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """As `make docs` builds it."""
    folder = tmp_path_factory.mktemp("site")
    recipe = re.search(r"^docs:.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert recipe is not None
    options = re.search(r"-m sphinx (.*?) -d \S+ \. \S+", recipe[1])
    assert options is not None and {"-W", "-n"} <= set(options[1].split()), "warnings are errors, and links are checked"
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "sphinx",
            *options[1].split(),
            "-d",
            str(folder / "doctrees"),
            ".",
            str(folder / "html"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return folder / "html"


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Links]:
    return {page: Links(page.read_text(encoding="utf-8")) for page in sorted(site.rglob("*.html"))}


def test_every_page_of_the_documentation_is_on_the_site(site: Path) -> None:
    for page in [*ROOT.glob("docs/**/*.md"), ROOT / "README.md", ROOT / "sweeps/README.md", ROOT / "CONTRIBUTING.md"]:
        assert (site / page.relative_to(ROOT)).with_suffix(".html").is_file(), page


def inner(pages: dict[Path, Links]) -> Iterator[tuple[Path, str, str]]:
    """The page a link is on, the path it names, and the anchor."""
    for page, found in pages.items():
        for link in [*found.links, *found.loaded]:
            parts = urlsplit(link)
            if not parts.scheme and not parts.netloc:
                yield page, unquote(parts.path), unquote(parts.fragment)


def test_every_link_and_anchor_leads_somewhere(pages: dict[Path, Links]) -> None:
    broken = []
    for page, path, anchor in inner(pages):
        target = (page.parent / path).resolve() if path else page
        if not target.is_file() or (anchor and target in pages and anchor not in pages[target].anchors):
            broken.append(f"{page.name}: {path}#{anchor}")
    assert not broken, "\n".join(sorted(set(broken))[:20])


def test_links_outside_are_whole_and_secure(pages: dict[Path, Links]) -> None:
    outside = {link for found in pages.values() for link in found.links if urlsplit(link).scheme}
    assert len(outside) > 5
    for link in outside:
        parts = urlsplit(link)
        assert parts.scheme in ("https", "mailto"), link
        assert re.fullmatch(r"[a-z0-9.-]+\.[a-z]{2,}", parts.netloc), link


def test_nothing_is_loaded_from_elsewhere(site: Path, pages: dict[Path, Links]) -> None:
    assert not [link for found in pages.values() for link in found.loaded if urlsplit(link).netloc]
    for style in site.rglob("*.css"):
        assert not re.search(r"@import|url\(\s*['\"]?(?:https?:)?//", style.read_text(encoding="utf-8")), style.name


def test_the_search_knows_the_words(site: Path) -> None:
    index = (site / "searchindex.js").read_text(encoding="utf-8")
    assert "mlflow" in index and "docs/tutorial" in index
