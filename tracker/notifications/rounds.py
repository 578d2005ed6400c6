"""The rounds of a day: who has to be reminded, told that something is overdue, or told of somebody else's delay.

Each is told once: a notice names the record, the kind and the day it is about (the due day, so that an extension
begins anew). Whoever has to hear of several things hears of them together: one message a day about what is theirs,
one about what is late with others. The rounds can be made again, or by two at a time, and nobody hears the same
thing twice; only where a round was broken off after its message is the rest of it said again the next day.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import sqlalchemy as sa

from tracker import clock, history
from tracker.accounts.models import MailWish, Person, Role, RoleGrant
from tracker.database import db
from tracker.history import Record
from tracker.notifications import cycles, digests
from tracker.notifications.dues import Due, list_due
from tracker.notifications.models import Notice
from tracker.notifications.services import note, tell
from tracker.organisations.models import Organisation
from tracker.organisations.rules import SiteRules, list_rules

LONGEST_REMINDER = timedelta(days=60)
WEEK = 7
# A transaction holds no more than this, so that people who write meanwhile need not wait for the whole round.
PIECE = 100
# A message names so many things one by one; of the others it says how many they are.
LISTED = 20

REMINDERS, ESCALATIONS = "reminders-of-day", "escalations-of-day"
# What is said together.
TOGETHER = {
    "due-soon": REMINDERS,
    "overdue": REMINDERS,
    "escalated-manager": ESCALATIONS,
    "escalated-quality": ESCALATIONS,
}


@dataclass(frozen=True)
class Someone:
    """A person as the rounds need one; `sites` holds None for whoever sees every site."""

    id: int
    name_zh: str
    name_en: str
    manager_id: int | None
    mail: MailWish
    sites: frozenset[int | None]

    def sees(self, site_id: int) -> bool:
        """Whether this person could open what they are told of."""
        return None in self.sites or site_id in self.sites


def make_all_rounds() -> int:
    """Make the rounds of every organisation; how many messages were written. Commits as it goes."""
    ids = list(db.session.execute(sa.select(Organisation.id).order_by(Organisation.id)).scalars())
    db.session.commit()
    return sum(make_rounds(organisation_id) for organisation_id in ids)


def make_rounds(organisation_id: int) -> int:
    """Make the rounds of one organisation for today; how many messages were written. Commits as it goes."""
    today = clock.today()
    things = list_due(organisation_id, today + LONGEST_REMINDER)
    sites = sorted({each.site_id for each in things})
    rules = list_rules(organisation_id, sites)
    people = _people(organisation_id)
    quality = _quality_managers(organisation_id, people)
    told = _told(organisation_id, min((each.due_on for each in things), default=today))
    db.session.commit()
    letters: dict[tuple[int, str], list[News]] = defaultdict(list)
    for each in things:
        for news in _news(each, rules[each.site_id], people, quality, today):
            if news.key not in told:
                letters[news.person.id, TOGETHER[news.kind]].append(news)
    written = 0
    for (person_id, kind), all_news in letters.items():
        written += _say(Record(organisation_id, "person", person_id, 0), kind, all_news, today)
    written += _in_pieces(cycles.news(organisation_id, today, quality))
    return written + digests.write(organisation_id, today, things, people.values())


def _in_pieces(steps: Iterable[Callable[[], int]]) -> int:
    written = 0
    for number, step in enumerate(steps, 1):
        written += step()
        if number % PIECE == 0:
            db.session.commit()
    db.session.commit()
    return written


# ---------------------------------------------------------------- whom to tell


def _people(organisation_id: int) -> dict[int, Someone]:
    """Everybody who can be told something."""
    grants = db.session.execute(
        sa.select(RoleGrant.person_id, RoleGrant.site_id).where(RoleGrant.organisation_id == organisation_id)
    )
    sites: dict[int, set[int | None]] = defaultdict(set)
    for person_id, site_id in grants:
        sites[person_id].add(site_id)
    rows = db.session.execute(
        sa.select(Person.id, Person.name_zh, Person.name_en, Person.manager_id, Person.mail).where(
            Person.organisation_id == organisation_id, Person.active
        )
    )
    return {row.id: Someone(*row, frozenset(sites[row.id])) for row in rows}


QualityManagers = Callable[[int], tuple[int, ...]]


def _quality_managers(organisation_id: int, people: dict[int, Someone]) -> QualityManagers:
    """The quality managers of a site, those of every site among them."""
    rows = db.session.execute(
        sa.select(RoleGrant.site_id, RoleGrant.person_id)
        .where(RoleGrant.organisation_id == organisation_id, RoleGrant.role == Role.QUALITY_MANAGER)
        .order_by(RoleGrant.person_id)
    )
    by_site: dict[int | None, list[int]] = defaultdict(list)
    for site_id, person_id in rows:
        if person_id in people:
            by_site[site_id].append(person_id)
    return lambda site_id: tuple(dict.fromkeys([*by_site[site_id], *by_site[None]]))


Key = tuple[str, int, str, date, int]


def _told(organisation_id: int, since: date) -> set[Key]:
    """What has been told about days from then on: what needs no second try."""
    rows = db.session.execute(
        sa.select(Notice.record_kind, Notice.record_id, Notice.kind, Notice.day, Notice.person_id).where(
            Notice.organisation_id == organisation_id, Notice.day >= since
        )
    )
    return {(kind, record_id, what, day, person) for kind, record_id, what, day, person in rows}


@dataclass(frozen=True)
class News:
    """One thing to tell one person."""

    due: Due
    person: Someone
    kind: str
    day: date
    owner: Someone | None = None

    @property
    def key(self) -> Key:
        return self.due.key.kind, self.due.key.id, self.kind, self.day, self.person.id

    @property
    def payload(self) -> dict[str, Any]:
        """What a message about this alone carries."""
        return self.due.payload | self._whose()

    @property
    def item(self) -> dict[str, Any]:
        """What a message about several things carries of this one."""
        record = self.due.record
        said = {"record_kind": record.kind, "number": record.number, "title": self.due.title}
        return said | {"due_on": self.due.due_on.isoformat()} | self._whose()

    def _whose(self) -> dict[str, str]:
        return {"owner_zh": self.owner.name_zh, "owner_en": self.owner.name_en} if self.owner else {}

    def note(self) -> None:
        """Write down that it has been told, and put what is overdue on the record."""
        if not note(self.person.id, self.kind, self.due.key, self.day) or self.kind == "due-soon":
            return
        changes: dict[str, Any] = {
            "told": [None, [self.person.name_zh, self.person.name_en]],
            "due_on": [None, self.due.due_on.isoformat()],
        }
        if self.due.key is not self.due.record:
            changes["task"] = [None, self.due.title]
        history.record(self.due.record, self.kind.replace("-", "_"), None, changes=changes)


def _news(
    due: Due, rules: SiteRules, people: dict[int, Someone], quality: QualityManagers, today: date
) -> Iterator[News]:
    """What is to be told about one thing today, whether it has been told or not."""
    owner = _who_sees(due.owner_id, people, due.site_id)
    if today <= due.due_on:
        if owner and rules.remind_days and due.due_on - today <= timedelta(days=rules.remind_days):
            yield News(due, owner, "due-soon", due.due_on)
        return
    if owner:
        weeks = (today - due.due_on - timedelta(days=1)).days // WEEK
        yield News(due, owner, "overdue", due.due_on + timedelta(days=1 + WEEK * weeks))
    late = rules.calendar.working_days_between(due.due_on, today)
    manager = _who_sees(owner.manager_id if owner else None, people, due.site_id)
    if late >= rules.manager_after and manager:
        yield News(due, manager, "escalated-manager", due.due_on, owner)
    # Nobody above the owner, or no owner any more: the quality managers hear of it in the manager's place.
    after = rules.quality_after if manager else rules.manager_after
    if late >= after:
        for person_id in quality(due.site_id):
            if person_id not in (due.owner_id, manager.id if manager else None):
                yield News(due, people[person_id], "escalated-quality", due.due_on, owner)


def _who_sees(person_id: int | None, people: dict[int, Someone], site_id: int) -> Someone | None:
    """The person, unless gone or without a role at the site: nobody is told of what they cannot open."""
    found = people.get(person_id) if person_id is not None else None
    return found if found is not None and found.sees(site_id) else None


# ---------------------------------------------------------------- telling it


def _say(person: Record, kind: str, news: Sequence[News], today: date) -> int:
    """Tell a person all of it in one message, the longest overdue first; how many were written. Commits.

    The message comes first, with a notice of its own that is there once a day: a round that breaks off has said
    what it has not noted, and says it again tomorrow, rather than having noted what it never said.
    """
    if not note(person.id, kind, person, today):
        db.session.rollback()
        return 0
    news = sorted(news, key=lambda each: (each.due.due_on, each.due.record.kind, each.due.record.number))
    if len(news) == 1:
        tell([person.id], news[0].kind, news[0].due.record, news[0].payload)
    else:
        tell([person.id], kind, person, _together(news, today))
    for number, each in enumerate(news, 1):
        each.note()
        if number % PIECE == 0:
            db.session.commit()
    db.session.commit()
    return 1


def _together(news: Sequence[News], today: date) -> dict[str, Any]:
    """What a message about several things carries: how many of each kind, the first of them by name."""
    counts: dict[str, int] = defaultdict(int)
    for each in news:
        counts[each.due.key.kind] += 1
    overdue = sum(each.due.due_on < today for each in news)
    return {
        "overdue": overdue,
        "due": len(news) - overdue,
        "due_on": news[0].due.due_on.isoformat(),
        "kinds": dict(sorted(counts.items(), key=lambda pair: -pair[1])),
        "items": [each.item for each in news[:LISTED]],
        "more": max(len(news) - LISTED, 0),
    }
