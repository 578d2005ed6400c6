"""Causes across the register: the Pareto of their categories, the filters, and what is shared."""

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy

from tests import factories
from tests.pages import Pages
from tests.statements import counting
from tests.tracker.actions import loop
from tests.tracker.nonconformities import ground
from tests.tracker.nonconformities.ground import LINE, OTHER_LINE, START, UNIT, Ground
from tracker import clock
from tracker.accounts.models import Role
from tracker.actions import services
from tracker.actions.models import Action
from tracker.causes import queries
from tracker.causes.queries import NO_RIB, Filter
from tracker.scores.releases import first
from workflows.kinds import CauseKind, VerificationMethod
from workflows.pareto import pareto


@pytest.fixture
def at(db: SQLAlchemy):
    with clock.at(START):
        yield ground.ground()


@pytest.fixture
def pages(client: FlaskClient) -> Pages:
    return Pages(client)


def analysed(at: Ground, fact: str, *causes: tuple[str, str, CauseKind | None]) -> Action:
    """An action on a record about a fact, with causes (text, rib, kind); the first is verified."""
    action = loop.analysing(at, at.contained(fact))
    actor = at.act(at.owner)
    for place, (text, rib, kind) in enumerate(causes):
        cause = services.add_cause(actor, action, text, rib=rib, kind=kind, evidence="Seen")
        if place == 0:
            services.verify_cause(actor, action, cause, VerificationMethod.OBSERVATION)
    return action


ROOT, ESCAPE = CauseKind.ROOT, CauseKind.ESCAPE


@pytest.fixture
def register(at: Ground) -> Ground:
    """Three actions: two share process at 2.7."""
    analysed(at, LINE, ("No step in the script", "process", ROOT), ("Not sampled", "procedures", ESCAPE))
    analysed(at, UNIT, ("Nobody owns the step", "process", ROOT), ("Phones", "own:电话线路", ROOT))
    analysed(at, OTHER_LINE, ("Unhung", "", ROOT), ("On the way", "skills", None))
    return at


def counts(at: Ground, who: str = "manager", **wanted: object) -> dict[str, int]:
    found = queries.count_categories(at.actor(who), Filter(**wanted))
    return {each.code: each.count for each in found}


# ---------------------------------------------------------------- the pure rule


def test_the_shares_add_up_and_the_vital_few_hold_four_fifths() -> None:
    bars = pareto({"a": 5, "b": 3, "c": 1, "d": 1, "e": 0})

    assert [bar.category for bar in bars] == ["a", "b", "c", "d"]
    assert [str(bar.cumulative) for bar in bars] == ["1/2", "4/5", "9/10", "1"]
    assert [bar.vital for bar in bars] == [True, True, False, False]
    assert pareto({}) == pareto({"a": 0}) == ()


# ---------------------------------------------------------------- counting


def test_causes_count_once_by_category_and_kind(register: Ground) -> None:
    assert counts(register) == {"process": 2, NO_RIB: 1, "own:电话线路": 1}
    assert counts(register, kind="escape") == {"procedures": 1}
    assert counts(register, kind="all") == {"process": 2, NO_RIB: 1, "own:电话线路": 1, "procedures": 1}
    assert counts(register, verified=True) == {"process": 2, NO_RIB: 1}
    assert counts(register, item="2.7") == counts(register)
    assert counts(register, item="4.1") == {}


def test_one_action_for_many_records_counts_its_causes_once(at: Ground) -> None:
    action = loop.analysing(at, at.contained(LINE), at.contained(OTHER_LINE), at.contained(UNIT))
    services.add_cause(at.act(at.owner), action, "One cause", rib="process", kind=ROOT)

    assert counts(at) == {"process": 1}
    (row,) = queries.list_causes(at.actor("manager"), Filter())
    assert len(row.records) == 3


def test_periods_sites_and_cancelled_actions(register: Ground, db: SQLAlchemy) -> None:
    with clock.at(START.replace(year=2027)):
        assert counts(register, period="365") == {"process": 2, NO_RIB: 1, "own:电话线路": 1}
        assert counts(register, period="90") == {}
    assert counts(register, site=register.site.code)["process"] == 2
    assert counts(register, site="nowhere") == {}
    action = db.session.execute(sa.select(Action).order_by(Action.number)).scalars().first()
    services.make_move(register.actor("manager"), action, "cancel", reason="No longer needed")
    assert counts(register)["process"] == 1


def test_people_see_the_causes_of_their_sites_only(register: Ground) -> None:
    other_site = factories.site(register.organisation)
    elsewhere = factories.person(register.organisation, Role.AUDITOR, at=other_site)
    stranger = factories.person(factories.organisation(), Role.QUALITY_MANAGER)

    for person in (elsewhere, stranger):
        actor = register.act(person) if person is elsewhere else factories.actor_for(person)
        assert queries.count_categories(actor, Filter()) == ()
        assert queries.list_causes(actor, Filter()) == ()
        assert queries.list_shared(actor, Filter(), first()) == ()


def test_the_same_category_at_the_same_item_is_shared(register: Ground) -> None:
    (shared,) = queries.list_shared(register.actor("manager"), Filter(), first())

    assert (shared.element, shared.code, shared.actions, shared.sites) == ("2.7", "process", 2, 1)
    assert shared.programmes == 1
    assert queries.list_shared(register.actor("manager"), Filter(kind="escape"), first()) == ()


# ---------------------------------------------------------------- the page


def test_the_page_shows_numbers_chart_and_links(register: Ground, pages: Pages) -> None:
    page = pages.sign_in(register.manager).get("/causes/")

    assert 'data-chart="pareto-option"' in page.text
    assert "vital few" in page.words
    assert "电话线路" in page.words
    assert "/nonconformities/1" in page.text
    assert "/actions/1#causes" in page.text
    part = pages.get("/causes/?category=process", headers={"HX-Request": "true"})
    assert "No step in the script" in part.words
    assert "Phones" not in part.words
    assert not part.text.lstrip().startswith("<!doctype")


def test_nothing_found_says_so_and_what_cannot_be_read_narrows_nothing(
    register: Ground, pages: Pages
) -> None:
    pages.sign_in(register.viewer)

    assert "No cause fits" in pages.get("/causes/?site=nowhere").words
    page = pages.get("/causes/?kind=gossip&item=99.9&period=7&category=x%7Cy")
    assert "process" in page.words


def test_the_page_takes_a_few_statements(register: Ground, pages: Pages) -> None:
    pages.sign_in(register.manager).get("/causes/")

    with counting() as statements:
        pages.get("/causes/")

    assert len(statements) <= 9
