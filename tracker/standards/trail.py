"""The words for what is recorded about releases."""

from tracker.i18n import lazy_gettext as _l
from tracker.timeline import FIELD_LABELS, TITLES

TITLES.update(
    release_moved=_l("Moved to another release of the standard"),
    release_loaded=_l("Release of one's own loaded"),
)
FIELD_LABELS.update(release=_l("Release"))
