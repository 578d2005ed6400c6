"""The columns that the register reads, and those that it is ordered by."""

from typing import Any

from tracker.accounts.models import Person
from tracker.nonconformities.models import Nonconformity, NonconformityLink
from tracker.organisations.models import Site
from tracker.reviews.models import Review

N = Nonconformity.__table__.c
L = NonconformityLink.__table__.c
S = Site.__table__.c
P = Person.__table__.c
R = Review.__table__.c


# Name in the address → column. Each is never empty and has an index that ends with the number.
SORTS: dict[str, Any] = {
    "number": N.number,
    "due": N.due_rank,
    "points": N.points_rank,
    "grade": N.grade,
    "state": N.state_rank,
}
