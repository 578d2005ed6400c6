"""The work of a review shared among auditors, and an item judged blind by two."""

import re
from fractions import Fraction

import pytest
import sqlalchemy as sa
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
from tracker.database import db as database
from tracker.errors import Conflict, InvalidInput, NotFound, RefusedMove
from tracker.history import HistoryEvent
from tracker.notifications.models import OutboxMessage
from tracker.reviews import calibrating, queries, services, sharing
from tracker.reviews.calibrating import Said
from tracker.reviews.models import AssignmentState, Review
from tracker.scores.sheets import COPC
from workflows.reviews import ReviewState


@pytest.fixture
def at(db: SQLAlchemy):
    with clock.at(TODAY):
        yield grounds.lay()


@pytest.fixture
def be(app: Flask):
    return lambda person: Pages(make_client(app)).sign_in(person)


@pytest.fixture
def ada(at: Ground) -> Person:
    return factories.person(at.organisation, Role.AUDITOR)


@pytest.fixture
def bo(at: Ground) -> Person:
    return factories.person(at.organisation, Role.AUDITOR)


def state_of(review: Review, element: str = "2.7") -> AssignmentState:
    fresh = queries.get_review(review.organisation_id, review.number)
    return queries.load(fresh).beside.assignments[element].state


def judge_as(at: Ground, review: Review, person: Person, element: str = "2.7") -> None:
    """Everything of an item is met and fully deployed."""
    facts = [fact for fact in queries.load(review).facts[COPC] if fact.element == element]
    for kind, value in (("line", "met"), ("unit", "full")):
        keys = [fact.key for fact in facts if fact.kind == kind]
        services.judge_many(at.actor(person), review, COPC, keys, value, note="Seen", evidence="E")


# ---------------------------------------------------------------- assignment


def test_an_item_goes_from_assignment_to_acceptance(at: Ground, ada: Person) -> None:
    review = grounds.started(at, "2.7")
    sharing.assign(at.actor(at.manager), review, ["2.7"], ada.id)
    with pytest.raises(InvalidInput, match="Judge and confirm"):
        sharing.submit(at.actor(ada), review, "2.7")
    judge_as(at, review, ada)

    sharing.submit(at.actor(ada), review, "2.7")
    assert state_of(review) is AssignmentState.SUBMITTED
    sharing.send_back(at.actor(at.lead), review, "2.7", "Sample the night shift as well")
    assert queries.load(review).beside.assignments["2.7"].comment == "Sample the night shift as well"
    sharing.submit(at.actor(ada), review, "2.7")

    assert sharing.accept(at.actor(at.lead), review, ["2.7"]) == 1
    assert state_of(review) is AssignmentState.ACCEPTED


def test_the_report_waits_for_what_is_assigned(at: Ground, ada: Person) -> None:
    review = grounds.judged(at, "2.7")
    sharing.assign(at.actor(at.lead), review, ["2.7"], ada.id)
    for _step in range(2):
        with pytest.raises(RefusedMove) as refused:
            grounds.report(at, review)
        assert any(f"2.7 ({ada.name_en})" in reason for reason in refused.value.reasons)
        if state_of(review) is AssignmentState.ASSIGNED:
            sharing.submit(at.actor(ada), review, "2.7")
    sharing.accept(at.actor(at.lead), review, ["2.7"])

    grounds.report(at, review)

    assert review.state == ReviewState.REPORTED


def test_only_its_auditor_and_the_lead_judge_an_assigned_item(at: Ground, ada: Person, bo: Person) -> None:
    review = grounds.started(at, "2.6", "2.7")
    sharing.assign(at.actor(at.lead), review, ["2.7"], ada.id)

    with pytest.raises(Conflict, match=ada.name_en):
        judge_as(at, review, bo)
    judge_as(at, review, bo, "2.6")
    judge_as(at, review, at.lead)
    judge_as(at, review, ada)
    sharing.submit(at.actor(ada), review, "2.7")
    with pytest.raises(Conflict, match="handed in"):
        judge_as(at, review, ada)
    judge_as(at, review, at.lead)


def test_what_the_lead_works_on_needs_nobody_else(at: Ground) -> None:
    review = grounds.judged(at, "2.7")
    sharing.assign(at.actor(at.manager), review, ["2.7"], at.lead.id)

    sharing.submit(at.actor(at.lead), review, "2.7")

    assert state_of(review) is AssignmentState.ACCEPTED


def test_another_auditor_begins_anew_and_nobody_lifts_it(at: Ground, ada: Person, bo: Person) -> None:
    review = grounds.judged(at, "2.7")
    lead = at.actor(at.lead)
    sharing.assign(lead, review, ["2.7"], ada.id)
    sharing.submit(at.actor(ada), review, "2.7")

    sharing.assign(lead, review, ["2.7"], bo.id)
    assert state_of(review) is AssignmentState.ASSIGNED
    sharing.assign(lead, review, ["2.7"], None)

    assert queries.load(review).beside.assignments == {}


def test_what_cannot_be_is_refused(at: Ground, ada: Person, bo: Person) -> None:
    review = grounds.judged(at, "2.7")
    lead = at.actor(at.lead)
    with pytest.raises(NotFound):
        sharing.assign(lead, review, ["2.6"], ada.id)
    with pytest.raises(InvalidInput):
        sharing.assign(lead, review, [], ada.id)
    with pytest.raises(InvalidInput):
        sharing.assign(lead, review, ["2.7"], at.owner.id)
    with pytest.raises(NotFound):
        sharing.submit(at.actor(ada), review, "2.7")
    sharing.assign(lead, review, ["2.7"], ada.id)
    with pytest.raises(Conflict):
        sharing.submit(at.actor(bo), review, "2.7")
    with pytest.raises(Conflict):
        sharing.send_back(lead, review, "2.7", "Again")
    sharing.submit(at.actor(ada), review, "2.7")
    with pytest.raises(Conflict):
        sharing.submit(at.actor(ada), review, "2.7")
    with pytest.raises(Conflict):
        sharing.accept(at.actor(bo), review, ["2.7"])
    with pytest.raises(InvalidInput):
        sharing.send_back(lead, review, "2.7", "  ")
    services.make_move(at.actor(at.manager), review, "cancel", reason="Moved")
    with pytest.raises(Conflict):
        sharing.assign(lead, review, ["2.7"], bo.id)


def test_people_are_told(at: Ground, ada: Person) -> None:
    review = grounds.judged(at, "2.7")
    sharing.assign(at.actor(at.manager), review, ["2.7"], ada.id)
    sharing.submit(at.actor(ada), review, "2.7")
    sharing.send_back(at.actor(at.lead), review, "2.7", "Again")

    told = database.session.execute(
        sa.select(OutboxMessage.kind, OutboxMessage.person_id)
        .where(OutboxMessage.kind.in_(["review-assigned", "review-submitted", "review-sent-back"]))
        .order_by(OutboxMessage.id)
    ).all()

    assert [tuple(row) for row in told] == [
        ("review-assigned", ada.id),
        ("review-submitted", at.lead.id),
        ("review-sent-back", ada.id),
    ]


# ---------------------------------------------------------------- calibration


def verdicts(review: Review, at: Ground, person: Person, **changes: str) -> dict[str, Said]:
    """Everything met, but for what is said otherwise by subject."""
    seen = calibrating.sight(at.actor(person), review, "2.7")
    usual = {"line": "met", "unit": "full"}
    return {
        fact.key: Said(changes.get(fact.subject, usual[fact.kind.value]), f"Note {person.id}", "E")
        for fact in seen.facts
    }


def both_done(at: Ground, review: Review, ada: Person, bo: Person) -> None:
    calibrating.begin(at.actor(at.lead), review, "2.7", ada.id, bo.id)
    calibrating.judge(at.actor(ada), review, "2.7", verdicts(review, at, ada), done=True)
    calibrating.judge(at.actor(bo), review, "2.7", verdicts(review, at, bo, loan="none"), done=True)


def test_neither_sees_the_other_before_both_are_done(at: Ground, ada: Person, bo: Person) -> None:
    review = grounds.started(at, "2.7")
    calibrating.begin(at.actor(at.lead), review, "2.7", ada.id, bo.id)
    calibrating.judge(at.actor(ada), review, "2.7", verdicts(review, at, ada), done=True)

    for person in (bo, at.lead, at.manager):
        seen = calibrating.sight(at.actor(person), review, "2.7")
        assert (seen.mine, seen.verdicts, seen.agreement) == ({}, None, None)
    own = calibrating.sight(at.actor(ada), review, "2.7")
    assert own.mine
    assert not own.may_judge
    told = database.session.execute(sa.select(HistoryEvent.changes, HistoryEvent.event)).all()
    assert not any("Note" in str(row.changes) for row in told)

    calibrating.judge(at.actor(bo), review, "2.7", verdicts(review, at, bo), done=True)
    assert calibrating.sight(at.actor(at.manager), review, "2.7").verdicts is not None


def test_what_differs_is_settled_by_the_lead_and_becomes_the_verdict(
    at: Ground, ada: Person, bo: Person
) -> None:
    review = grounds.started(at, "2.7")
    both_done(at, review, ada, bo)
    seen = calibrating.sight(at.actor(at.lead), review, "2.7")
    assert seen.agreement is not None
    assert seen.agreement.differing == ("2.7/unit/loan",)
    assert seen.agreement.share == Fraction(len(seen.facts) - 1, len(seen.facts))

    with pytest.raises(InvalidInput):
        calibrating.settle(at.actor(at.lead), review, "2.7", {"2.7/unit/loan": Said("full", "", "")})
    calibrating.settle(
        at.actor(at.lead), review, "2.7", {"2.7/unit/loan": Said("partial", "Half of it", "Seen by both")}
    )

    found = {fact.key: fact for fact in queries.load(review).facts[COPC]}
    assert (found["2.7/unit/loan"].value, found["2.7/unit/loan"].judged_by_id) == ("partial", at.lead.id)
    assert found["2.7/unit/card"].value == "full"
    assert found["2.7/unit/card"].judged_by_id == ada.id
    assert f"Note {ada.id}" in found["2.7/unit/card"].note
    assert f"Note {bo.id}" in found["2.7/unit/card"].note
    with pytest.raises(Conflict):
        calibrating.settle(at.actor(at.lead), review, "2.7", {})


def test_nobody_judges_the_item_itself_meanwhile_and_the_report_waits(
    at: Ground, ada: Person, bo: Person
) -> None:
    review = grounds.judged(at, "2.7")
    calibrating.begin(at.actor(at.lead), review, "2.7", ada.id, bo.id)

    with pytest.raises(Conflict, match="without seeing"):
        grounds.judge_one(at, review, "2.7/unit/loan", "none")
    with pytest.raises(RefusedMove) as refused:
        grounds.report(at, review)
    assert any("two auditors" in reason and "2.7" in reason for reason in refused.value.reasons)

    calibrating.judge(at.actor(ada), review, "2.7", verdicts(review, at, ada), done=True)
    calibrating.judge(at.actor(bo), review, "2.7", verdicts(review, at, bo), done=True)
    calibrating.settle(at.actor(at.lead), review, "2.7", {})
    grounds.report(at, review)

    assert review.state == ReviewState.REPORTED


def test_a_calibration_that_cannot_be_is_refused(at: Ground, ada: Person, bo: Person) -> None:
    review = grounds.started(at, "2.7")
    lead = at.actor(at.lead)
    for element, first, second in (("2.7", ada, ada), ("2.7", ada, at.owner), ("9.9", ada, bo)):
        with pytest.raises(InvalidInput):
            calibrating.begin(lead, review, element, first.id, second.id)
    calibrating.begin(lead, review, "2.7", ada.id, bo.id)
    with pytest.raises(InvalidInput, match="already"):
        calibrating.begin(lead, review, "2.7", ada.id, bo.id)
    with pytest.raises(Conflict):
        calibrating.judge(lead, review, "2.7", {}, done=False)
    with pytest.raises(InvalidInput, match="Judge everything"):
        calibrating.judge(at.actor(ada), review, "2.7", {}, done=True)
    with pytest.raises(InvalidInput):
        calibrating.judge(at.actor(ada), review, "2.7", {"2.7/unit/loan": Said("splendid")}, done=False)
    with pytest.raises(NotFound):
        calibrating.judge(at.actor(ada), review, "2.7", {"2.7/unit/nowhere": Said("full")}, done=False)
    with pytest.raises(Conflict, match="Both"):
        calibrating.settle(lead, review, "2.7", {})
    both = calibrating.get(review, "2.7")
    both.first_done_at = both.second_done_at = clock.now()
    with pytest.raises(Conflict, match="lead auditor"):
        calibrating.settle(at.actor(ada), review, "2.7", {})


# ---------------------------------------------------------------- pages


def test_work_is_shared_and_collected_in_the_browser(at: Ground, be, ada: Person) -> None:
    review = grounds.started(at, "2.6", "2.7")
    lead, auditor = be(at.lead), be(ada)
    assert lead.post("/reviews/1/team/assign", {"auditor_id": str(ada.id)}, 422).errors() or True
    assert (
        "Choose at least one" in lead.post("/reviews/1/team/assign", {"auditor_id": str(ada.id)}, 422).words
    )
    lead.post("/reviews/1/team/assign", {"auditor_id": "x" * 30, "element": "2.7"}, 422)

    lead.post("/reviews/1/team/assign", {"auditor_id": str(ada.id), "element": ["2.7"]})
    assert ada.name_en in lead.get("/reviews/1/team").words
    mine = auditor.get("/reviews/1?mine=1").text
    assert "/reviews/1/items/2.7" in mine
    assert "/reviews/1/items/2.6" not in mine
    assert "Judge and confirm" in auditor.post("/reviews/1/items/2.7/submit", {}, 422).words
    judge_as(at, review, ada)
    auditor.post("/reviews/1/items/2.7/submit", {})
    assert "handed in" in lead.get("/reviews/1/items/2.7").words
    assert lead.post("/reviews/1/items/2.7/return", {"version": "2", "comment": ""}, 422).errors is not None
    lead.post("/reviews/1/items/2.7/return", {"version": "2", "comment": "Sample more"})
    assert "Sample more" in auditor.get("/reviews/1/items/2.7").words
    auditor.post("/reviews/1/items/2.7/submit", {})
    auditor.post("/reviews/1/team/accept", {"element": ["2.7"]}, 409)
    lead.post("/reviews/1/team/accept", {"element": ["2.7"]})

    assert state_of(review) is AssignmentState.ACCEPTED


def test_a_cell_of_somebody_elses_item_is_shown_and_not_saved(
    at: Ground, be, ada: Person, bo: Person
) -> None:
    review = grounds.started(at, "2.7")
    sharing.assign(at.actor(at.lead), review, ["2.7"], ada.id)
    pages = be(bo)

    assert f"assigned to {ada.name_en}" in pages.get("/reviews/1/items/2.7").words
    typed = {"key": "2.7/unit/loan", "value": "full", "version": "1"}
    pages.post("/reviews/1/items/2.7", typed, 409)


def form_of(said: dict[str, Said]) -> dict[str, list[str]]:
    return {
        "key": list(said),
        "value": [each.value for each in said.values()],
        "note": [each.note for each in said.values()],
        "evidence": [each.evidence for each in said.values()],
    }


def test_two_judge_blind_in_the_browser(at: Ground, be, ada: Person, bo: Person) -> None:
    review = grounds.started(at, "2.7")
    lead, first, second = be(at.lead), be(ada), be(bo)
    place = "/reviews/1/calibrations/2.7"
    lead.post("/reviews/1/calibrations", {"element": "2.7", "first_id": str(ada.id), "second_id": ""}, 422)
    lead.post("/reviews/1/calibrations", {"element": "2.7", "first_id": str(ada.id), "second_id": str(bo.id)})

    said = verdicts(review, at, ada, loan="partial")
    page = first.post(place, form_of(said | {"2.7/unit/loan": Said("partial")}) | {"done": "1"}, 422)
    assert "Judge everything first" in page.words
    first.post(place, form_of(said) | {"done": "1"})
    for pages in (lead, second):
        text = pages.get(place).text
        assert f"Note {ada.id}" not in text
        assert 'partial" selected' not in text
    second.post(place, form_of(verdicts(review, at, bo)))
    second.post(place, form_of(verdicts(review, at, bo)) | {"done": "1"})

    words = lead.get(place).words
    assert f"Note {ada.id}" in words
    assert "differs" in words
    decided = {"2.7/unit/loan": Said("partial", "Agreed", "Seen again")}
    second.post(f"{place}/settle", form_of(decided), 409)
    lead.post(f"{place}/settle", form_of(decided | {"2.7/unit/loan": Said("partial")}), 422)
    lead.post(f"{place}/settle", form_of(decided))
    found = {fact.key: fact for fact in queries.load(queries.get_review(at.organisation.id, 1)).facts[COPC]}
    assert found["2.7/unit/loan"].value == "partial"
    first.post(place, {"key": ["2.7/unit/loan"], "value": []}, 404)


@pytest.mark.parametrize(
    ("path", "roles"),
    [
        ("/reviews/1/team/assign", {Role.LEAD_AUDITOR, Role.QUALITY_MANAGER}),
        ("/reviews/1/calibrations", {Role.LEAD_AUDITOR, Role.QUALITY_MANAGER}),
        ("/reviews/1/items/2.7/return", {Role.LEAD_AUDITOR, Role.AUDITOR}),
    ],
)
def test_only_these_roles_may(at: Ground, be, path: str, roles: set[Role]) -> None:
    grounds.started(at, "2.7")
    for role in Role:
        person = factories.person(at.organisation, role, at=at.site)
        be(person).post(path, {}, 422 if role in roles else 403)


def test_another_organisation_sees_no_team(at: Ground, be, ada: Person, bo: Person) -> None:
    review = grounds.started(at, "2.7")
    calibrating.begin(at.actor(at.lead), review, "2.7", ada.id, bo.id)
    other = grounds.lay()

    be(other.lead).get("/reviews/1/team", 404)
    be(other.lead).get("/reviews/1/calibrations/2.7", 404)
    be(ada).get("/reviews/1/calibrations/2.6", 404)


def test_the_pages_ask_no_more_when_there_is_more(at: Ground, be, ada: Person, bo: Person) -> None:
    review = grounds.started(at)
    pages = be(at.lead)
    calibrating.begin(at.actor(at.lead), review, "2.7", ada.id, bo.id)

    def counts() -> list[int]:
        pages.get("/account")
        found = []
        for path in ("/reviews/1/team", "/reviews/1/calibrations/2.7"):
            with counting() as statements:
                pages.get(path)
            found.append(len(statements))
        return found

    small = counts()
    sharing.assign(at.actor(at.lead), review, ["2.1", "2.2", "3.1", "S1"], ada.id)
    sharing.assign(at.actor(at.lead), review, ["2.3", "S2"], bo.id)
    calibrating.begin(at.actor(at.lead), review, "2.6", ada.id, bo.id)

    assert counts() == small
    assert max(small) <= 20


def test_the_form_proposes_two_different_people_and_items_that_are_free(at: Ground, be, ada: Person) -> None:
    review = grounds.started(at, "2.6", "2.7")

    page = be(at.manager).get(f"/reviews/{review.number}/team")

    chosen = re.findall(r'<option selected value="([^"]+)"', page.text.split('name="second_id"')[1])
    firsts = re.findall(
        r'<option[^>]* value="([^"]+)"', page.text.split('name="first_id"')[1].split("</select>")[0]
    )
    assert chosen[0] == firsts[1]
    assert len(set(firsts)) == 2
    calibrating.begin(at.actor(at.lead), review, "2.7", at.lead.id, ada.id)
    offered = be(at.manager).get(f"/reviews/{review.number}/team").text.split('name="element"')
    assert 'value="2.6"' in offered[-1]
    assert 'value="2.7"' not in offered[-1].split("</select>")[0]


def test_one_auditor_alone_calibrates_nothing(at: Ground, be) -> None:
    review = grounds.started(at, "2.7")

    page = be(at.manager).get(f"/reviews/{review.number}/team")

    assert "Two auditors of this site are needed" in page.words
    assert 'name="second_id"' not in page.text
