"""The report in a real browser, opened from disk without a network."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browser import console, open_browser, requests, wait
from fakes import png
from PIL import Image
from stored import begin, commit_trial, fail_trial, trial

from pipeline.engine import View
from pipeline.pictures import encode
from pipeline.record.compact import compact
from pipeline.report.make import NO_JUDGE, make_report
from pipeline.storage import Storage
from pipeline.trial import Trial

NOW = 1_800_000_000.0
SCRIPT = "<script>alert(1)</script>"
HOSTILE = (SCRIPT, "</script><script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "' onfocus='alert(1)")
MANY = 1000


@dataclass(frozen=True)
class Page:
    """A report in a browser."""

    browser: Any
    folder: Path

    def run(self, code: str, *arguments: object) -> Any:
        return self.browser.execute_script(code, *arguments)

    def open(self) -> None:
        self.browser.get((self.folder / "index.html").as_uri())
        wait(self.browser, lambda browser: browser.execute_script("return 'ready' in document.documentElement.dataset"))

    def texts(self, selector: str) -> list[str]:
        found: list[str] = self.run(
            "return [...document.querySelectorAll(arguments[0])].map(e => e.textContent)", selector
        )
        return found

    def fill(self, name: str, value: str | bool) -> None:
        """Set a field of the filters as a person would, event included."""
        self.run(
            """const field = document.getElementById("filters").elements[arguments[0]];
            if (field.type === "checkbox") field.checked = arguments[1]; else field.value = arguments[1];
            field.dispatchEvent(new Event("input", { bubbles: true }));""",
            name,
            value,
        )


def _views(color: tuple[int, int, int], count: int = 4) -> list[View]:
    """Each view a disk of the colour, darker view by view."""
    y, x = np.mgrid[:48, :48] - 24
    views = []
    for index in range(count):
        pixels = np.full((48, 48, 3), 255, np.uint8)
        pixels[x**2 + y**2 < 400] = np.array(color) * (count - index) // count
        data = encode(Image.fromarray(pixels))
        views += [
            View(index=index, kind=kind, azimuth=90.0 * index, elevation=15.0, radius=2.5, png=data)
            for kind in ("color", "depth")
        ]
    return views


def _mesh() -> bytes:
    trimesh = pytest.importorskip("trimesh")
    mesh = trimesh.creation.torus(1.0, 0.4)
    mesh.visual.vertex_colors = np.array([[220, 40, 40, 255]] * len(mesh.vertices), np.uint8)
    data: bytes = mesh.export(file_type="glb")
    return data


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with open_browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A mug and a duck in two variants, hostile prompts, one of them with a mesh, a collapsed and a failed trial."""
    folder = tmp_path_factory.mktemp("small")
    storage = Storage(str(folder / "sweep"))
    done = [
        trial(prompt, seed, variant, guidance={"scale": scale})
        for prompt in ("a red mug", "a duck")
        for seed in (0, 1)
        for variant, scale in (("w20", 20), ("w100", 100))
    ]
    bad = [trial(prompt, 0, HOSTILE[2]) for prompt in HOSTILE]
    lost = trial("a hat", 0, "w20")
    begin(storage, *done, *bad, lost)
    for place, made in enumerate([*done, *bad]):
        opacity = (place * 5 % 12) / 12
        verdict = "collapsed" if place == 0 else "healthy"
        files = {"mesh.glb": _mesh()} if made is bad[0] else {}
        commit_trial(
            storage,
            made,
            metrics={"opacity": opacity},
            verdict=verdict,
            views=_views((220, 20 * place, 40)),
            files=files,
        )
    fail_trial(storage, lost, reason=HOSTILE[1])
    make_report(storage, folder / "report", "embedded", NOW)
    return folder / "report"


@pytest.fixture
def page(browser: Any, small: Path) -> Iterator[Page]:
    opened = Page(browser, small)
    opened.open()
    yield opened
    assert console(browser) == []


def test_it_loads_from_its_folder_alone(page: Page) -> None:
    requests(page.browser)
    page.open()
    page.run("document.getElementById('gallery').scrollIntoView({ behavior: 'instant' })")
    seen: list[str] = []
    wait(page.browser, lambda browser: seen.extend(requests(browser)) or any("/views/" in name for name in seen))
    base = page.folder.as_uri()
    assert {f"{base}/index.html", f"{base}/assets/report.css", f"{base}/data/trials.js"} <= set(seen)
    assert not [name for name in seen if not name.startswith((base, "data:", "blob:"))]
    assert len(page.texts("#cards .card")) == 13
    assert page.run("return document.querySelectorAll('#curves svg path').length") >= 2
    assert "13 trials of 7 prompts, 2 seeds and 3 variants" in page.texts("#overview .lead")[0]
    assert "looks collapsed" in " ".join(page.texts("#health td"))
    assert page.texts("#retrieval tbody th")[0] == "w20"
    assert page.texts("#diversity .spreads tbody th")


def test_a_prompt_is_text_everywhere(page: Page) -> None:
    assert set(HOSTILE) <= set(page.texts("#cards h3, #cards .caption strong"))
    strange = "img[src='x'], main script, dialog script, [onfocus], [onerror]"
    assert page.run("return document.querySelectorAll(arguments[0]).length", strange) == 0
    for prompt in HOSTILE:
        page.fill("prompt", prompt)
        page.run("document.querySelector('#cards .card').click()")
        wait(page.browser, lambda _: page.texts("#facts summary"))
        assert page.texts("#trial-title") == [prompt]
        assert page.run("return document.querySelector('#stage img').alt").startswith(prompt)
        assert page.run("return document.querySelectorAll(arguments[0]).length", strange) == 0
        page.run("document.getElementById('close').click()")
    assert page.run("return document.title").endswith("dreamsweep")


def test_filters_and_order(page: Page) -> None:
    def shown() -> int:
        return len(page.texts("#cards .card"))

    page.fill("prompt", "MUG")
    assert (shown(), page.texts("#cards h3")) == (4, ["a red mug"])
    page.fill("variant", "w100")
    assert shown() == 2
    page.fill("seed", "1")
    assert shown() == 1
    page.run("document.querySelector('#filters [type=reset]').click()")
    wait(page.browser, lambda _: shown() == 13)
    page.fill("verdict", "collapsed")
    assert shown() == 1
    page.fill("verdict", "")
    page.fill("status", "failed")
    assert "failed" in page.texts("#cards .card")[0]
    page.fill("status", "completed")
    page.fill("sort", "opacity")
    falling = page.texts("#cards .caption .quiet")
    page.fill("reversed", True)
    rising = page.texts("#cards .caption .quiet")
    numbers = [float(text.rsplit(" ", 1)[1]) for text in rising]
    assert numbers == sorted(numbers)
    assert len(set(numbers)) > 5
    assert [float(text.rsplit(" ", 1)[1]) for text in falling] == sorted(numbers, reverse=True)
    page.fill("marked", True)
    assert 0 < shown() < 12
    page.fill("prompt", "nothing of the kind")
    assert (shown(), page.texts("#count")) == (0, ["No trial passes these filters."])


def test_views_turn_under_the_pointer_and_by_the_slider(page: Page) -> None:
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.by import By

    card = page.browser.find_element(By.CSS_SELECTOR, "#cards .card")
    place = "return getComputedStyle(arguments[0].querySelector('img')).objectPosition"
    assert page.run(place, card) == "0% 0px"
    page.run("arguments[0].scrollIntoView({ block: 'center', behavior: 'instant' })", card)
    ActionChains(page.browser).move_to_element(card).perform()
    wait(page.browser, lambda _: page.run(place, card) != "0% 0px")
    ActionChains(page.browser).move_to_element(page.browser.find_element(By.ID, "gallery-title")).perform()
    wait(page.browser, lambda _: page.run(place, card) == "0% 0px")
    card.click()
    wait(page.browser, lambda _: page.texts("#facts summary"))
    page.run(
        """const slider = document.querySelector("#stage input");
        slider.value = 3; slider.dispatchEvent(new Event("input"));"""
    )
    assert page.texts("#stage output") == ["view 4 of 4, 270°"]
    assert page.run("return document.querySelector('#stage img').style.objectPosition") == "100% 0px"


def test_the_keyboard_is_enough(page: Page) -> None:
    from selenium.webdriver.common.keys import Keys

    page.run("document.querySelectorAll('#cards .card')[1].focus()")
    page.browser.switch_to.active_element.send_keys(Keys.ENTER)
    assert page.texts("#trial-where")[0].endswith("2 of 13")
    page.browser.switch_to.active_element.send_keys(Keys.ARROW_RIGHT)
    assert page.texts("#trial-where")[0].endswith("3 of 13")
    page.browser.switch_to.active_element.send_keys(Keys.ESCAPE)
    wait(page.browser, lambda _: not page.run("return document.getElementById('trial').open"))
    nameless = page.run(
        """const named = e => e.textContent.trim() || e.ariaLabel || e.alt || e.closest("label")?.textContent.trim();
        const all = [...document.querySelectorAll("button, select, input, img")];
        return all.filter(e => !named(e)).map(e => e.outerHTML)"""
    )
    assert nameless == []


def test_the_mesh_is_drawn(page: Page) -> None:
    page.fill("prompt", SCRIPT)
    page.run("document.querySelector('#cards .card:has(.corner)').click()")
    page.run("[...document.querySelectorAll('#stage .tabs button')].find(b => b.textContent === '3D').click()")
    wait(page.browser, lambda _: page.run("return document.querySelector('model-viewer')?.loaded === true"))

    def drawn(_: object) -> float | None:
        data = page.run("return document.querySelector('model-viewer').toDataURL('image/png')")
        image = Image.open(io.BytesIO(base64.b64decode(data.partition(",")[2]))).convert("RGBA")
        pixels = np.asarray(image).astype(int)
        red = (pixels[..., 0] > pixels[..., 1] + 40) & (pixels[..., 3] > 200)
        return float(red.mean()) if red.mean() > 0.02 else None

    assert wait(page.browser, drawn) < 0.9, "the torus does not fill the picture"
    assert page.run("return document.querySelector('#stage a[download]').download").endswith(".glb")


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of a thousand trials, of small pictures."""
    folder = tmp_path_factory.mktemp("large")
    storage = Storage(str(folder / "sweep"))
    trials: list[Trial] = [trial(f"thing {i % 100}", i // 100, f"v{i // 500}") for i in range(MANY)]
    begin(storage, *trials)
    views = [
        View(index=i, kind="color", azimuth=90.0 * i, elevation=15.0, radius=2.5, png=png(200, 60 * i, 0))
        for i in range(4)
    ]
    for place, made in enumerate(trials):
        commit_trial(storage, made, metrics={"opacity": place / MANY}, views=views)
    compact(storage)
    make_report(storage, folder / "report", NO_JUDGE, NOW)
    return folder / "report"


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_thousand_trials_stay_light(browser: Any, large: Path) -> None:
    page = Page(browser, large)
    requests(browser)
    page.open()
    assert console(browser) == []
    assert page.texts("#count") == [f"1 to 48 of {MANY:,}"]
    assert page.run("return document.querySelectorAll('*').length") < 1500
    images = page.run("return [...document.images].map(image => [image.loading, image.src])")
    assert {loading for loading, _ in images} == {"lazy"}
    assert len(images) < 60
    # What is not seen is not asked for: no other page's views, no trial's own data, no viewer.
    wait(browser, lambda _: page.run("return document.images[0].complete"))
    asked = requests(browser)
    views = [name for name in asked if "/views/" in name]
    assert 0 < len(set(views)) < len({src for _, src in images})
    assert not [name for name in asked if "/trials/" in name or "model-viewer" in name]
    assert asked.index(next(name for name in asked if name.endswith("start.js"))) < asked.index(views[0])
    # The first paint waits for no picture, and so comes before the page has loaded all of them.
    wait(browser, lambda _: page.run("return performance.getEntriesByName('first-contentful-paint').length"))
    for _ in range(MANY // 48):
        page.run("document.getElementById('after').click()")
    assert page.texts("#count") == [f"961 to {MANY:,} of {MANY:,}"]
    assert page.run("return document.getElementById('after').disabled")
    page.fill("prompt", "thing 99")
    assert page.texts("#count") == [f"1 to 10 of 10 ({MANY:,} in all)"]
    assert page.run("return document.querySelectorAll('*').length") < 1500
