"""The list of required metrics: what holds for a site, what answers it, and whose confirmation stands."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from tests import factories
from tests.conftest import make_client
from tests.pages import Pages
from tests.tracker.reviews import ground as grounds
from tests.tracker.reviews.ground import TODAY, Ground
from tracker import clock
from tracker.accounts.models import Person, Role
from tracker.errors import Conflict, InvalidInput
from tracker.metrics import exhibit, exhibit_changes
from tracker.metrics.exhibit_outline import OUTLINE
from tracker.metrics.models import ExhibitEntry, Service

Be = Callable[[Person], Pages]


@pytest.fixture
def at(db: SQLAlchemy):
    with clock.at(TODAY):
        yield grounds.lay()


@pytest.fixture
def be(app: Flask) -> Be:
    return lambda person: Pages(make_client(app)).sign_in(person)


def add(
    at: Ground, service: Service = Service.ANY, item: str = "4.1", name: str = "Satisfaction"
) -> ExhibitEntry:
    return exhibit_changes.add_entry(at.actor(at.manager), service=service, item=item, name_en=name)


def confirmed(at: Ground) -> exhibit.Confirmation:
    return exhibit.exhibit_confirmed(at.organisation.id, at.site.id)


def test_the_outline_starts_a_list_once(at: Ground) -> None:
    manager = at.actor(at.manager)

    assert exhibit_changes.start_list(manager) == len(OUTLINE)
    assert exhibit_changes.start_list(manager) == 0
    assert {line.item for line in OUTLINE} == {"4.1", "4.2", "4.3", "4.4", "4.5", "4.6"}


def test_only_lines_of_the_sites_services_hold(at: Ground) -> None:
    add(at, Service.ANY, "4.1", "Satisfaction")
    add(at, Service.INBOUND, "4.3", "Service level")
    add(at, Service.CHAT, "4.3", "Response time")
    exhibit_changes.set_services(at.actor(at.manager), at.site, ["inbound"])

    names = [entry.name for entry in exhibit.list_missing(at.organisation.id, at.site.id)]
    assert names == ["Satisfaction", "Service level"]


def test_a_metric_or_a_reason_answers_a_line(at: Ground) -> None:
    first, second = add(at), add(at, name="Complaints")
    manager = at.actor(at.manager)
    exhibit_changes.answer(manager, at.site, first, metric_id=at.metrics[0].id)
    exhibit_changes.answer(manager, at.site, second, reason="No client of its own")
    page = exhibit.get_page(at.site)

    assert [entry.state for entry in page.entries] == ["answered", "excused"]
    assert page.missing == ()
    exhibit_changes.answer(manager, at.site, second)
    assert [entry.name for entry in exhibit.get_page(at.site).missing] == ["Complaints"]


def test_an_answer_comes_from_the_same_site_and_item(at: Ground) -> None:
    entry, manager, other = add(at), at.actor(at.manager), grounds.lay()
    of_other_item = next(metric for metric in at.metrics if metric.item == "4.2")

    for metric_id in (other.metrics[0].id, of_other_item.id, 7):
        with pytest.raises(InvalidInput) as refused:
            exhibit_changes.answer(manager, at.site, entry, metric_id=metric_id)
        assert list(refused.value.fields) == ["metric"]


def test_a_confirmation_needs_every_line_and_falls_with_the_next_change(at: Ground) -> None:
    manager = at.actor(at.manager)
    with pytest.raises(InvalidInput):
        exhibit_changes.confirm(manager, at.site)
    entry = add(at)
    with pytest.raises(InvalidInput):
        exhibit_changes.confirm(manager, at.site)
    exhibit_changes.answer(manager, at.site, entry, metric_id=at.metrics[0].id)
    exhibit_changes.confirm(manager, at.site)
    then = confirmed(at)
    assert (then.confirmed, then.who, then.changed_since) == (True, at.manager.name_en, False)

    add(at, Service.CHAT, "4.3", "Response time")
    assert confirmed(at).confirmed, "a line that does not hold for the site changes nothing there"
    exhibit_changes.set_services(manager, at.site, ["chat"])
    after = confirmed(at)
    assert (after.confirmed, after.changed_since) == (False, True)


def test_nobody_has_confirmed_before_somebody_does(at: Ground) -> None:
    assert confirmed(at) == exhibit.Confirmation(False)


def test_a_line_taken_off_holds_no_more(at: Ground) -> None:
    entry = add(at)
    exhibit_changes.retire_entry(at.actor(at.manager), entry, entry.version)

    assert exhibit.get_page(at.site).entries == ()


def test_older_versions_are_refused(at: Ground) -> None:
    entry, manager = add(at), at.actor(at.manager)
    exhibit_changes.answer(manager, at.site, entry, reason="x", version=0)
    with pytest.raises(Conflict):
        exhibit_changes.answer(manager, at.site, entry, reason="y", version=0)
    exhibit_changes.set_services(manager, at.site, ["chat"], version=0)
    with pytest.raises(Conflict):
        exhibit_changes.set_services(manager, at.site, [], version=0)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"service": "fax"}, "service"),
        ({"item": "2.7"}, "item"),
        ({"name_en": " "}, "name_en"),
        ({"name_zh": "x" * 201}, "name_zh"),
    ],
)
def test_a_line_that_cannot_be_is_refused(at: Ground, given: dict, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        exhibit_changes.add_entry(
            at.actor(at.manager), **({"service": "any", "item": "4.1", "name_en": "x"} | given)
        )
    assert list(refused.value.fields) == [field]


def test_the_page_leads_through_it(at: Ground, be: Be) -> None:
    pages, where = be(at.manager), f"?site={at.site.code}"
    assert "There is no list yet" in pages.get("/metrics/required").words
    pages.post(f"/metrics/required/start{where}")
    pages.post(f"/metrics/required/services{where}", {"services": "inbound", "version": "0"})
    page = pages.get(f"/metrics/required{where}")
    assert "nothing answers it" in page.words
    entry = exhibit.get_page(at.site).entries[0]
    pages.post(
        f"/metrics/required/entries/{entry.id}/answer{where}",
        {"metric": str(at.metrics[0].id), "version": "0"},
    )
    refused = pages.post(
        f"/metrics/required/confirm{where}", {"version": str(exhibit.get_page(at.site).version)}, 422
    )
    stale = pages.post(
        f"/metrics/required/entries/{entry.id}/answer{where}", {"reason": "x", "version": "0"}, 409
    )
    wrong = pages.post(f"/metrics/required/entries{where}", {"service": "any", "item": "4.1"}, 422)

    assert "Answer every line first" in refused.words
    assert "meantime" in stale.words
    assert wrong.errors() or "Name the metric" in wrong.words
    pages.get(f"/metrics/required{where}", headers={"Accept-Language": "zh-CN"})
    pages.post(f"/metrics/required/entries/7/retire{where}", {"version": "1"}, 404)


@pytest.mark.parametrize("path", ["start", "services", "entries", "confirm"])
def test_a_viewer_and_a_stranger_change_nothing(at: Ground, be: Be, path: str) -> None:
    viewer = be(factories.person(at.organisation, Role.VIEWER))
    viewer.get("/metrics/required")
    viewer.post(f"/metrics/required/{path}?site={at.site.code}", {"version": "0"}, 403)
    other = grounds.lay()
    be(other.manager).post(f"/metrics/required/{path}?site=not-{at.site.code}", {"version": "0"}, 404)
