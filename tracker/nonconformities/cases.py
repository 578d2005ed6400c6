"""Reads of what belongs to a record: its relations, and the places where the same was looked for."""

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from tracker import clock
from tracker.accounts.models import Person
from tracker.database import db
from tracker.errors import NotFound
from tracker.i18n import gettext as _
from tracker.i18n import language, pick, show_datetime
from tracker.nonconformities.models import Nonconformity, NonconformityRelation, SimilarCase
from tracker.nonconformities.viewmodels import CaseLine, QuestionView, RelatedLine
from tracker.numbering import label
from tracker.offers import state_view
from tracker.organisations.models import Site, Unit
from tracker.organisations.queries import list_sites
from tracker.permissions import Actor
from workflows.repeats import Relation, SimilarAnswer

MOST_ASKED = 100
APART = "\x1f"
"""Stands between records in one text; nobody types it."""
ANSWER_TONES = {
    SimilarAnswer.ASKED: "attention",
    SimilarAnswer.ABSENT: "success",
    SimilarAnswer.PRESENT: "danger",
}


def related_text() -> sa.ScalarSelect[str]:
    """The records that belong to a record, on either side, as one text inside the statement that reads it."""
    here, other = NonconformityRelation, aliased(Nonconformity)
    mine = here.nonconformity_id == Nonconformity.id
    parts = (
        sa.type_coerce(here.kind, sa.String),
        sa.case((mine, "1"), else_="0"),
        sa.cast(other.number, sa.String),
        sa.type_coerce(other.state, sa.String),
        other.title,
    )
    line: sa.ColumnElement[str] = parts[0]
    for part in parts[1:]:
        line = line + " " + part
    return (
        sa.select(sa.func.aggregate_strings(line, APART))
        .select_from(here)
        .join(
            other,
            (other.organisation_id == here.organisation_id)
            & (other.id == sa.case((mine, here.other_id), else_=here.nonconformity_id)),
        )
        .where(
            here.organisation_id == Nonconformity.organisation_id,
            sa.or_(mine, here.other_id == Nonconformity.id),
        )
        .correlate(Nonconformity)
        .scalar_subquery()
    )


def read_related(text: str | None) -> tuple[RelatedLine, ...]:
    """What `related_text` found, by number."""
    found = []
    for line in (text or "").split(APART) if text else ():
        kind, mine, number, state, title = line.split(" ", 4)
        relation = Relation(kind)
        found.append(
            RelatedLine(
                words=relation.of(language()) if mine == "1" else _back(relation),
                number=int(number),
                label=label("nonconformity", int(number)),
                title=title,
                state=state_view("nonconformity", state),
            )
        )
    return tuple(sorted(found, key=lambda line: line.number))


def _back(kind: Relation) -> str:
    """The same relation, read from the other side."""
    return {
        Relation.DUPLICATE: _("has the duplicate"),
        Relation.SPLIT: _("was split; a part is"),
        Relation.SIMILAR: _("was found elsewhere, too"),
    }[kind]


def list_cases(organisation_id: int, ids: Collection[int]) -> tuple[CaseLine, ...]:
    """Where similar cases of these records were looked for, by place, in one statement."""
    here = SimilarCase
    rows = db.session.execute(
        _lines(organisation_id).where(here.nonconformity_id.in_(list(ids))).order_by(Site.code, here.id)
    )
    return tuple(_case(row) for row in rows)


def list_questions(actor: Actor) -> tuple[QuestionView, ...]:
    """The places of the actor's sites that have not answered yet, the oldest first, in one statement.

    One more than are shown at once, where there is one more.
    """
    sites = actor.sites()
    here = SimilarCase
    statement = _lines(actor.organisation_id).where(here.answer == SimilarAnswer.ASKED)
    if sites is not None:
        statement = statement.where(here.site_id.in_(sorted(sites)))
    rows = db.session.execute(statement.order_by(here.id).limit(MOST_ASKED + 1))
    return tuple(
        QuestionView(
            line=_case(row),
            title=row.title,
            statement=row.statement,
            element=row.element,
            visible=sites is None or row.source_site in sites,
        )
        for row in rows
    )


def _lines(organisation_id: int) -> Any:
    raised, source = aliased(Nonconformity), aliased(Nonconformity)
    here = SimilarCase
    return (
        sa.select(
            here,
            source.number.label("source"),
            source.title.label("title"),
            source.statement.label("statement"),
            source.element.label("element"),
            source.site_id.label("source_site"),
            Site.name_zh.label("site_zh"),
            Site.name_en.label("site_en"),
            Unit.name_zh.label("unit_zh"),
            Unit.name_en.label("unit_en"),
            Person.name_zh.label("who_zh"),
            Person.name_en.label("who_en"),
            raised.number.label("raised"),
        )
        .join(source, (source.organisation_id == here.organisation_id) & (source.id == here.nonconformity_id))
        .join(Site, (Site.organisation_id == here.organisation_id) & (Site.id == here.site_id))
        .outerjoin(Unit, (Unit.organisation_id == here.organisation_id) & (Unit.id == here.unit_id))
        .outerjoin(
            Person, (Person.organisation_id == here.organisation_id) & (Person.id == here.answered_by_id)
        )
        .outerjoin(raised, (raised.organisation_id == here.organisation_id) & (raised.id == here.raised_id))
        .where(here.organisation_id == organisation_id)
    )


def _case(row: Any) -> CaseLine:
    case = row.SimilarCase
    unit = pick(row.unit_zh or "", row.unit_en or "")
    site = pick(row.site_zh, row.site_en)
    who = pick(row.who_zh or "", row.who_en or "")
    return CaseLine(
        id=case.id,
        version=case.version,
        source=row.source,
        source_label=label("nonconformity", row.source),
        site_id=case.site_id,
        unit_id=case.unit_id,
        place=f"{site} · {unit}" if unit else site,
        answer=case.answer.value,
        answer_words=case.answer.of(language()),
        tone=ANSWER_TONES[case.answer],
        note=case.note,
        told=f"{who} · {show_datetime(case.answered_at)}" if who else "",
        raised=row.raised,
        raised_label=label("nonconformity", row.raised) if row.raised else "",
    )


def find_case(actor: Actor, nonconformity: Nonconformity, case_id: int) -> SimilarCase:
    """A question of this record at a site that the actor sees. Raises NotFound."""
    found = db.session.get(SimilarCase, (actor.organisation_id, case_id))
    sites = actor.sites()
    if found is None or found.nonconformity_id != nonconformity.id:
        raise NotFound
    if sites is not None and found.site_id not in sites:
        raise NotFound
    return found


def find_question(actor: Actor, case_id: int) -> tuple[Nonconformity, SimilarCase]:
    """A question asked of a site that the actor sees, with the record it comes from. Raises NotFound."""
    case = db.session.get(SimilarCase, (actor.organisation_id, case_id))
    sites = actor.sites()
    if case is None or (sites is not None and case.site_id not in sites):
        raise NotFound
    return db.session.get_one(Nonconformity, (actor.organisation_id, case.nonconformity_id)), case


def list_places(actor: Actor, nonconformity: Nonconformity) -> list[tuple[str, str]]:
    """The other sites, and all programmes and key positions, as (`site` or `site-unit`, name): two statements."""
    sites = list_sites(actor)
    today = clock.today()
    units = db.session.execute(
        sa.select(Unit.site_id, Unit.id, Unit.name_zh, Unit.name_en)
        .where(
            Unit.organisation_id == actor.organisation_id,
            Unit.site_id.in_([site.id for site in sites]),
            sa.or_(Unit.ends_on.is_(None), Unit.ends_on >= today),
        )
        .order_by(Unit.kind.desc(), Unit.position, Unit.code)
    ).all()
    found: list[tuple[str, str]] = []
    for site in sites:
        name = pick(site.name_zh, site.name_en)
        if site.id != nonconformity.site_id:
            found.append((str(site.id), _("%(site)s, the whole site", site=name)))
        found += [
            (f"{site.id}-{unit.id}", f"{name} · {pick(unit.name_zh, unit.name_en)}")
            for unit in units
            if unit.site_id == site.id
        ]
    return found
