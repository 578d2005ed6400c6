"""A small company with the people of the loop, and the steps that bring an action to where a test begins."""

from dataclasses import dataclass
from datetime import date, timedelta

from tests import factories
from tracker import clock
from tracker.accounts.models import Person, Role
from tracker.actions import queries, services
from tracker.actions.models import Action
from tracker.audits import queries as audit_queries
from tracker.audits import services as audits
from tracker.audits.models import Audit
from tracker.moves import Signing
from tracker.nonconformities.models import Nonconformity
from tracker.organisations.models import Organisation, Site
from tracker.permissions import Actor
from workflows.causes import CauseKind, VerificationMethod
from workflows.kinds import AuditMode, AuditPurpose

SIGNED = Signing(factories.PASSWORD, {"seen": "everything"})


@dataclass
class Company:
    """Who works there, as rows and as actors."""

    organisation: Organisation
    site: Site
    process_owner: Person
    owner: Person
    approver: Person
    auditor: Person
    lead: Person
    manager: Person

    def act(self, person: Person) -> Actor:
        return factories.actor_for(person)

    def nonconformity(self, **fields: object) -> Nonconformity:
        return factories.nonconformity(self.site, self.process_owner, **fields)


def company() -> Company:
    """A company of one site with everybody whom the loop needs."""
    organisation = factories.organisation()
    site = factories.site(organisation)
    make = lambda *roles: factories.person(organisation, *roles, at=site)  # noqa: E731
    return Company(
        organisation,
        site,
        process_owner=make(Role.PROCESS_OWNER),
        owner=make(Role.ACTION_OWNER),
        approver=make(Role.APPROVER),
        auditor=make(Role.AUDITOR),
        lead=make(Role.LEAD_AUDITOR),
        manager=make(Role.QUALITY_MANAGER),
    )


def created(at: Company, *records: Nonconformity) -> Action:
    """An action that was just opened."""
    records = records or (at.nonconformity(),)
    return services.create_action(
        at.act(at.manager),
        title="Callbacks on time",
        owner_id=at.owner.id,
        nonconformity_ids=[record.id for record in records],
    )


PROBLEM = {
    "problem_what": "Callbacks come late",
    "problem_where": "Loan programme",
    "problem_since": date(2026, 1, 5),
    "problem_extent": "12 of 60",
}


def analysing(at: Company, *records: Nonconformity) -> Action:
    """An action whose problem is defined."""
    action = created(at, *records)
    services.edit_step(at.act(at.owner), action, PROBLEM)
    services.make_move(at.act(at.owner), action, "define")
    return action


def planning(at: Company, *records: Nonconformity) -> Action:
    """An action with a verified root cause."""
    action = analysing(at, *records)
    why = services.add_cause(at.act(at.owner), action, "The list of callbacks is not sorted")
    root = services.add_cause(
        at.act(at.owner),
        action,
        "The system offers no due time",
        parent_id=why.id,
        kind=CauseKind.ROOT,
        evidence="Screen of the callback list",
    )
    services.verify_cause(at.act(at.owner), action, root, VerificationMethod.OBSERVATION)
    services.make_move(at.act(at.owner), action, "analyse")
    return action


def planned(at: Company, *records: Nonconformity) -> Action:
    """An action with everything an approver wants to see, not yet submitted."""
    action = planning(at, *records)
    root = queries.load_case(action).causes[-1]
    services.edit_step(
        at.act(at.owner), action, {"criterion": "95 % in time over 30 days", "window_days": 30}
    )
    services.add_task(
        at.act(at.owner),
        action,
        title="Show the due time",
        owner_id=at.owner.id,
        due_on=clock.today() + timedelta(days=20),
        cause_id=root.id,
    )
    return action


def submitted(at: Company, *records: Nonconformity) -> Action:
    """An action whose plan waits for approval."""
    action = planned(at, *records)
    services.make_move(at.act(at.owner), action, "submit_plan")
    return action


def implementing(at: Company, *records: Nonconformity) -> Action:
    """An action with an approved plan."""
    action = submitted(at, *records)
    services.make_move(at.act(at.approver), action, "approve_plan", signing=SIGNED)
    return action


def finish(at: Company, action: Action) -> None:
    """Do the open tasks and answer what the report of implementation asks."""
    for task in queries.load_case(action).plan:
        if task.state == "open":
            services.finish_task(at.act(at.owner), action, task, "Release 4.2 notes")
    services.edit_step(
        at.act(at.owner),
        action,
        {"documents_updated": True, "documents_note": "Callback procedure", "read_across": "None elsewhere"},
    )


def implemented(at: Company, *records: Nonconformity) -> Action:
    """An action that waits for its follow-up audit."""
    action = implementing(at, *records)
    finish(at, action)
    services.make_move(at.act(at.owner), action, "implement")
    return action


def audited(
    at: Company,
    *records: Nonconformity,
    purpose: AuditPurpose = AuditPurpose.EFFECTIVENESS,
    implemented: bool | None = True,
    effective: bool | None = True,
    answers: dict[int, tuple[bool | None, bool | None]] | None = None,
    failed: bool = False,
) -> Audit:
    """A signed follow-up audit with these answers, the same for each record unless `answers` says otherwise."""
    audit = started(at, *records, purpose=purpose)
    for check in audit_queries.list_checks(audit):
        audits.answer_check(at.act(at.auditor), audit, check, "no" if failed else "yes", "Seen")
    audits.set_sample(at.act(at.auditor), audit, sample="30 calls of April")
    for record in records:
        done, works = (answers or {}).get(record.id, (implemented, effective))
        audits.set_verdict(
            at.act(at.auditor),
            audit,
            record.id,
            implemented=done,
            effective=works,
            note="As seen",
            evidence="Recordings",
        )
    audits.make_move(at.act(at.auditor), audit, "conclude", signing=SIGNED)
    return audit


def started(
    at: Company, *records: Nonconformity, purpose: AuditPurpose = AuditPurpose.EFFECTIVENESS
) -> Audit:
    """A follow-up audit in progress."""
    audit = audits.schedule(
        at.act(at.lead),
        nonconformity_ids=[record.id for record in records],
        purpose=purpose,
        mode=AuditMode.ON_SITE,
        planned_on=clock.today(),
        auditor_id=at.auditor.id,
    )
    audits.make_move(at.act(at.auditor), audit, "start")
    return audit
