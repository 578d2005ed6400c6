"""Audits of a site by somebody outside: planned, held with their verdict, and what they found."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from typing import Any

import sqlalchemy as sa

from tracker import clock, history
from tracker.database import add, db
from tracker.errors import Conflict, InvalidInput, NotFound
from tracker.history import Record
from tracker.i18n import gettext as _
from tracker.i18n import pick
from tracker.moves import check_version
from tracker.nonconformities.models import Nonconformity
from tracker.nonconformities.services import raise_draft
from tracker.numbering import label, next_number
from tracker.offers import StateView, state_view
from tracker.organisations.models import Site
from tracker.permissions import Actor
from tracker.reviews.models import (
    ExternalAudit,
    ExternalFinding,
    ExternalState,
    ExternalVerdict,
)
from tracker.scores.models import ScoringRun
from tracker.scores.releases import of_site
from tracker.scores.sheets import COPC, SEE_CMM
from workflows.kinds import Grade, Source

BESIDE = ("", COPC, SEE_CMM)
# What is said of an audit before it is held, and what once it is.
PLAN = ("body", "standard", "beside", "planned_on")


def record_of(audit: ExternalAudit) -> Record:
    """The audit as history points to it."""
    return Record(audit.organisation_id, "external_audit", audit.id, audit.number)


# ---------------------------------------------------------------- reads


@dataclass(frozen=True)
class ExternalRow:
    """A line of the register."""

    number: int
    site_code: str
    site_name: str
    state: ExternalState
    body: str
    standard: str
    planned_on: date
    held_on: date | None
    verdict: ExternalVerdict | None
    score: Fraction | None
    maximum: Fraction | None
    findings: int

    @property
    def code(self) -> str:
        """The number as it is written."""
        return label("external_audit", self.number)

    @property
    def day(self) -> date:
        """The day it was held, or is planned for."""
        return self.held_on or self.planned_on


@dataclass(frozen=True)
class OwnScore:
    """What this product had verified at the end of the day of the audit."""

    run: int
    standard: str
    total: Fraction | None
    maximum: Fraction
    verdict: str
    level: int | None
    on: date


@dataclass(frozen=True)
class ExternalPage:
    """An external audit with its findings and our own score of that day."""

    audit: ExternalAudit
    site_code: str
    site_name: str
    findings: tuple[tuple[int, str, StateView], ...]
    own: OwnScore | None


def list_external(
    actor: Actor, *, site: str = "", before: int | None = None, size: int
) -> tuple[tuple[ExternalRow, ...], bool]:
    """The register, newest number first, and whether there is more; one statement."""
    found = (
        sa.select(sa.func.count())
        .where(
            ExternalFinding.organisation_id == ExternalAudit.organisation_id,
            ExternalFinding.external_audit_id == ExternalAudit.id,
        )
        .scalar_subquery()
    )
    wanted = (
        sa.select(ExternalAudit, Site, found.label("findings"))
        .join(
            Site,
            (Site.organisation_id == ExternalAudit.organisation_id) & (Site.id == ExternalAudit.site_id),
        )
        .where(ExternalAudit.organisation_id == actor.organisation_id)
        .order_by(ExternalAudit.number.desc())
        .limit(size + 1)
    )
    sites = actor.sites()
    if sites is not None:
        wanted = wanted.where(ExternalAudit.site_id.in_(sites))
    if site:
        wanted = wanted.where(Site.code == site)
    if before is not None:
        wanted = wanted.where(ExternalAudit.number < before)
    rows = db.session.execute(wanted).all()
    return tuple(_row(*row) for row in rows[:size]), len(rows) > size


def _row(audit: ExternalAudit, site: Site, findings: int) -> ExternalRow:
    return ExternalRow(
        number=audit.number,
        site_code=site.code,
        site_name=pick(site.name_zh, site.name_en),
        state=audit.state,
        body=audit.body,
        standard=audit.standard,
        planned_on=audit.planned_on,
        held_on=audit.held_on,
        verdict=audit.verdict,
        score=audit.score,
        maximum=audit.maximum,
        findings=findings,
    )


def get_external(organisation_id: int, number: int) -> ExternalAudit:
    """The audit with this number. Raises NotFound."""
    found = db.session.execute(
        sa.select(ExternalAudit).where(
            ExternalAudit.organisation_id == organisation_id, ExternalAudit.number == number
        )
    ).scalar_one_or_none()
    if found is None:
        raise NotFound
    return found


def page_of(audit: ExternalAudit) -> ExternalPage:
    """Everything on the page of an external audit: three statements."""
    site = db.session.get_one(Site, (audit.organisation_id, audit.site_id))
    rows = db.session.execute(
        sa.select(Nonconformity.number, Nonconformity.title, Nonconformity.state)
        .join(
            ExternalFinding,
            (ExternalFinding.organisation_id == Nonconformity.organisation_id)
            & (ExternalFinding.nonconformity_id == Nonconformity.id),
        )
        .where(
            ExternalFinding.organisation_id == audit.organisation_id,
            ExternalFinding.external_audit_id == audit.id,
        )
        .order_by(Nonconformity.number)
    )
    return ExternalPage(
        audit=audit,
        site_code=site.code,
        site_name=pick(site.name_zh, site.name_en),
        findings=tuple((row.number, row.title, state_view("nonconformity", row.state)) for row in rows),
        own=own_score(audit),
    )


def own_score(audit: ExternalAudit) -> OwnScore | None:
    """The last run of the site up to the day of the audit, under the standard that it stands beside."""
    if audit.held_on is None or not audit.beside:
        return None
    after = datetime.combine(audit.held_on + timedelta(days=1), time(), tzinfo=clock.now().tzinfo)
    row = db.session.execute(
        sa.select(ScoringRun)
        .options(sa.orm.defer(ScoringRun.sheet), sa.orm.defer(ScoringRun.result))
        .where(
            ScoringRun.organisation_id == audit.organisation_id,
            ScoringRun.site_id == audit.site_id,
            ScoringRun.standard == audit.beside,
            ScoringRun.created_at < after,
        )
        .order_by(ScoringRun.number.desc())
        .limit(1)
    ).scalar_one_or_none()
    if row is None:
        return None
    return OwnScore(
        row.number, row.standard, row.total, row.maximum, row.verdict, row.level, row.created_at.date()
    )


# ---------------------------------------------------------------- writes


def plan_external(actor: Actor, *, site_id: int, fields: Mapping[str, Any]) -> ExternalAudit:
    """Write down an audit that somebody outside will hold. Raises NotFound, InvalidInput."""
    if db.session.get(Site, (actor.organisation_id, site_id)) is None:
        raise NotFound
    given = _checked(fields)
    audit = add(
        ExternalAudit(
            organisation_id=actor.organisation_id,
            number=next_number(actor.organisation_id, "external_audit"),
            site_id=site_id,
            state=ExternalState.PLANNED,
            created_at=clock.now(),
            **given,
        )
    )
    history.record(
        record_of(audit),
        "external_planned",
        actor.person_id,
        changes={"planned_on": [None, str(audit.planned_on)]},
    )
    db.session.flush()
    return audit


def edit_external(actor: Actor, audit: ExternalAudit, fields: Mapping[str, Any], version: int | None) -> None:
    """Change what is planned. Raises Conflict, InvalidInput."""
    check_version(audit, version)
    _write(actor, audit, "edited", _checked(fields))


def _checked(fields: Mapping[str, Any]) -> dict[str, Any]:
    given = {name: fields[name] for name in PLAN}
    faults = {
        name: [_("Fill this in.")] for name in ("body", "standard") if not str(given[name] or "").strip()
    }
    if given["planned_on"] is None:
        faults["planned_on"] = [_("Fill this in.")]
    if given["beside"] not in BESIDE:
        faults["beside"] = [_("Choose one of the standards.")]
    if faults:
        raise InvalidInput(faults)
    return given


def hold(
    actor: Actor,
    audit: ExternalAudit,
    *,
    held_on: date,
    verdict: ExternalVerdict,
    score: Fraction | None,
    maximum: Fraction | None,
    summary: str,
    version: int | None,
) -> None:
    """Record that it took place, and what the body said. Raises Conflict, InvalidInput."""
    check_version(audit, version)
    if audit.state == ExternalState.CANCELLED:
        raise Conflict(_("This audit was cancelled."))
    faults: dict[str, list[str]] = {}
    if held_on > clock.today():
        faults["held_on"] = [_("This day has not come yet.")]
    if score is not None and maximum is not None and not 0 <= score <= maximum:
        faults["score"] = [_("The score lies between 0 and its maximum.")]
    if score is not None and maximum is None:
        faults["maximum"] = [_("Out of how many points?")]
    if faults:
        raise InvalidInput(faults)
    given = {
        "state": ExternalState.HELD,
        "held_on": held_on,
        "verdict": verdict,
        "score": score,
        "maximum": maximum if score is not None else None,
        "summary": summary.strip(),
    }
    _write(actor, audit, "external_held", given)


def cancel(actor: Actor, audit: ExternalAudit, reason: str, version: int | None) -> None:
    """It will not take place. Raises Conflict, InvalidInput."""
    check_version(audit, version)
    if audit.state != ExternalState.PLANNED:
        raise Conflict(_("Only a planned audit can be cancelled."))
    if not reason.strip():
        raise InvalidInput({"reason": [_("Write down the reason.")]})
    audit.state = ExternalState.CANCELLED
    history.record(record_of(audit), "external_cancelled", actor.person_id, reason=reason.strip())
    db.session.flush()


def _write(actor: Actor, audit: ExternalAudit, event: str, given: Mapping[str, Any]) -> None:
    said = {}
    for name, after in given.items():
        before = getattr(audit, name)
        if before != after:
            said[name] = [_plain(before), _plain(after)]
            setattr(audit, name, after)
    if said:
        history.record(record_of(audit), event, actor.person_id, changes=said)
    db.session.flush()


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Fraction | date) else value


def add_finding(
    actor: Actor, audit: ExternalAudit, *, title: str, grade: Grade, element: str, statement: str
) -> Nonconformity:
    """Draft the non-conformity for something that the body found. Raises Forbidden, Conflict, InvalidInput."""
    if audit.state != ExternalState.HELD:
        raise Conflict(_("Findings are entered once the audit has been held."))
    standard = of_site(audit.organisation_id, audit.site_id).standard_of(element)
    if element and standard is None:
        raise InvalidInput({"element": [_("Not an item or criterion.")]})
    nonconformity = raise_draft(
        actor,
        site_id=audit.site_id,
        title=title,
        grade=grade,
        source=Source.EXTERNAL_AUDIT,
        statement=statement,
        evidence=f"{label('external_audit', audit.number)} {audit.body}, {audit.standard}",
        links=((standard, element),) if standard else (),
    )
    db.session.add(
        ExternalFinding(
            organisation_id=audit.organisation_id,
            external_audit_id=audit.id,
            nonconformity_id=nonconformity.id,
        )
    )
    history.record(
        record_of(audit),
        "external_finding",
        actor.person_id,
        changes={"finding": [None, label("nonconformity", nonconformity.number)]},
    )
    db.session.flush()
    return nonconformity
