"""The ground of the tests that look ahead: the demo's open site, and a small site where bundles count."""

from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction

import sqlalchemy as sa
from flask import Flask

from scoring.sheet import Sheet
from tests import factories as make
from tests.conftest import make_client
from tests.pages import Pages
from tracker import clock
from tracker.accounts.models import Person, Role
from tracker.accounts.queries import get_actor
from tracker.actions.models import ActionDependency, ActionNonconformity
from tracker.database import add, db
from tracker.demo.cast import DOMAIN
from tracker.nonconformities.models import Nonconformity
from tracker.organisations.models import Organisation, Site
from tracker.permissions import Actor
from tracker.scores import sheets
from tracker.scores.computing import compute, tier_of
from tracker.scores.models import Cause
from tracker.scores.services import Why, rescore_site

COPC, SEE_CMM = sheets.COPC, sheets.SEE_CMM


def person(name: str) -> Person:
    """Somebody of the demo."""
    return db.session.execute(sa.select(Person).where(Person.email == f"{name}@{DOMAIN}")).scalar_one()


def actor(name: str) -> Actor:
    """Somebody of the demo as services know them."""
    who = person(name)
    return get_actor(who.organisation_id, who.id)


def pages(app: Flask, name: str = "lin", language: str = "en") -> Pages:
    """The browser of somebody of the demo."""
    with app.app_context():
        found = person(name)
        client = make_client(app)
        client.environ_base["HTTP_ACCEPT_LANGUAGE"] = language
        return Pages(client).sign_in(found)


def sheet_of(site_code: str, standard: str = COPC) -> Sheet:
    """The sheet of a site of the demo, computed afresh from its facts."""
    site = db.session.execute(sa.select(Site).where(Site.code == site_code)).scalar_one()
    facts = sheets.current_set(site.organisation_id, site.id, standard)
    assert facts is not None
    return compute(facts, tier_of(facts), clock.today()).sheet


@contextmanager
def inside(app: Flask) -> Iterator[None]:
    """A request in English, for reads that speak."""
    with app.app_context():
        yield
        db.session.remove()


def bundle(
    company: Organisation, efforts: tuple[int, ...] = (1, 1)
) -> tuple[Site, Person, list[Nonconformity]]:
    """A site with item 1.1 at one line of three met: two open non-conformities hold the others."""
    site = make.site(company, code="east", name_en="East")
    lead = make.person(company, Role.QUALITY_MANAGER, Role.LEAD_AUDITOR)
    make.unit(site, "loan")
    review = make.review(site, lead)
    lines = {"1.1/line/1.1-0": "met", "1.1/line/1.1-1": "not_met", "1.1/line/1.1-2": "not_met"}
    make.current_facts(review, lines | {"1.1/unit/loan": "full"})
    found = []
    for line, effort in zip(("1.1-1", "1.1-2"), efforts, strict=True):
        record = make.nonconformity(site, lead, effort=Fraction(effort))
        make.pin(record, f"1.1/line/{line}")
        found.append(record)
    rescore_site(site.organisation_id, site.id, Why(Cause.BASELINE, review.id), make.actor_for(lead))
    return site, lead, found


def record(name: str) -> Nonconformity:
    """A non-conformity of the demo by its label."""
    number = int(name.rpartition("-")[2])
    return db.session.execute(sa.select(Nonconformity).where(Nonconformity.number == number)).scalar_one()


def let_wait(waiting: str, awaited: str) -> None:
    """Let the action of one non-conformity wait for that of another."""
    edges = (
        sa.select(ActionNonconformity.action_id).where(
            ActionNonconformity.nonconformity_id == record(name).id
        )
        for name in (waiting, awaited)
    )
    action, needs = (db.session.execute(edge).scalar_one() for edge in edges)
    add(
        ActionDependency(
            organisation_id=record(waiting).organisation_id,
            action_id=action,
            needs_id=needs,
        )
    )
