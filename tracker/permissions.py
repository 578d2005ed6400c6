"""Who may do what: one map from the name of a permission to the people it allows.

A permission is granted when any of its predicates says yes. Predicates look at the person's roles at the
record's site and at the person's place in the record (its owner, its auditor, …). Segregation of duties is
not here: it is about what a person has done to a record, and is a guard of the machines.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from tracker.accounts.models import Role
from tracker.errors import Forbidden


@dataclass(frozen=True)
class Actor:
    """The person who acts, in plain values. `grants` holds (site id or None for every site, role)."""

    organisation_id: int
    person_id: int
    name_zh: str
    name_en: str
    grants: frozenset[tuple[int | None, Role]] = field(default_factory=frozenset)
    single_person: bool = False
    # Those whose deputy this person is today; their roles are among the grants.
    acting_for: frozenset[int] = frozenset()

    @property
    def hands(self) -> frozenset[int]:
        """This person together with everybody stood in for: whose records these are, and whose conflicts."""
        return self.acting_for | {self.person_id}

    def roles(self, site_id: int | None) -> frozenset[Role]:
        """The roles held at a site; with None, those held anywhere."""
        return frozenset(
            role for site, role in self.grants if site is None or site_id is None or site == site_id
        )

    def sites(self) -> frozenset[int] | None:
        """The sites this person sees; None means all of the organisation's."""
        if any(site is None for site, _ in self.grants):
            return None
        return frozenset(site for site, _ in self.grants if site is not None)

    def name(self, language: str) -> str:
        """The printed name in a language."""
        return self.name_zh if language.startswith("zh") else self.name_en


@dataclass(frozen=True)
class Subject:
    """What is acted on: its site, and the people it belongs to."""

    site_id: int | None = None
    owner_ids: frozenset[int] = frozenset()
    auditor_ids: frozenset[int] = frozenset()
    approver_ids: frozenset[int] = frozenset()


Predicate = Callable[[Actor, Subject], bool]


def _has(*roles: Role) -> Predicate:
    wanted = frozenset(roles)
    return lambda actor, subject: bool(actor.roles(subject.site_id) & wanted)


def _is_owner(actor: Actor, subject: Subject) -> bool:
    return not actor.hands.isdisjoint(subject.owner_ids) and _sees(actor, subject)


def _is_auditor(actor: Actor, subject: Subject) -> bool:
    return not actor.hands.isdisjoint(subject.auditor_ids) and _sees(actor, subject)


def _is_approver(actor: Actor, subject: Subject) -> bool:
    return not actor.hands.isdisjoint(subject.approver_ids) and _sees(actor, subject)


def _sees(actor: Actor, subject: Subject) -> bool:
    return bool(actor.roles(subject.site_id))


_admin = _has(Role.ADMINISTRATOR)
_manager = _has(Role.QUALITY_MANAGER)
_lead = _has(Role.LEAD_AUDITOR)
_auditor = _has(Role.AUDITOR, Role.LEAD_AUDITOR)
_process_owner = _has(Role.PROCESS_OWNER)
_action_owner = _has(Role.ACTION_OWNER, Role.PROCESS_OWNER)
_approver = _has(Role.APPROVER)
_verifier = _has(Role.VERIFIER, Role.LEAD_AUDITOR)
_assessor = _has(Role.ASSESSOR)
_management = _has(Role.VIEWER, Role.QUALITY_MANAGER)

PERMISSIONS: dict[str, tuple[Predicate, ...]] = {
    "site:view": (_sees,),
    "site:edit": (_admin, _manager),
    "person:view": (_sees,),
    "person:edit": (_admin,),
    "settings:edit": (_admin,),
    "review:view": (_sees,),
    "review:plan": (_manager, _lead),
    "review:start": (_manager, _lead, _auditor),
    "review:judge": (_auditor,),
    "review:report": (_lead,),
    "review:accept": (_management,),
    "review:withdraw": (_lead, _manager),
    "review:close": (_lead, _manager),
    "review:cancel": (_lead, _manager),
    "review:overrule": (_assessor,),
    "review:assign": (_lead, _manager),
    "review:submit": (_auditor,),
    "external:view": (_sees,),
    "external:edit": (_manager, _lead),
    "nonconformity:view": (_sees,),
    "nonconformity:raise": (_auditor, _manager),
    "nonconformity:edit": (_auditor, _manager, _is_owner),
    "nonconformity:answer": (_is_owner,),
    "nonconformity:judge_dispute": (_lead,),
    "nonconformity:contain": (_is_owner, _process_owner),
    "nonconformity:close": (_verifier, _auditor),
    "nonconformity:approve_closure": (_approver, _manager),
    "nonconformity:reopen": (_lead, _manager),
    "nonconformity:request_void": (_lead, _manager, _auditor, _is_owner),
    "nonconformity:void": (_lead, _manager, _auditor),
    "nonconformity:settle": (_assessor,),
    "nonconformity:isolate": (_lead,),
    "nonconformity:extend": (_manager, _lead),
    "nonconformity:look": (_auditor, _manager, _action_owner, _is_owner),
    "cause:view": (_sees,),
    "action:view": (_sees,),
    "action:create": (_action_owner, _manager),
    "action:work": (_is_owner, _manager),
    "action:approve": (_approver,),
    "action:close": (_verifier, _auditor),
    "action:cancel": (_is_owner, _manager),
    "action:extend": (_manager, _lead),
    "plan_template:view": (_sees,),
    "plan_template:edit": (_manager, _action_owner),
    "audit:view": (_sees,),
    "audit:schedule": (_auditor, _manager),
    "audit:conduct": (_is_auditor,),
    "audit:conclude": (_is_auditor,),
    "audit:cancel": (_lead, _manager, _is_auditor),
    "comment:write": (_sees,),
    "work:hand_over": (_admin, _manager),
    "score:view": (_sees,),
    "standard:load": (_admin, _manager),
    "standard:move": (_admin, _manager),
    "metric:view": (_sees,),
    "metric:edit": (_manager, _process_owner),
    "metric:check": (_auditor, _assessor),
    "metric:confirm": (_manager, _lead),
    "process:view": (_sees,),
    "process:edit": (_manager, _process_owner),
    "process:audit": (_auditor, _manager),
}


def can(actor: Actor, permission: str, subject: Subject | None = None) -> bool:
    """Whether `actor` holds `permission` for `subject`; an unknown name is a mistake in the code, never a yes."""
    subject = subject or Subject()
    return any(predicate(actor, subject) for predicate in PERMISSIONS[permission])


def require(actor: Actor, permission: str, subject: Subject | None = None) -> None:
    """Raise Forbidden unless `actor` holds `permission` for `subject`."""
    if not can(actor, permission, subject):
        raise Forbidden(permission)
