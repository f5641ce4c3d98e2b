"""Text of strangers in pages and scripts."""

from __future__ import annotations

import html.parser
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.report import pages
from pipeline.report.data import Judgement, Overview, Report, Trial, Variant

HOSTILE = (
    "<script>alert(1)</script>",
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "{{ 7 * 7 }}",
    "<!-- & -->",
    "\u2028 a duck",
)


def report_of(prompts: tuple[str, ...], judgement: Judgement | None = None) -> Report:
    """A report of a failed trial for each prompt, hostile in every text there is."""
    trials = [
        Trial(
            trial_id=f"{place:020x}",
            prompt=prompt,
            seed=place,
            variant=prompt,
            status="failed",
            verdict="",
            reason=prompt,
            tags={prompt: prompt},
            numbers={},
            facts={"device": prompt},
            differs={prompt: prompt},
            config={prompt: prompt},
        )
        for place, prompt in enumerate(prompts)
    ]
    variants = [
        Variant(name=prompt, trials=1, failed=1, verdicts={}, steps_per_second=None, seconds=None) for prompt in prompts
    ]
    overview = Overview(
        name=prompts[0],
        planned=len(prompts),
        committed=0,
        failed=len(prompts),
        left=0,
        prompts=len(prompts),
        seeds=1,
        running="",
        hours={},
        span=None,
        steps=0,
        variants=variants,
        priors=prompts,
        devices=prompts,
        software=prompts,
        made="2026-01-01 00:00 UTC",
    )
    spec = "name: " + " ".join(prompts)
    return Report(
        overview=overview, trials=trials, lines={}, judgement=judgement or Judgement(missing=prompts[0]), spec=spec
    )


class _Elements(html.parser.HTMLParser):
    """Every tag and attribute of a page, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_hostile_text_is_text_everywhere_on_the_page() -> None:
    hostile = _Elements(pages.page(report_of(HOSTILE)))
    tame = _Elements(pages.page(report_of(tuple(f"prompt {i}" for i in range(len(HOSTILE))))))
    assert hostile.tags == tame.tags
    assert [name for name, _ in hostile.attributes] == [name for name, _ in tame.attributes]
    for prompt in HOSTILE:
        assert hostile.text.count(prompt) >= 5


def test_the_page_takes_nothing_from_elsewhere() -> None:
    page = _Elements(pages.page(report_of(("a cup",))))
    links = [value or "" for name, value in page.attributes if name in ("src", "href")]
    assert links
    assert not [link for link in links if re.match(r"(\w+:)?//|https?:|file:|/", link)]
    policy = next(value for name, value in page.attributes if name == "content" and value and "default-src" in value)
    assert "default-src 'none'" in policy
    assert "http" not in policy
    names = {link for link in links if link.startswith("assets/")}
    assert all((pages.ASSETS / name.removeprefix("assets/")).is_file() for name in names)


@given(st.recursive(st.text() | st.booleans() | st.none() | st.floats(-9, 9), st.lists, max_leaves=8))
def test_a_script_gives_the_value_back_and_has_no_markup(value: object) -> None:
    text = pages.script("name", value)
    assert not set("<>&") & set(text)
    assert text.isascii()
    found = re.fullmatch(r'dreamsweep\.put\("name", JSON\.parse\((".*")\)\);\n', text)
    assert found is not None
    assert json.loads(json.loads(found.group(1))) == value


def test_a_number_that_json_has_not_is_refused() -> None:
    with pytest.raises(ValueError, match="JSON"):
        pages.script("name", [float("nan")])


def test_long_tables_are_cut_and_say_so() -> None:
    page = pages.page(report_of(tuple(f"prompt {i}" for i in range(pages.MAX_ROWS + 7))))
    assert page.count("data-open=") == pages.MAX_ROWS
    assert "and 7 more" in page


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (3, "3"), (0.0123456, "0.0123"), (99.94, "99.9"), (1234.5, "1,234"), (1e6, "1,000,000")],
)
def test_numbers_are_for_people(value: float, text: str) -> None:
    assert pages.shown(value) == text


def test_one_thing_is_not_many() -> None:
    assert (pages.counted(1, "seed"), pages.counted(2000, "seed")) == ("1 seed", "2,000 seeds")
