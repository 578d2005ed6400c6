"""The demo is real input: it was made by the services that the pages use, and it adds up."""

import re
from fractions import Fraction

import pytest
import sqlalchemy as sa
from flask import Flask

from scoring import rescore
from scoring.sheet import loads
from tests.conftest import make_client
from tests.pages import Pages
from tracker.accounts.models import Person
from tracker.accounts.queries import get_actor
from tracker.actions.models import Action
from tracker.database import db
from tracker.demo import sign_ins
from tracker.demo.cast import DOMAIN, PASSWORD
from tracker.history import canonical, verify_chain
from tracker.nonconformities.models import Nonconformity
from tracker.organisations.models import Site
from tracker.scores import queries
from tracker.scores.models import CatalogueRelease, ScoringRun
from tracker.scores.services import run_hash
from workflows.actions import ActionState
from workflows.nonconformities import NonconformityState

# The table of the worked example: total, points of category 4, verdict, after each step.
STEPS = (
    ("5360/3", "2600/3", "not_met"),
    ("5390/3", "2600/3", "not_met"),
    ("5540/3", "2600/3", "not_met"),
    ("5600/3", "2600/3", "not_met"),
    ("5825/3", "2825/3", "not_met"),
    ("5950/3", "2950/3", "meets_lenient_only"),
    ("2000", "1000", "meets"),
)
SHOWN = ("1786.7", "1796.7", "1846.7", "1866.7", "1941.7", "1983.3", "2000.0")


def person(key: str) -> Person:
    return db.session.execute(sa.select(Person).where(Person.email == f"{key}@{DOMAIN}")).scalar_one()


def runs_of(code: str, standard: str = "copc-2000-csp") -> list[ScoringRun]:
    return list(
        db.session.execute(
            sa.select(ScoringRun)
            .join(
                Site, (Site.organisation_id == ScoringRun.organisation_id) & (Site.id == ScoringRun.site_id)
            )
            .where(Site.code == code, ScoringRun.standard == standard)
            .order_by(ScoringRun.number)
        ).scalars()
    )


def test_suzhou_walks_from_its_baseline_to_full_marks_step_by_step(demo_app: Flask) -> None:
    with demo_app.app_context():
        found = []
        for run in runs_of("suzhou"):
            result = rescore.score(loads(run.sheet)).to_json()
            step = (str(run.total), result["categories"]["4"]["points"], run.verdict)
            if not found or found[-1] != step:
                found.append(step)

        assert tuple(found) == STEPS


def test_the_score_page_shows_every_step_of_the_way(demo_app: Flask) -> None:
    with demo_app.app_context():
        actor = get_actor(person("lin").organisation_id, person("lin").id)

        page = queries.get_score_page(actor, "suzhou", "copc-2000-csp", None)

        moving = [step for step in page.steps if step.moved]
        totals = [page.totals.baseline if page.totals else None, *(step.total for step in moving)]
        assert totals == [Fraction(total) for total, _points, _verdict in STEPS]
        assert [dict(step.items) for step in moving] == [
            {"1.2": 10},
            {"2.3": 50},
            {"3.3": 20},
            {"4.4": 50, "4.7": 25},
            {"4.6": Fraction(125, 3)},
            {"4.6": Fraction(50, 3)},
        ]
    browser = Pages(make_client(demo_app))
    browser.sign_in(person_of(demo_app, "lin"))
    text = re.sub(r"<[^>]+>", " ", browser.get("/scores/?site=suzhou").text)
    for shown in SHOWN:
        assert shown in text


def person_of(app: Flask, key: str) -> Person:
    with app.app_context():
        found = person(key)
        db.session.expunge(found)
        return found


def test_every_stored_run_computes_again_to_the_same_bytes(demo_app: Flask) -> None:
    with demo_app.app_context():
        rows = db.session.execute(
            sa.select(ScoringRun, CatalogueRelease.content_hash).join(
                CatalogueRelease,
                (CatalogueRelease.organisation_id == ScoringRun.organisation_id)
                & (CatalogueRelease.id == ScoringRun.release_id),
            )
        ).all()

        assert rows
        for run, release_hash in rows:
            assert canonical(rescore.score(loads(run.sheet)).to_json()) == run.result
            assert run_hash(release_hash, run.sheet, run.result) == run.content_hash


def test_chengdu_has_non_conformities_in_every_state_and_actions_too(demo_app: Flask) -> None:
    with demo_app.app_context():
        states = set(db.session.execute(sa.select(Nonconformity.state)).scalars())
        actions = set(db.session.execute(sa.select(Action.state)).scalars())

        assert states == set(NonconformityState)
        assert set(ActionState) - actions == {ActionState.CANCELLED}


def test_chengdus_elements_span_every_category_and_the_maturity_model(demo_app: Flask) -> None:
    with demo_app.app_context():
        elements = db.session.execute(
            sa.select(Nonconformity.element)
            .join(
                Site,
                (Site.organisation_id == Nonconformity.organisation_id) & (Site.id == Nonconformity.site_id),
            )
            .where(Site.code == "chengdu")
        ).scalars()

        assert {element[0] for element in elements} == {"1", "2", "3", "4", "S"}


def test_its_audit_trail_holds(demo_app: Flask) -> None:
    with demo_app.app_context():
        assert verify_chain(person("lin").organisation_id) is None


def test_a_cut_in_the_audit_trail_is_found(fresh_demo: Flask) -> None:
    with fresh_demo.app_context():
        organisation = person("lin").organisation_id
        if db.engine.dialect.name == "postgresql":
            db.session.execute(sa.text("ALTER TABLE audit_events DISABLE TRIGGER audit_events_append_only"))
        else:
            db.session.execute(sa.text("DROP TRIGGER audit_events_no_update"))
        db.session.execute(sa.text("UPDATE audit_events SET entry = entry || ' ' WHERE sequence = 40"))
        db.session.commit()

        assert verify_chain(organisation) == 40


@pytest.mark.parametrize("table", ["scoring_runs", "history", "audit_events", "signatures"])
def test_nobody_can_change_or_delete_what_is_only_ever_added(fresh_demo: Flask, table: str) -> None:
    with fresh_demo.app_context():
        for statement in (f"UPDATE {table} SET id = id", f"DELETE FROM {table}"):
            with pytest.raises(sa.exc.DatabaseError, match="never changed"):
                db.session.execute(sa.text(statement))
            db.session.rollback()


def test_the_sign_ins_it_prints_are_true(demo_app: Flask) -> None:
    with demo_app.app_context():
        lines = sign_ins()

    assert PASSWORD in lines[0]
    for line in lines[1:]:
        email = line.split()[0]
        client = make_client(demo_app)
        token = Pages(client).get("/sign-in").token
        answer = client.post("/sign-in", data={"csrf_token": token, "email": email, "password": PASSWORD})
        assert answer.status_code == 303, email
