"""Sites, programmes, key positions and switches, as services."""

import json
from datetime import date, timedelta
from fractions import Fraction

import pytest
import sqlalchemy as sa
from flask_sqlalchemy import SQLAlchemy

from tests import factories as make
from tracker import clock
from tracker.accounts.models import Role
from tracker.database import db as database
from tracker.errors import Conflict, InvalidInput, NotFound
from tracker.history import HistoryEvent
from tracker.organisations import services
from tracker.organisations.models import CspType, Organisation, Site, Unit, UnitKind
from tracker.organisations.queries import find_site, find_unit, get_site_page, list_sites
from tracker.permissions import Actor
from tracker.reviews.models import Fact
from tracker.scores.models import Cause, ScoringRun
from tracker.scores.services import Why, rescore_site

session = database.session


@pytest.fixture
def company(db: SQLAlchemy) -> Organisation:
    return make.organisation()


@pytest.fixture
def boss(company: Organisation) -> Actor:
    return make.actor_for(make.person(company, Role.ADMINISTRATOR, Role.QUALITY_MANAGER))


@pytest.fixture
def scored(company: Organisation, boss: Actor) -> Site:
    """A site with two programmes, deployed in both, and a first run."""
    site = make.site(company)
    for code in ("loan", "card"):
        make.unit(site, code)
    review = make.review(site, make.person(company, Role.LEAD_AUDITOR))
    lines = {f"1.1/line/1.1-{number}": "met" for number in (0, 1, 2)}
    make.current_facts(review, lines | {"1.1/unit/loan": "full", "1.1/unit/card": "full"})
    rescore_site(company.id, site.id, Why(Cause.BASELINE, review.id), boss)
    return site


def runs(site: Site) -> list[ScoringRun]:
    return list(
        session.execute(
            sa.select(ScoringRun).where(ScoringRun.site_id == site.id).order_by(ScoringRun.number)
        ).scalars()
    )


def deployment(site: Site) -> object:
    """The deployment score of 1.1 in the newest run."""
    return json.loads(runs(site)[-1].result)["items"]["1.1"]["deployment"]


# ---------------------------------------------------------------- sites


def test_a_site_is_made_by_the_product_itself_or_by_somebody(company: Organisation, boss: Actor) -> None:
    alone = services.create_site(None, organisation_id=company.id, code="east", name_zh="东", name_en="")
    by_boss = services.create_site(boss, code="west", name_zh="", name_en="West", csp_type=CspType.INTERNAL)

    assert alone.name_en == "东"
    assert (by_boss.organisation_id, by_boss.csp_type) == (company.id, CspType.INTERNAL)


@pytest.mark.parametrize("code", ["", "a b", "a/b", "../x", "-a", "new", "é", "a\n"])
def test_codes_fit_into_addresses(boss: Actor, code: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        services.create_site(boss, code=code, name_zh="东", name_en="East")

    assert "code" in refused.value.fields


def test_codes_are_unique_in_an_organisation_whatever_their_case(boss: Actor) -> None:
    services.create_site(boss, code="east", name_zh="东", name_en="East")

    with pytest.raises(InvalidInput):
        services.create_site(boss, code="EAST", name_zh="东", name_en="East")

    other = make.organisation()
    services.create_site(None, organisation_id=other.id, code="east", name_zh="东", name_en="East")


def test_an_edit_from_an_old_page_is_a_conflict(company: Organisation, boss: Actor) -> None:
    site = make.site(company)
    fields = {"name_zh": "新", "name_en": "New"}
    services.edit_site(boss, site, fields, version=1)

    with pytest.raises(Conflict):
        services.edit_site(boss, site, fields | {"name_en": "Newer"}, version=1)


def test_people_see_the_sites_of_their_roles_only(company: Organisation) -> None:
    here, there = make.site(company), make.site(company)
    make.site(make.organisation())
    local = make.actor_for(make.person(company, Role.VIEWER, at=here))
    nobody = make.actor_for(make.person(company))

    assert [view.code for view in list_sites(local)] == [here.code]
    assert list_sites(nobody) == []
    assert find_site(local, here.code) is here
    with pytest.raises(NotFound):
        find_site(local, there.code)


# ---------------------------------------------------------------- units


def test_a_code_means_one_unit_of_a_site_whatever_its_kind(company: Organisation, boss: Actor) -> None:
    site, other = make.site(company), make.site(company)
    services.add_unit(boss, site, kind=UnitKind.PROGRAMME, code="loan", name_zh="贷款", name_en="Loans")

    with pytest.raises(InvalidInput):
        services.add_unit(boss, site, kind=UnitKind.KEY_POSITION, code="LOAN", name_zh="x", name_en="x")

    services.add_unit(boss, other, kind=UnitKind.PROGRAMME, code="loan", name_zh="贷款", name_en="Loans")


def test_units_keep_the_order_in_which_they_were_added(company: Organisation, boss: Actor) -> None:
    site = make.site(company)
    for code in ("zebra", "apple", "mango"):
        services.add_unit(boss, site, kind=UnitKind.PROGRAMME, code=code, name_zh=code, name_en=code)

    assert [view.code for view in get_site_page(site).programmes] == ["zebra", "apple", "mango"]


def test_the_last_day_is_not_before_the_first(company: Organisation, boss: Actor) -> None:
    site = make.site(company)
    dates = {"starts_on": date(2026, 5, 2), "ends_on": date(2026, 5, 1)}

    with pytest.raises(InvalidInput) as refused:
        services.add_unit(boss, site, kind=UnitKind.PROGRAMME, code="loan", name_zh="a", name_en="a", **dates)
    unit = make.unit(site, "card", starts_on=date(2026, 5, 2))
    with pytest.raises(InvalidInput):
        services.retire_unit(boss, site, unit, date(2026, 5, 1), "Over", 1)

    assert "ends_on" in refused.value.fields


def test_a_unit_of_another_site_is_not_found(company: Organisation) -> None:
    here, there = make.site(company), make.site(company)
    unit = make.unit(there, "loan")

    with pytest.raises(NotFound):
        find_unit(here, unit.id)


# ---------------------------------------------------------------- what scope does to the score


def test_a_programme_added_later_counts_as_not_deployed_and_has_its_run(scored: Site, boss: Actor) -> None:
    assert deployment(scored) == 100

    services.add_unit(boss, scored, kind=UnitKind.PROGRAMME, code="fund", name_zh="基金", name_en="Funds")

    assert [run.cause for run in runs(scored)] == [Cause.BASELINE, Cause.SCOPE]
    assert deployment(scored) == 50
    fact = session.execute(sa.select(Fact).where(Fact.key == "1.1/unit/fund")).scalar_one()
    assert fact.value == "none"


def test_a_retired_programme_stops_counting_the_day_after_its_last(scored: Site, boss: Actor) -> None:
    unit = services.add_unit(
        boss, scored, kind=UnitKind.PROGRAMME, code="fund", name_zh="基金", name_en="Funds"
    )

    services.retire_unit(boss, scored, unit, clock.today(), "The client left.", unit.version)
    assert deployment(scored) == 50
    with clock.at(clock.now() + timedelta(days=1)):
        rescore_site(scored.organisation_id, scored.id, Why(Cause.SCOPE), boss)

    assert deployment(scored) == 100


def test_a_programme_that_begins_later_moves_nothing_yet(scored: Site, boss: Actor) -> None:
    later = clock.today() + timedelta(days=30)

    services.add_unit(
        boss, scored, kind=UnitKind.PROGRAMME, code="fund", name_zh="基", name_en="F", starts_on=later
    )

    assert deployment(scored) == 100


def test_a_preview_says_what_would_move_and_keeps_nothing(scored: Site, boss: Actor) -> None:
    def change() -> None:
        services.add_unit(boss, scored, kind=UnitKind.PROGRAMME, code="fund", name_zh="基", name_en="F")

    before = len(runs(scored))
    found = services.preview(scored, change, clock.today())

    [(standard, old, new)] = found.totals
    assert standard == "copc-2000-csp"
    assert isinstance(old, Fraction)
    assert isinstance(new, Fraction)
    assert new < old
    assert len(runs(scored)) == before
    assert session.execute(sa.select(Unit).where(Unit.code == "fund")).first() is None


def test_a_preview_far_ahead_reads_the_programmes_of_that_day(scored: Site, boss: Actor) -> None:
    later = clock.today() + timedelta(days=30)

    def change() -> None:
        services.add_unit(
            boss, scored, kind=UnitKind.PROGRAMME, code="fund", name_zh="基", name_en="F", starts_on=later
        )

    [(_standard, old, new)] = services.preview(scored, change, later).totals

    assert new < old  # type: ignore[operator]


# ---------------------------------------------------------------- switches


def test_only_what_differs_from_the_defaults_is_kept(company: Organisation, boss: Actor) -> None:
    site = make.site(company)

    services.set_policy(
        boss,
        site,
        {"copc.cert_policy": "lenient", "metric.window": "6", "metric.meet_share": "2/3"},
        1,
        "Agreed.",
    )

    assert site.policy == {"copc.cert_policy": "lenient"}
    event = session.execute(
        sa.select(HistoryEvent).where(HistoryEvent.event == "policy_changed")
    ).scalar_one()
    assert event.changes == {"copc.cert_policy": ["strict", "lenient"]}
    assert event.reason == "Agreed."


@pytest.mark.parametrize(
    "policy",
    [
        {"copc.cert_policy": "generous"},
        {"metric.window": "2"},
        {"metric.window": "x" * 20},
        {"metric.meet_share": "3/2"},
        {"metric.meet_share": "1e400"},
        {"no.such": "1"},
    ],
)
def test_a_switch_takes_only_its_values(company: Organisation, boss: Actor, policy: dict[str, str]) -> None:
    site = make.site(company)

    with pytest.raises(InvalidInput) as refused:
        services.set_policy(boss, site, policy, 1, "Because.")

    assert set(refused.value.fields) == set(policy)


def test_a_change_of_reading_needs_a_reason(company: Organisation, boss: Actor) -> None:
    with pytest.raises(InvalidInput):
        services.set_policy(boss, make.site(company), {"copc.cert_policy": "lenient"}, 1, "")


def test_a_change_of_reading_stores_a_run(scored: Site, boss: Actor) -> None:
    services.set_policy(
        boss, scored, {"copc.cert_policy": "lenient"}, scored.version, "Agreed with the client."
    )

    assert [run.cause for run in runs(scored)] == [Cause.BASELINE, Cause.SCOPE]
