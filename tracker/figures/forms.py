"""What the figures can be narrowed to."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from tracker.i18n import gettext as _

LONGEST = timedelta(days=5 * 366)


@dataclass(frozen=True)
class Period:
    """The days asked for, both ends counted, and what is wrong with what was typed."""

    first: date
    last: date
    faults: tuple[str, ...] = ()


def read_period(args: Mapping[str, str], today: date) -> Period:
    """The period of an address; what cannot be read is named, and the last twelve months are shown in its place."""
    found: dict[str, date | None] = {}
    faults: list[str] = []
    for name in ("first", "last"):
        text = args.get(name, "")
        try:
            found[name] = date.fromisoformat(text) if text else None
        except ValueError:
            faults.append(_("This is not a date. Write it like 2026-07-15."))
            found[name] = None
    last = found["last"] or today
    # Years that a calendar hardly reaches would make the arithmetic below fail.
    if not 1990 <= last.year <= 2200 or (found["first"] and not 1990 <= found["first"].year <= 2200):
        faults.append(_("This year cannot be right."))
    if faults:
        return Period(_year_before(today), today, tuple(dict.fromkeys(faults)))
    first = found["first"] or _year_before(last)
    if first > last:
        faults.append(_("The last day is before the first."))
    elif last - first > LONGEST:
        faults.append(_("At most five years at a time."))
    return Period(_year_before(today), today, tuple(faults)) if faults else Period(first, last)


def _year_before(day: date) -> date:
    """The first of the month, so that with the month of the day itself there are twelve."""
    return (day.replace(day=1) - timedelta(days=330)).replace(day=1)
