"""Taking back the last move of a record: what it changed is kept with it, and put back while the rule allows."""

from datetime import date, datetime
from fractions import Fraction
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from tracker.database import Base, Tenant, UTCDateTime, refers


class MoveUndo(Tenant, Base):
    """The last move of a record, as far as it can be taken back: one row for a record."""

    __tablename__ = "move_undos"
    __table_args__ = (
        refers("person_id", "people"),
        sa.UniqueConstraint("organisation_id", "record_kind", "record_id"),
    )

    record_kind: Mapped[str] = mapped_column(sa.String(32))
    record_id: Mapped[int] = mapped_column(sa.BigInteger)
    # The line of history that the move wrote: nothing may have been written after it.
    history_id: Mapped[int] = mapped_column(sa.BigInteger)
    person_id: Mapped[int] = mapped_column(sa.BigInteger)
    event: Mapped[str] = mapped_column(sa.String(64))
    old_state: Mapped[str] = mapped_column(sa.String(32))
    # Column → what stood there before the move.
    before: Mapped[dict[str, Any]] = mapped_column(sa.JSON)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
