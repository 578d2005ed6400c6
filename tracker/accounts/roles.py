"""What the roles are called, and what each is for, in the language of the request."""

from tracker.accounts.models import Role
from tracker.i18n import gettext as _


def role_title(role: Role) -> str:
    """The name of a role."""
    return {
        Role.ADMINISTRATOR: _("Administrator"),
        Role.QUALITY_MANAGER: _("Quality manager"),
        Role.LEAD_AUDITOR: _("Lead auditor"),
        Role.AUDITOR: _("Auditor"),
        Role.PROCESS_OWNER: _("Process owner"),
        Role.ACTION_OWNER: _("Action owner"),
        Role.APPROVER: _("Approver"),
        Role.VERIFIER: _("Verifier"),
        Role.ASSESSOR: _("Assessor"),
        Role.VIEWER: _("Viewer (management)"),
    }[role]


def role_meaning(role: Role) -> str:
    """What a person with the role does."""
    return {
        Role.ADMINISTRATOR: _("Keeps people, sites, programmes and settings."),
        Role.QUALITY_MANAGER: _("Plans reviews and watches the whole loop."),
        Role.LEAD_AUDITOR: _("Leads and signs reviews, answers disputes."),
        Role.AUDITOR: _("Judges items and carries out follow-up audits."),
        Role.PROCESS_OWNER: _("Owns non-conformities of a process."),
        Role.ACTION_OWNER: _("Finds causes, plans and does corrective actions."),
        Role.APPROVER: _("Approves plans and the closure of major findings."),
        Role.VERIFIER: _("Verifies the effect and signs closures."),
        Role.ASSESSOR: _("Records overrules and the word on 4.7."),
        Role.VIEWER: _("Reads everything and accepts reports."),
    }[role]
