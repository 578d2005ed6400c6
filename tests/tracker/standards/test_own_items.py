"""A release of one's own with an item that nothing ships and another name for one that does: every page knows both."""

import pytest
import sqlalchemy as sa
from flask import Flask

from scoring import catalogue
from tests.tracker.scores import ahead
from tracker import clock
from tracker.database import db
from tracker.metrics import services as metrics
from tracker.metrics.models import Metric
from tracker.metrics.series import latest_months
from tracker.nonconformities import services as nonconformities
from tracker.nonconformities.drafts import PinSpec
from tracker.nonconformities.models import Nonconformity
from tracker.organisations.models import Site
from tracker.reviews import services as reviews
from tracker.reviews.models import Review
from tracker.scores.sheets import month_of
from tracker.standards import services
from workflows.kinds import Grade, Source

KEY = "copc-2000-csp@house"
ITEM = "4.8"
NAME = "Digital channels of the house"
RENAMED = "Attrition and absence, house wording"
LINE = "Digital channels are measured like the others"
MARK = 1850

_NEW_ITEM = f"""
[[items]]
id = "{ITEM}"
category = "4"
zh = "本公司的数字渠道"
en = "{NAME}"
standard = 40
gold = 40
crossing = {{ primary = "S7", secondary = ["S3"], zh = "渠道", en = "Channels" }}
lines = [
  {{ id = "{ITEM}-1", zh = "数字渠道与其他渠道一样衡量", en = "{LINE}" }},
]

[[items]]
id = "4.7"
"""


def house_release() -> str:
    """Release 4.1 with item 4.6 renamed and worth 60, and a new item 4.8 worth the 40 that are left."""
    text = catalogue.source(catalogue.COPC)
    for old, new in (
        (f'"{catalogue.COPC}"', f'"{KEY}"'),
        ("pass_points = 1900", f"pass_points = {MARK}"),
        ("{ standard = 21, gold = 30 }", "{ standard = 22, gold = 31 }"),
        ('en = "Staff Attrition and Absenteeism"\nstandard = 100\ngold = 100',
         f'en = "{RENAMED}"\nstandard = 60\ngold = 60'),
        ('\n[[items]]\nid = "4.7"\n', _NEW_ITEM),
    ):  # fmt: skip
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def test_the_release_of_the_house_adds_up() -> None:
    standard = catalogue.parse(house_release())
    assert standard.item(ITEM).name.en == NAME
    assert standard.tiers["standard"].pass_points == MARK


@pytest.fixture
def house(fresh_demo: Flask) -> Flask:
    """The demo with site chengdu judged by the house's release, a metric on the new item, and a draft against it."""
    with fresh_demo.test_request_context():
        site, lin = site_of("chengdu"), ahead.actor("lin")
        services.load_release(lin, house_release().encode())
        services.move_site(lin, site, ahead.COPC, KEY, "Our own channels.", None)
        metric = metrics.create_metric(
            lin,
            site_id=site.id,
            item=ITEM,
            name_en="Chat answered",
            code="chat",
            better="higher",
            measure="%",
        )
        first = latest_months(month_of(clock.today()), 8)
        metrics.set_target(lin, metric, first[0], value="90")
        values = dict(zip(first, ("95", "94", "95", "93", "92", "91", "92", "91"), strict=True))
        metrics.set_values(lin, metric, values)
        nonconformities.raise_draft(
            lin,
            site_id=site.id,
            title="Chat is not measured",
            grade=Grade.MAJOR,
            source=Source.MONITORING,
            statement="No figures.",
            evidence="None seen.",
            owner_id=ahead.person("he").id,
            pins=[PinSpec(ahead.COPC, f"{ITEM}/line/{ITEM}-1")],
        )
        day = clock.today()
        review = reviews.plan_review(
            lin,
            site_id=site.id,
            title="Half year",
            period_start=day,
            period_end=day,
            planned_on=day,
            lead_auditor_id=ahead.person("chen").id,
        )
        reviews.make_move(ahead.actor("chen"), review, "start")
        db.session.commit()
    return fresh_demo


def site_of(code: str) -> Site:
    return db.session.execute(sa.select(Site).where(Site.code == code)).scalar_one()


def test_every_page_knows_the_release_of_its_site(house: Flask) -> None:
    """Each page of the site answers, the new item by its name and the old one by its new name."""
    browser = ahead.pages(house)
    with house.app_context():
        record = db.session.execute(
            sa.select(Nonconformity).where(Nonconformity.title == "Chat is not measured")
        ).scalar_one()
        metric = db.session.execute(sa.select(Metric).where(Metric.code == "chat")).scalar_one()
        review = db.session.execute(sa.select(Review).where(Review.title == "Half year")).scalar_one()
        draft, chat, half = record.number, metric.number, review.number
    named = (
        "/scores/?site=chengdu",
        "/scores/sums?site=chengdu",
        f"/scores/items/{ITEM}?site=chengdu",
        "/metrics/?site=chengdu",
        "/metrics/new?site=chengdu",
        f"/metrics/{chat}",
        "/metrics/required?site=chengdu",
        f"/nonconformities/new?site=chengdu&element={ITEM}",
        f"/nonconformities/new?metric={chat}",
        f"/nonconformities/{draft}",
        f"/nonconformities/{draft}/edit",
        "/nonconformities/",
        "/causes/",
        "/reviews/new",
        f"/reviews/{half}",
        f"/reviews/{half}/items/{ITEM}",
        "/scores/readiness?site=chengdu",
    )
    for path in named:
        words = browser.get(path).words
        assert NAME in words, f"{path} does not name the new item"
    for path in ("/scores/?site=chengdu", "/scores/items/4.6?site=chengdu", f"/reviews/{half}/items/4.6"):
        assert RENAMED in browser.get(path).words, f"{path} does not have the new name of 4.6"
    for path in (f"/nonconformities/{draft}", f"/nonconformities/new?site=chengdu&element={ITEM}"):
        assert LINE in browser.get(path).words
    for path in (
        "/scores/worth?site=chengdu",
        "/scores/what-if?site=chengdu",
        "/scores/path?site=chengdu",
        f"/nonconformities/{draft}/worth",
        f"/reviews/{half}/gaps",
        "/reviews/planner",
        "/processes/?site=chengdu",
        "/standards/",
        "/standards/sites/chengdu",
        "/sites/chengdu",
    ):
        browser.get(path)
    hints = browser.get("/metrics/hints?site=chengdu")
    assert "What metrics say" in hints.words
    board = browser.get("/?site=chengdu")
    words = board.words.replace(",", "")
    assert f"pass mark {MARK}" in words
    assert f"points to {MARK}" in words
    assert "points to 1900" not in words


def test_a_site_that_stays_keeps_the_names_that_ship(house: Flask) -> None:
    browser = ahead.pages(house)
    words = browser.get("/scores/items/4.6?site=suzhou").words
    assert "Staff Attrition and Absenteeism" in words
    assert RENAMED not in words
    browser.get(f"/scores/items/{ITEM}?site=suzhou", status=404)
