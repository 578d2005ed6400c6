"""The register: filter, search, sort and page in one statement, as fast for a million rows as for a thousand.

Pages are found by the values of their first or last row, never by counting rows. Permissions are part of the
statement.
"""

from tracker.nonconformities.register.columns import SORTS
from tracker.nonconformities.register.filters import UNSETTLED, Filter, read_filter
from tracker.nonconformities.register.pages import get_page, list_places
from tracker.nonconformities.register.rows import GRADE_TONES
from tracker.nonconformities.register.statements import SETTLED

__all__ = ["GRADE_TONES", "SETTLED", "SORTS", "UNSETTLED", "Filter", "get_page", "list_places", "read_filter"]
