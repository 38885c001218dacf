"""The main job with a real browser: start page, test lead, time line, letter box, accepting on a phone of 360 px.

It needs a Chromium on PATH (Debian: apt-get install chromium) and is skipped loudly where there is none.
"""

import shutil
import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.console.conftest import House, a_house, listening
from tests.console.endpoints import endpoints_and_stages

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIETLY = (
    "--no-sandbox", "--headless", "--disable-gpu", "--disable-background-networking", "--no-first-run", "--disable-component-update",
    "--disable-sync",
)  # fmt: skip
PATIENCE = 15_000  # milliseconds a machine with other work may take; nothing waits that long when all is well


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    found = next((path for path in map(shutil.which, BROWSERS) if path), None)
    if found is None:
        pytest.skip(
            f"NO BROWSER: none of {', '.join(BROWSERS)} is on PATH; the pages were not looked at. Debian: apt-get install chromium"
        )
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=found, args=list(QUIETLY))
        yield started
        started.close()


@pytest.fixture
def running(settings) -> Iterator[House]:
    """The service with an engine that turns, in real time."""
    over = threading.Event()

    def turn(house: House) -> None:
        while not over.wait(0.05):
            house.work()
            house.send()

    with a_house(settings) as house, listening(house):
        engine = threading.Thread(target=turn, args=(house,))
        engine.start()
        yield house
        over.set()
        engine.join()


@pytest.fixture
def faults() -> Iterator[list[str]]:
    """What the browser complained about, a breach of the content policy for one: there must be nothing."""
    said: list[str] = []
    yield said
    assert said == []


def a_page(browser: Browser, house: House, faults: list[str], *, width: int = 1280, **more) -> Page:
    context: BrowserContext = browser.new_context(
        viewport={"width": width, "height": 740}, base_url=house.settings.public_url, **more
    )
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.on("console", lambda message: faults.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    expect.set_options(timeout=PATIENCE)
    return page


def fits(page: Page) -> bool:
    return page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


def test_a_newcomer_sends_a_test_lead_and_answers_it_as_the_rep(browser, running, faults):
    desk = a_page(browser, running, faults)
    desk.goto("/")
    expect(desk.get_by_role("heading", name="First steps")).to_be_visible()
    desk.get_by_role("region", name="First steps").get_by_role("button", name="Send a test lead").click()
    desk.wait_for_url("**/leads/*")
    code = desk.url.rpartition("/")[2]
    expect(desk.get_by_text("offered to Ann Novak").first).to_be_visible()
    expect(desk.get_by_role("heading", name="Acknowledged")).to_be_visible()

    box = a_page(browser, running, faults)
    box.goto("/outbox?to=rep:ann")
    link = box.get_by_role("link", name="/offers/").first.get_attribute("href")
    assert link

    phone = a_page(browser, running, faults, width=360, has_touch=True, is_mobile=True)
    phone.goto(link)
    assert fits(phone)
    expect(phone.get_by_role("link", name="Call")).to_have_count(0)
    accept = phone.get_by_role("button", name="Accept")
    assert accept.bounding_box()["height"] >= 48
    accept.click()
    expect(phone.get_by_role("button", name="Call from our number")).to_be_visible()
    call = phone.get_by_role("link", name="Dial +1")
    expect(call).to_be_visible()
    assert call.get_attribute("href").startswith("tel:+1")
    assert fits(phone)
    for button in phone.get_by_role("button").all():
        assert not button.is_visible() or button.bounding_box()["height"] >= 48, button.inner_text()
    expect(desk.get_by_role("heading", name="Accepted", exact=True)).to_be_visible()  # without touching the page
    phone.get_by_role("button", name="Talked").click()
    expect(desk.get_by_text("first response after").first).to_be_visible()
    assert running.one(code)["responded_at"] is not None


def test_a_live_page_keeps_what_is_being_typed(browser, running, faults):
    running.lead()
    box = a_page(browser, running, faults)
    box.goto("/outbox?to=lead")
    field = box.get_by_label("Answer as Dana Cole")
    field.fill("I am still")
    field.press("End")
    running.lead("Omar Park", phone="+14155550199")
    expect(box.get_by_text("Omar Park (lead)")).to_be_visible()
    box.keyboard.type(" typing")
    expect(field).to_have_value("I am still typing")
    assert field.evaluate("field => field === document.activeElement")


def test_updates_can_be_paused(browser, running, faults):
    board = a_page(browser, running, faults)
    board.goto("/")
    board.get_by_role("button", name="Pause updates").click()
    running.lead()
    asked = []
    board.on("request", lambda request: asked.append(request.url))
    board.wait_for_timeout(3_500)
    assert asked == []
    board.get_by_role("button", name="Resume updates").click()
    expect(board.get_by_role("link", name="Dana Cole")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_fits_a_phone_and_has_legible_colours(browser, running, faults, scheme):
    code = running.lead(
        "Maximiliana Featherstonehaugh-Wolfeschlegelsteinhausen",
        company="A firm with quite a long name, Incorporated",
        email="m@acme.example",
    )
    running.lead("Somebody", phone=None)
    page = a_page(browser, running, faults, width=360, color_scheme=scheme)
    links = (running.offer(code, "ann"), running.breach(code))
    for path in ("/", "/?kiosk=1", "/leads", f"/leads/{code}", "/outbox", "/reports", "/events", "/sign-in", *links):
        page.goto(path)
        assert fits(page), path
        assert page.evaluate(CLIPPED) == [], path
        assert page.evaluate(PALE) == [], path
        assert page.evaluate(SMALL) == [], path


def test_the_wall_names_who_is_asked_and_the_search_what_it_looks_for(browser, running, faults):
    running.lead()
    page = a_page(browser, running, faults)
    for path in ("/?kiosk=1", "/"):
        page.goto(path)
        holder = page.locator(".card .holder span").first
        expect(holder).to_have_text("Ann Novak")
        assert holder.evaluate("it => it.scrollWidth <= it.clientWidth"), path
        assert page.evaluate(CLIPPED) == [], path
    assert page.locator("#q").evaluate(HOLDS_ITS_HINT)


# tables and rows of buttons that go on beyond the edge, where nothing shows that there is more; figures have a first column that stays
CLIPPED = """() => [...document.querySelectorAll(".scroll, .row, .clockline, .nav")]
  .filter((node) => node.checkVisibility() && node.scrollWidth > node.clientWidth + 1 && !node.querySelector(".figures"))
  .map((node) => node.outerHTML.slice(0, 80))"""
HOLDS_ITS_HINT = """(field) => {
  const style = getComputedStyle(field), pen = document.createElement("canvas").getContext("2d");
  pen.font = style.font;
  return pen.measureText(field.placeholder).width <= field.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
}"""


# what can be pressed and is less than 24 px high or wide (WCAG 2.2, 2.5.8); links within a sentence may be
SMALL = """() => [...document.querySelectorAll("a, button, input, select, textarea, summary")].filter((node) => {
  const { width, height } = node.getBoundingClientRect();
  const isSeen = node.checkVisibility() && width > 1 && height > 1;
  return isSeen && (width < 24 || height < 24) && !node.closest(".mail, .bubble, .said, .alert, pre");
}).map((node) => node.outerHTML.slice(0, 80))"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_events_and_reports_fit_a_phone_with_long_words_in_them(browser, settings, faults, tmp_path, scheme):
    with a_house(settings) as house, listening(house):
        endpoints_and_stages(house, tmp_path)
        page = a_page(browser, house, faults, width=360, color_scheme=scheme)
        for path in ("/events", "/reports", "/reports?days=365"):
            page.goto(path)
            for fold in page.locator("details").all():
                fold.evaluate("fold => { fold.open = true }")
            assert fits(page), path
            assert page.evaluate(PALE) == [], path
            assert page.evaluate(SMALL) == [], path


def test_a_button_of_the_events_page_delivers_again(browser, settings, faults, tmp_path):
    with a_house(settings) as house, listening(house):
        endpoints_and_stages(house, tmp_path)
        page = a_page(browser, house, faults)
        page.goto("/events")
        page.get_by_role("region", name="Dead letters").get_by_role("button", name="Deliver again").first.click()
        expect(page.get_by_role("status").filter(has_text="on their way")).to_be_visible()
        assert "pending" in {row["state"] for row in house.rows("SELECT state FROM dispatches WHERE endpoint = 'warehouse'")}


# every text against the nearest opaque ground behind it, as WCAG 2.2 counts contrast (4.5:1, large text 3:1)
PALE = """() => {
  const channel = (c) => { c /= 255; return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; };
  const parse = (said) => (said.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const ground = (node) => {
    for (let at = node; at; at = at.parentElement) {
      const colour = parse(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const pale = [];
  for (const node of document.querySelectorAll("body *")) {
    const words = [...node.childNodes].filter((n) => n.nodeType === 3).map((n) => n.data.trim()).join("");
    const box = node.getBoundingClientRect();
    if (!words || box.width < 2 || !node.checkVisibility()) continue;
    const style = getComputedStyle(node);
    const [a, b] = [light(parse(style.color)), light(ground(node))].sort((x, y) => y - x);
    const large = parseFloat(style.fontSize) >= 24 || (parseFloat(style.fontSize) >= 18.66 && Number(style.fontWeight) >= 700);
    if ((a + 0.05) / (b + 0.05) < (large ? 3 : 4.5)) pale.push(words.slice(0, 40) + " " + ((a + 0.05) / (b + 0.05)).toFixed(2));
  }
  return pale;
}"""
