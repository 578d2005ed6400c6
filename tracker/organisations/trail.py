"""The words for what is recorded about sites, programmes and key positions."""

from scoring.policy import SWITCHES
from tracker.i18n import lazy_gettext as _l
from tracker.timeline import FIELD_LABELS, TITLES

TITLES.update(
    site_added=_l("Site added"),
    site_edited=_l("Site edited"),
    policy_changed=_l("Policy changed"),
    programme_added=_l("Programme added"),
    programme_edited=_l("Programme edited"),
    programme_retired=_l("Programme ended"),
    key_position_added=_l("Key position added"),
    key_position_edited=_l("Key position edited"),
    key_position_retired=_l("Key position ended"),
)
FIELD_LABELS.update(
    code=_l("Short code"),
    item=_l("Item"),
    csp_type=_l("Kind of site"),
    target_level=_l("Target level"),
    client=_l("Client"),
    starts_on=_l("First day"),
    ends_on=_l("Last day"),
)
# Switches are known by their keys, in sheets and in stored runs; their names stand on the page itself.
FIELD_LABELS.update({key: key for key in SWITCHES})
