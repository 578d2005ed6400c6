"""The words for what is recorded about people."""

from tracker.accounts.models import Role
from tracker.accounts.roles import role_title
from tracker.i18n import lazy_gettext as _l
from tracker.timeline import FIELD_LABELS, TITLES, VALUE_VIEWS

TITLES.update(
    person_added=_l("Person added"),
    person_edited=_l("Person edited"),
    person_activated=_l("Person activated"),
    person_deactivated=_l("Person deactivated"),
    role_granted=_l("Role given"),
    role_withdrawn=_l("Role taken away"),
    password_changed=_l("Password changed"),
    password_set=_l("Password set by an administrator"),
    signed_out_everywhere=_l("Signed out everywhere"),
)
FIELD_LABELS.update(
    email=_l("E-mail"),
    title=_l("Title"),
    name_zh=_l("Name in Chinese"),
    name_en=_l("Name in English"),
    language=_l("Language"),
    manager_id=_l("Manager"),
    active=_l("In use"),
    roles=_l("Roles"),
)


def _roles(value: object) -> str:
    """Roles as they are recorded, `auditor@suzhou, viewer@*`, by their names and with the code of their site."""
    each = value if isinstance(value, list) else str(value).split(", ")
    return ", ".join(_role(*str(grant).partition("@")[::2]) for grant in each)


def _role(name: str, site: str) -> str:
    title = role_title(Role(name)) if name in set(Role) else name
    return title if site in ("", "*") or site.isdigit() else f"{title} ({site})"


VALUE_VIEWS["roles"] = _roles
