from collections.abc import Callable

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from tests import factories
from tests.conftest import make_client
from tests.pages import Pages
from tests.statements import counting
from tests.tracker.reviews import ground as grounds
from tests.tracker.reviews.ground import TODAY, Ground
from tracker import clock
from tracker.accounts.models import Person, Role
from tracker.metrics import queries, services
from tracker.metrics.loaded import load_site
from tracker.metrics.page import get_metric_page

HTMX = {"HX-Request": "true"}
Be = Callable[[Person], Pages]


@pytest.fixture
def at(db: SQLAlchemy):
    with clock.at(TODAY):
        yield grounds.lay()


@pytest.fixture
def be(app: Flask) -> Be:
    return lambda person: Pages(make_client(app)).sign_in(person)


def value(at: Ground, month: str) -> str:
    from tracker.metrics import series

    found = load_site(at.organisation.id, at.site)
    return series.write(found.values[at.metrics[0].id].get(month))


@pytest.mark.parametrize("language", ["en", "zh-CN"])
@pytest.mark.parametrize("path", ["/metrics/", "/metrics/1", "/metrics/new", "/metrics/1/edit"])
def test_every_page_is_shown(at: Ground, be: Be, path: str, language: str) -> None:
    be(at.manager).get(path, headers={"Accept-Language": language})


def test_the_register_narrows_by_item_and_verdict(at: Ground, be: Be) -> None:
    services.set_values(at.actor(at.manager), at.metrics[0], {f"2026-0{month}": "1" for month in range(1, 7)})
    pages = be(at.manager)

    assert "Metric 0" in pages.get("/metrics/?verdict=missing_target").words
    assert "Metric 1 " not in pages.get("/metrics/?verdict=missing_target").words
    assert "Metric 1 " not in pages.get("/metrics/?item=4.1").words
    assert "No metric fits" in pages.get("/metrics/?verdict=cui").words
    pages.get("/metrics/?verdict=nonsense&item=x")
    pages.get("/metrics/?site=nowhere", 404)


def test_an_empty_register_offers_the_first_metric(db: SQLAlchemy, be: Be) -> None:
    company = factories.organisation()
    factories.site(company)

    assert "No metric yet" in be(factories.person(company, Role.QUALITY_MANAGER)).get("/metrics/").words


def test_a_metric_is_added_and_changed_with_the_forms(at: Ground, be: Be) -> None:
    pages = be(at.manager)
    typed = {"item": "4.4", "code": "fcr", "name_en": "First contact", "better": "higher", "required": "y"}

    sent = pages.post("/metrics/new", typed)
    page = pages.get(f"{sent.location}/edit")
    pages.post(
        f"{sent.location}/edit", typed | {"name_en": "Resolved at once", "version": page.value("version")}
    )
    stale = pages.post(f"{sent.location}/edit", typed | {"version": "1"}, 409)

    assert "Resolved at once" in pages.get(sent.location or "").words
    assert "changed this record in the meantime" in stale.words


def test_a_metric_that_cannot_be_keeps_what_was_typed(at: Ground, be: Be) -> None:
    typed = {"item": "4.7", "name_en": "Waiting", "better": "lower", "owner_id": str(2**70)}

    page = be(at.manager).post("/metrics/new", typed, 422)

    assert page.value("name_en") == "Waiting"
    assert page.errors()


def test_a_value_saves_itself_and_the_verdict_comes_along(at: Ground, be: Be) -> None:
    page = be(at.manager).post(
        "/metrics/1/values/2026-06", {"value": "12,5", "version": "1"}, 200, headers=HTMX
    )

    assert value(at, "2026-06") == "12.5"
    assert "score-changed" in page.headers["HX-Trigger"]
    assert 'id="verdict-1" hx-swap-oob="true"' in page.text
    assert page.value("version") == "2"


def test_a_plain_form_saves_a_value_as_well(at: Ground, be: Be) -> None:
    sent = be(at.manager).post("/metrics/1/values/2026-06", {"value": "99", "version": "1"})

    assert sent.location == "/metrics/1"
    assert value(at, "2026-06") == "99"


@pytest.mark.parametrize("headers", [HTMX, {}], ids=["htmx", "plain"])
def test_a_bad_value_is_kept_beside_its_message(at: Ground, be: Be, headers: dict[str, str]) -> None:
    page = be(at.manager).post(
        "/metrics/1/values/2026-06", {"value": "lots", "version": "1"}, 422, headers=headers
    )

    assert "Not a number" in page.words
    assert 'value="lots"' in page.text
    assert value(at, "2026-06") == "96"


def test_a_stale_value_shows_the_fresh_one_and_what_was_typed(at: Ground, be: Be) -> None:
    services.set_value(at.actor(at.manager), at.metrics[0], "2026-06", "97")

    page = be(at.manager).post(
        "/metrics/1/values/2026-06", {"value": "50", "version": "1"}, 409, headers=HTMX
    )

    assert 'name="value" value="97"' in page.text
    assert "You had typed 50" in page.words


@pytest.mark.parametrize("month", ["2026-99", "nonsense", "2026-12"])
def test_a_month_that_cannot_be_is_refused(at: Ground, be: Be, month: str) -> None:
    status = 422 if month == "2026-12" else 404

    be(at.manager).post(f"/metrics/1/values/{month}", {"value": "50", "version": "0"}, status, headers=HTMX)


def test_the_latest_target_is_changed_in_its_cell(at: Ground, be: Be) -> None:
    pages = be(at.manager)

    page = pages.post("/metrics/1/targets/now", {"target": "97", "version": "1"}, 200, headers=HTMX)
    bad = pages.post("/metrics/1/targets/now", {"target": "high", "version": "2"}, 422, headers=HTMX)
    stale = pages.post("/metrics/1/targets/now", {"target": "98", "version": "1"}, 409, headers=HTMX)

    assert "misses target" in page.words
    assert 'value="high"' in bad.text
    assert "Somebody else" in stale.words


def test_a_range_is_typed_as_one_text(at: Ground, be: Be) -> None:
    services.create_metric(
        at.actor(at.manager), site_id=at.site.id, item="4.5", name_en="Time", better="range"
    )

    page = be(at.manager).post(
        "/metrics/13/targets/now", {"target": "280-320", "version": "0"}, 200, headers=HTMX
    )

    assert page.value("target") == "280 – 320"


def test_targets_are_set_from_a_month_and_removed(at: Ground, be: Be) -> None:
    pages = be(at.manager)
    pages.post("/metrics/1/targets", {"from_month": "2026-05", "value": "94"})
    target = get_metric_page(queries.get_metric(at.organisation.id, 1)).targets[0]

    wrong = pages.post("/metrics/1/targets", {"from_month": "May", "value": "x"}, 422)
    pages.post(f"/metrics/1/targets/{target.id}/remove", {"version": "1"})
    pages.post(f"/metrics/1/targets/{target.id}/remove", {"version": "1"}, 404)

    assert len(wrong.errors()) == 2


def test_a_check_is_recorded_by_somebody_else_than_the_owner(at: Ground, be: Be) -> None:
    grounds.report(at, grounds.judged(at, see_cmm=False))
    pages = be(at.lead)

    pages.post("/metrics/1/checks", {"integrity": "no", "usable": "", "note": "Half the calls are missing"})
    empty = pages.post("/metrics/1/checks", {"integrity": "", "usable": "", "note": "n"}, 422)

    assert "fails I of CUI" in pages.get("/metrics/1").words
    assert "at least one" in empty.words


MAY = [
    ("/metrics/new", {Role.QUALITY_MANAGER, Role.PROCESS_OWNER}),
    ("/metrics/1/values/2026-06", {Role.QUALITY_MANAGER, Role.PROCESS_OWNER}),
    ("/metrics/1/targets", {Role.QUALITY_MANAGER, Role.PROCESS_OWNER}),
    ("/metrics/1/checks", {Role.LEAD_AUDITOR, Role.AUDITOR, Role.ASSESSOR}),
]


@pytest.mark.engine("sqlite")
@pytest.mark.parametrize(("path", "allowed"), MAY, ids=[path for path, _roles in MAY])
def test_only_these_roles_may(at: Ground, be: Be, path: str, allowed: set[Role]) -> None:
    for role in Role:
        pages = be(factories.person(at.organisation, role))
        token = pages.get("/account").token
        answer = pages.client.post(path, data={"csrf_token": token})
        assert (answer.status_code != 403) == (role in allowed), role


def test_another_organisation_and_another_site_are_not_seen(at: Ground, be: Be) -> None:
    elsewhere = factories.person(at.organisation, Role.QUALITY_MANAGER, at=factories.site(at.organisation))
    empty = factories.organisation()

    be(factories.person(empty, Role.QUALITY_MANAGER)).get("/metrics/1", 404)
    assert be(elsewhere).client.get("/metrics/1").status_code == 403
    be(elsewhere).get(f"/metrics/?site={at.site.code}", 404)


def test_pages_ask_the_same_for_any_number_of_metrics(at: Ground, be: Be) -> None:
    pages = be(at.manager)

    def counts() -> list[int]:
        pages.get("/account")  # commits what was arranged
        found = []
        for path in ("/metrics/", "/metrics/1"):
            with counting() as statements:
                pages.get(path)
            found.append(len(statements))
        return found

    small = counts()
    manager = at.actor(at.manager)
    for number in range(6):
        metric = services.create_metric(
            manager, site_id=at.site.id, item="4.4", name_en=f"M {number}", better="lower"
        )
        services.set_values(manager, metric, {"2026-05": "1", "2026-06": "2"})

    assert counts() == small
    assert small[0] <= 6
    assert small[1] <= 12
