"""What is said beside a metric's verdict: control limits, variation, windows, warnings, and the draft they propose."""

from collections.abc import Callable
from fractions import Fraction

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from scoring.policy import DEFAULT
from tests.conftest import make_client
from tests.pages import Pages
from tests.tracker.reviews import ground as grounds
from tests.tracker.reviews.ground import TODAY, Ground
from tracker import clock
from tracker.accounts.models import Person
from tracker.metrics import insight, queries, services
from tracker.metrics.loaded import load_site
from tracker.metrics.models import Metric
from tracker.metrics.page import get_metric_page

Be = Callable[[Person], Pages]


@pytest.fixture
def at(db: SQLAlchemy):
    with clock.at(TODAY):
        yield grounds.lay()


@pytest.fixture
def be(app: Flask) -> Be:
    return lambda person: Pages(make_client(app)).sign_in(person)


def fill(at: Ground, metric: Metric, *values: str) -> None:
    """The latest months up to May, the last whole one."""
    months = [f"2026-0{month}" for month in range(6 - len(values), 6)]
    for month in [f"2026-0{month}" for month in range(1, 7)]:
        services.set_value(at.actor(at.manager), metric, month, "")
    services.set_values(at.actor(at.manager), metric, dict(zip(months, values, strict=True)))


def hints(at: Ground, metric: Metric) -> list[tuple[str, str]]:
    found = load_site(at.organisation.id, at.site).hints([metric])[metric.id]
    return [(hint.kind, hint.text) for hint in found]


# ---------------------------------------------------------------- control charts


def months(count: int) -> list[str]:
    return [f"2026-{month:02}" for month in range(1, count + 1)]


def test_too_few_months_say_so_in_place_of_a_chart(app: Flask) -> None:
    with app.test_request_context():
        found = insight.control_of("x", "%", months(5), dict.fromkeys(months(5), Fraction(1)))

    assert found.individuals is None
    assert "5 are there, 6 are needed" in found.why


def test_a_signal_is_numbered_on_the_chart_and_told_in_words(app: Flask) -> None:
    values = dict(zip(months(9), map(Fraction, (10, 11, 10, 11, 10, 11, 10, 11, 30)), strict=True))
    with app.test_request_context():
        found = insight.control_of("Wait", "s", months(9), values)

    assert [(each.number, each.month) for each in found.signals] == [(1, "2026-08"), (2, "2026-09")]
    assert found.signals[0].words == ("Eight points in a row on one side of the mean (low)",)
    assert "One point beyond a control limit (high)" in found.signals[1].words
    assert "A moving range beyond its limit" in found.signals[1].words
    points = found.individuals["series"][0]["data"]  # type: ignore[index]
    assert [point.get("label", {}).get("formatter") for point in points] == [None] * 7 + ["1", "2"]
    assert "Provisional limits: 9 months" in found.note


def test_missing_months_are_stepped_over_and_named(app: Flask) -> None:
    values = {month: Fraction(place) for place, month in enumerate(months(8)) if place != 3}
    with app.test_request_context():
        found = insight.control_of("Wait", "", months(8), values)

    assert "2026-04" in found.note
    assert found.individuals["series"][0]["data"][3]["value"] == "-"  # type: ignore[index]


# ---------------------------------------------------------------- variation


def test_each_rule_has_its_own_result(app: Flask) -> None:
    values = [Fraction(value) for value in (150, 240, 330, 200, 310, 270)]
    with app.test_request_context():
        bond, spread, sigma = insight.variation_of(
            values, [(Fraction(1600), Fraction(10000))], "lower", DEFAULT
        )

    assert (bond.shown, bond.tone) == ("0.7200", "danger")
    assert spread.tone == "danger"
    assert (sigma.shown, sigma.tone) == ("2.4945", "danger")
    assert insight.flagged([bond])


@pytest.mark.parametrize(
    ("counts", "better", "why"),
    [
        ([], "higher", "needs counts"),
        ([(Fraction(1, 2), Fraction(3))], "higher", "not of defects"),
        ([(Fraction(5), Fraction(3))], "higher", "not of defects"),
        ([(Fraction(1), Fraction(3))], "range", "not of defects"),
        ([(Fraction(3), Fraction(3))], "higher", "none or all"),
    ],
)
def test_a_rule_that_cannot_be_computed_says_why(app: Flask, counts: list, better: str, why: str) -> None:
    with app.test_request_context():
        *others, sigma = insight.variation_of([], counts, better, DEFAULT)

    assert why in sigma.verdict
    assert not insight.flagged([*others, sigma])


# ---------------------------------------------------------------- about to drop


def test_the_band_that_falls_and_its_points_are_named(at: Ground) -> None:
    grounds.report(at, grounds.judged(at, see_cmm=False))
    first, second = (metric for metric in at.metrics if metric.item == "4.1")
    fill(at, first, "1", "1", "1", "1", "1")
    fill(at, second, "99", "99", "99", "1")
    kinds = dict(hints(at, second))

    assert "Unless 2026-06 meets the target" in kinds["drop"] or "Whatever 2026-06 brings" in kinds["drop"]
    assert "Item 4.1 would fall: level from 100% to 0%" in kinds["drop"]


def test_a_steady_metric_on_the_edge_is_no_alarm(at: Ground) -> None:
    metric = at.metrics[0]
    fill(at, metric, "1", "99", "99")

    assert [kind for kind, _text in hints(at, metric)] == ["edge"]


def test_a_metric_that_nobody_required_is_not_warned_of(at: Ground) -> None:
    metric = at.metrics[0]
    metric.required = False
    fill(at, metric, "1", "99", "99")

    assert hints(at, metric) == []


def test_silence_and_untrusted_data_are_told(at: Ground) -> None:
    silent, untrusted = at.metrics[0], at.metrics[1]
    services.set_value(at.actor(at.manager), silent, "2026-06", "")
    services.set_value(at.actor(at.manager), silent, "2026-05", "")
    for month in range(1, 7):
        services.set_value(at.actor(at.manager), untrusted, f"2026-0{month}", "")

    assert "stale" in dict(hints(at, silent))
    assert "fail C of CUI" in dict(hints(at, untrusted))["cui"]
    told = queries.hints(at.organisation.id, at.site)
    assert next(hint.kind for row, hint in told if row.code in (silent.code, untrusted.code)) == "cui"


def test_windows_name_their_months_and_what_is_needed(at: Ground) -> None:
    metric = at.metrics[0]
    fill(at, metric, "99", "1", "99", "99", "99")
    page = get_metric_page(metric)

    level, trend = page.windows
    assert (level.holds, level.months) == (True, "2026-01 – 2026-05")
    assert "4 of 5 months met the target, 4 are needed" in level.words
    assert trend.words == "needs 6 months"


# ---------------------------------------------------------------- pages and the draft


def test_the_page_draws_the_chart_and_offers_a_draft(at: Ground, be: Be) -> None:
    metric = at.metrics[0]
    fill(at, metric, "1", "99", "99")
    page = be(at.manager).get(f"/metrics/{metric.number}")

    assert "Too few months for control limits" in page.words
    assert "on the edge" in page.words
    assert f"/nonconformities/new?site={at.site.code}&amp;metric={metric.number}" in page.text


def test_a_failing_metric_proposes_a_record_that_holds_it(at: Ground, be: Be) -> None:
    grounds.report(at, grounds.judged(at, see_cmm=False))
    metric = at.metrics[0]
    fill(at, metric, "1", "1", "1", "1", "1")
    pages = be(at.manager)
    address = f"/nonconformities/new?site={at.site.code}&metric={metric.number}"
    page = pages.get(address)

    assert "misses its target" in page.value("title")
    assert "2026-05: 1" in page.text
    assert f'value="copc-2000-csp|{metric.item}/metric/{metric.code}/meets|"' in page.text
    assert "May speak of these rows of SEE-CMM" in page.words
    pages.get("/nonconformities/new?metric=999999", 404)
    pages.get("/nonconformities/new?metric=x", 404)


def test_counts_and_programmes_are_typed_in_their_cells(at: Ground, be: Be) -> None:
    pages = be(at.manager)
    sent = pages.post(
        "/metrics/new",
        {
            "item": "4.4",
            "code": "fcr",
            "name_en": "First contact",
            "better": "higher",
            "measure": "%",
            "roll_up": "pooled",
        },
    )
    address = sent.location or ""
    cell = f"{address}/programmes/card/2026-05"
    htmx = {"HX-Request": "true"}
    saved = pages.post(cell, {"numerator": "9*", "denominator": "10", "version": "0"}, 200, headers=htmx)
    stale = pages.post(cell, {"numerator": "8", "denominator": "10", "version": "0"}, 409, headers=htmx)
    wrong = pages.post(cell, {"numerator": "8", "denominator": "0", "version": "1"}, 422)

    assert "90%" in saved.words
    assert 'value="9*"' in saved.text
    assert "meantime" in stale.words
    assert 'value="8"' in wrong.text
    assert "Something out of nothing" in wrong.words
    pages.post(f"{address}/programmes/csr/2026-05", {"version": "0"}, 404)
    pages.post(f"{address}/programmes/card/may", {"version": "0"}, 404)


def test_a_site_percentage_is_typed_as_counts(at: Ground, be: Be) -> None:
    pages = be(at.manager)
    sent = pages.post(
        "/metrics/new", {"item": "4.4", "code": "fcr", "name_en": "x", "better": "higher", "measure": "%"}
    )
    address = sent.location or ""
    saved = pages.post(
        f"{address}/values/2026-05",
        {"numerator": "2", "denominator": "3", "version": "0"},
        200,
        headers={"HX-Request": "true"},
    )

    assert 'value="200/3"' in saved.text
    assert "66.67%" in pages.get(f"{address}?counts=1").text
