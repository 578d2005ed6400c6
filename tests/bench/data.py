"""A large register: the demo's organisation with more sites, more people and as many non-conformities as wanted.

Everything is deterministic. The demo is built through the services; further sites are copies of its two, with
their facts, metrics and runs; the non-conformities go in by Core inserts, in texts of both languages, most of
them closed long ago, some sixty of a site's thousand still holding facts. The database's own triggers fill the
full-text search.
"""

import random
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from functools import cache
from itertools import islice
from typing import Any

import sqlalchemy as sa
from flask import Flask

from tests.copies import Ids, copy_rows, take_numbers
from tracker import clock, search
from tracker.accounts.models import Person, Role, RoleGrant
from tracker.commands import upgrade_database
from tracker.database import Base, db, renew_statistics
from tracker.demo import build_demo
from tracker.nonconformities.models import Nonconformity, NonconformityLink, Pin
from tracker.numbering import label
from tracker.organisations.models import Organisation, Site
from tracker.reviews.models import Fact, FactSet, FactSetKind
from tracker.scores.models import Cause, ScoringRun, Standing
from tracker.scores.services import Why, rescore_site
from workflows.kinds import Grade, Source
from workflows.nonconformities import NonconformityState
from workflows.schedule import Step

BATCH = 5_000
PEOPLE_PER_SITE = 6

# state → share of the register; what remains is closed.
SHARES = (
    (NonconformityState.DRAFT, 0.010),
    (NonconformityState.OPEN, 0.020),
    (NonconformityState.DISPUTED, 0.002),
    (NonconformityState.CONTAINED, 0.008),
    (NonconformityState.CORRECTING, 0.022),
    (NonconformityState.VERIFYING, 0.008),
    (NonconformityState.VOID, 0.030),
)
GRADES = ((Grade.MAJOR, 0.12), (Grade.MINOR, 0.58), (Grade.OBSERVATION, 0.2), (Grade.OFI, 0.1))
STEPS = {
    NonconformityState.OPEN: Step.CONTAINMENT,
    NonconformityState.DISPUTED: Step.CONTAINMENT,
    NonconformityState.CONTAINED: Step.PLAN,
    NonconformityState.CORRECTING: Step.IMPLEMENTATION,
    NonconformityState.VERIFYING: Step.FOLLOW_UP,
}
UNPINNED = (Grade.OBSERVATION, Grade.OFI)

SUBJECTS = (
    ("业务监控评分标准", "scoring standard of transaction monitoring"),
    ("新员工上岗认证", "certification of new hires"),
    ("排班预测", "staffing forecast"),
    ("首次解决率数据", "first-contact resolution data"),
    ("投诉分类与回访", "classification and call-back of complaints"),
    ("知识库更新", "updates of the knowledge base"),
    ("来电放弃率目标", "target of the abandon rate"),
    ("供应商数据核对", "reconciliation of vendor data"),
    ("改进项目跟踪", "follow-up of improvement projects"),
    ("关键岗位技能清单", "list of skills of key positions"),
    ("顾客满意度调查样本", "sample of the satisfaction survey"),
    ("应急预案演练", "rehearsal of the contingency plan"),
)
FAULTS = (
    ("未覆盖全部项目", "does not cover every programme"),
    ("近六个月没有记录", "has no records for six months"),
    ("未按规定周期执行", "is not carried out at the stated interval"),
    ("没有责任人签字", "bears no signature of the owner"),
    ("与目标不一致", "disagrees with the target"),
    ("未使用原因分析", "is done without an analysis of causes"),
    ("样本量不足", "rests on too small a sample"),
    ("结果未反馈给员工", "is not fed back to the staff"),
)
FAMILY = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗"
FAMILY_EN = (
    "Wang",
    "Li",
    "Zhang",
    "Liu",
    "Chen",
    "Yang",
    "Huang",
    "Zhao",
    "Wu",
    "Zhou",
    "Xu",
    "Sun",
    "Ma",
    "Zhu",
    "Hu",
    "Guo",
    "He",
    "Lin",
    "Gao",
    "Luo",
)
GIVEN = (
    ("伟", "Wei"),
    ("静", "Jing"),
    ("磊", "Lei"),
    ("娜", "Na"),
    ("洋", "Yang"),
    ("敏", "Min"),
    ("涛", "Tao"),
)


@dataclass(frozen=True)
class World:
    """What the measurements need to know of the data."""

    organisation_id: int
    site_code: str
    site_id: int
    rows: int
    sites: int


def fill(app: Flask, rows: int, sites: int | None = None, seed: int = 20) -> World:
    """Make the schema, the demo, and `rows` more non-conformities over `sites` more sites (one for each thousand)."""
    random_ = random.Random(seed)
    sites = sites or max(4, rows // 1_000)
    with app.app_context():
        upgrade_database()
        build_demo()
        with db.engine.connect() as connection:  # may be lost with the machine: it is made anew then
            _durable(connection, "OFF")
            ids = Ids()
            organisation_id = connection.scalar(sa.select(Organisation.id))
            templates = _rows(connection, Site, organisation_id)
            copies = [
                _copy_site(connection, templates[place % len(templates)], place, ids)
                for place in range(sites)
            ]
            people = _add_people(connection, organisation_id, copies, ids, random_)
            _add_nonconformities(connection, organisation_id, copies, people, rows, ids, random_)
            connection.commit()
            _durable(connection, "FULL")
        _settle(organisation_id, copies[0].id)
        renew_statistics()  # as the first duty of a served application would
    return World(organisation_id, copies[0].code, copies[0].id, rows, sites)


def _durable(connection: sa.Connection, level: str) -> None:
    if connection.dialect.name == "sqlite":
        connection.connection.driver_connection.execute(f"PRAGMA synchronous={level}")


def _settle(organisation_id: int, site_id: int) -> None:
    """One run of the site that moves are measured at, so that what they find is what a run has left behind."""
    from tracker.accounts.queries import get_actor

    person = db.session.scalar(sa.select(Person.id).where(Person.email.startswith("lin@")))
    assert person is not None
    rescore_site(organisation_id, site_id, Why(Cause.BASELINE), get_actor(organisation_id, person))
    db.session.commit()


def _rows(connection: sa.Connection, model: type[Base], organisation_id: int, *where: Any) -> list[Any]:
    table = model.__table__
    statement = sa.select(table).where(table.c.organisation_id == organisation_id, *where)
    return list(connection.execute(statement.order_by(table.c.id)))


# ---------------------------------------------------------------- sites


@dataclass(frozen=True)
class Place:
    """A site that records are written for: its key, its code, and the facts that they can pin."""

    id: int
    code: str
    facts: tuple[Any, ...]


def _copy_site(connection: sa.Connection, template: Any, place: int, ids: Ids) -> Place:
    """A copy of a site with everything that its score is computed from."""
    organisation_id = template.organisation_id
    code = f"site-{place + 1:04d}"
    known: dict[tuple[str, int], int] = {}

    def copy(model: type[Base], *where: Any, **changed: Any) -> list[Any]:
        rows = _rows(connection, model, organisation_id, *where)
        copy_rows(connection, model.__table__, rows, known, ids, **changed)
        return rows

    copy(Site, Site.id == template.id, code=code, **_names(template, place))
    tables = {mapper.class_.__tablename__: mapper.class_ for mapper in Base.registry.mappers}
    units, metrics, reviews = tables["units"], tables["metrics"], tables["reviews"]
    copy(units, units.site_id == template.id)
    found = copy(metrics, metrics.site_id == template.id)
    for name in ("metric_targets", "metric_values"):
        copy(tables[name], tables[name].metric_id.in_([row.id for row in found]))
    copy(reviews, reviews.site_id == template.id)
    sets = copy(FactSet, FactSet.site_id == template.id, FactSet.kind == FactSetKind.CURRENT)
    facts = copy(Fact, Fact.fact_set_id.in_([row.id for row in sets]))
    standings = _rows(connection, Standing, organisation_id, Standing.site_id == template.id)
    runs = {run for row in standings for run in (row.run_id, row.baseline_run_id) if run}
    copy(ScoringRun, ScoringRun.id.in_(runs), nonconformity_id=None, previous_id=None)
    copy(Standing, Standing.site_id == template.id)
    standard = {row.id: row.standard for row in sets}
    pinnable = tuple((standard[row.fact_set_id], row) for row in facts if row.kind in ("line", "unit", "row"))
    return Place(known["sites", template.id], code, pinnable)


def _names(template: Any, place: int) -> dict[str, str]:
    return {
        "name_zh": f"{template.name_zh}{place + 1:03d}",
        "name_en": f"{template.name_en} {place + 1:03d}",
    }


# ---------------------------------------------------------------- people


def _add_people(
    connection: sa.Connection, organisation_id: int, places: list[Place], ids: Ids, random_: random.Random
) -> dict[int, list[int]]:
    """Site → the people who own its records; they have no password and do not sign in."""
    people, grants = [], []
    found: dict[int, list[int]] = defaultdict(list)
    for place in places:
        for serial in range(PEOPLE_PER_SITE):
            family = random_.randrange(len(FAMILY))
            zh, en = random_.choice(GIVEN)
            person = {
                "organisation_id": organisation_id,
                "id": ids(),
                "version": 1,
                "email": f"{place.code}.{serial}@yunqiao.example",
                "name_zh": FAMILY[family] + zh,
                "name_en": f"{FAMILY_EN[family]} {en}",
                "created_at": datetime(2021, 1, 4, 1, tzinfo=UTC),
            }
            people.append(person)
            grants.append(
                {
                    "organisation_id": organisation_id,
                    "id": ids(),
                    "person_id": person["id"],
                    "site_id": place.id,
                    "role": Role.ACTION_OWNER if serial else Role.PROCESS_OWNER,
                }
            )
            found[place.id].append(person["id"])
    connection.execute(sa.insert(Person), people)
    connection.execute(sa.insert(RoleGrant), grants)
    return found


# ---------------------------------------------------------------- non-conformities


def _add_nonconformities(
    connection: sa.Connection,
    organisation_id: int,
    places: list[Place],
    people: dict[int, list[int]],
    rows: int,
    ids: Ids,
    random_: random.Random,
) -> None:
    numbers = take_numbers(connection, organisation_id, "nonconformity", rows)
    raiser = connection.scalar(sa.select(Person.id).where(Person.email.startswith("zhou@")))
    manager = connection.scalar(sa.select(Person.id).where(Person.email.startswith("lin@")))
    today = clock.today()
    made = (
        _one(
            organisation_id,
            number,
            (number - numbers[0]) / rows,
            places,
            people,
            raiser,
            manager,
            today,
            ids,
            random_,
        )
        for number in numbers
    )
    while batch := list(islice(made, BATCH)):
        connection.execute(sa.insert(Nonconformity), [record for record, _, _ in batch])
        pins = [pin for _, found, _ in batch for pin in found]
        if pins:
            connection.execute(sa.insert(Pin), pins)
        connection.execute(sa.insert(NonconformityLink), [link for _, _, found in batch for link in found])


def _one(
    organisation_id: int,
    number: int,
    age: float,
    places: list[Place],
    people: dict[int, list[int]],
    raiser: int,
    manager: int,
    today: date,
    ids: Ids,
    random_: random.Random,
) -> tuple[dict[str, Any], list[dict[str, Any]], list[dict[str, Any]]]:
    """One record with its pins and links; `age` goes from 0 for the oldest to 1 for the newest."""
    place = places[number % len(places)]
    day = today - timedelta(days=int((1 - age) * 1_800) + 1)
    state, grade = _state(random_), _drawn(GRADES, random_)
    # Half of the drafts and open records of a site wait for the person who measures: these are moved.
    mine = state in (NonconformityState.DRAFT, NonconformityState.OPEN) and number // len(places) % 2
    owner = manager if mine else random_.choice(people[place.id])
    subject, fault = random_.choice(SUBJECTS), random_.choice(FAULTS)
    if mine:
        grade = Grade.MINOR
    pinned = random_.sample(place.facts, random_.choice((1, 1, 1, 2, 3)))
    title = f"{subject[0]}{fault[0]}" if random_.random() < 0.7 else f"The {subject[1]} {fault[1]}"
    statement = f"{subject[0]}{fault[0]}。The {subject[1]} {fault[1]}."
    evidence = f"{day.isoformat()} 现场抽查 {random_.randrange(5, 60)} 份记录。"
    links = list(dict.fromkeys((standard, fact.element) for standard, fact in pinned))
    identifier = ids()
    opened = None if state == NonconformityState.DRAFT else _moment(day)
    closed = _moment(day + timedelta(days=random_.randrange(1, 2 + min(160, (today - day).days))))
    step = STEPS.get(state)
    words = " ".join([label("nonconformity", number), f"NC-{number}", *(element for _, element in links)])
    worth = Fraction(random_.randrange(0, 5_000), 300)
    record = {
        "organisation_id": organisation_id,
        "id": identifier,
        "version": 1,
        "number": number,
        "site_id": place.id,
        "review_id": None,
        "state": state,
        "grade": grade,
        "source": Source.MONITORING if random_.random() < 0.3 else Source.REVIEW,
        "title": title,
        "statement": statement,
        "evidence": evidence,
        "element": links[0][1],
        "owner_id": owner,
        "raised_by_id": raiser,
        "effort": Fraction(random_.randrange(1, 9)),
        "due_on": None if step is None else today + timedelta(days=random_.randrange(-40, 120)),
        "due_step": "" if step is None else step.value,
        "points_alone": worth if step is not None and grade not in UNPINNED else None,
        "points_rank": int(worth * 1_000_000) if step is not None and grade not in UNPINNED else 0,
        "opened_at": opened,
        "closed_at": closed if state == NonconformityState.CLOSED else None,
        "created_at": _moment(day),
        "search_text": " ".join(
            (search.searchable(words), _text(title), _text(statement), search.searchable(evidence))
        ),
    }
    released = closed if state in (NonconformityState.CLOSED, NonconformityState.VOID) else None
    pins = [] if grade in UNPINNED else list(_pins(record, pinned, released, ids))
    touched = [
        {
            "organisation_id": organisation_id,
            "id": ids(),
            "nonconformity_id": identifier,
            "number": number,
            "standard": standard,
            "element": element,
        }
        for standard, element in links
    ]
    return record, pins, touched


def _pins(
    record: dict[str, Any], pinned: Iterable[Any], released: datetime | None, ids: Ids
) -> Iterator[dict[str, Any]]:
    for standard, fact in pinned:
        yield {
            "organisation_id": record["organisation_id"],
            "id": ids(),
            "nonconformity_id": record["id"],
            "site_id": record["site_id"],
            "standard": standard,
            "key": fact.key,
            "element": fact.element,
            "kind": fact.kind.value,
            "subject": fact.subject,
            "level": min(4, int(fact.value or 0) + 1) if fact.kind == "row" else None,
            "released_at": released,
        }


@cache
def _text(text: str) -> str:
    """The words of a text that many records share."""
    return search.searchable(text)


def _moment(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 1, tzinfo=UTC)


def _state(random_: random.Random) -> NonconformityState:
    return _drawn((*SHARES, (NonconformityState.CLOSED, 1.0)), random_)


def _drawn(shares: Iterable[tuple[Any, float]], random_: random.Random) -> Any:
    rest = random_.random()
    for value, share in shares:
        rest -= share
        if rest < 0:
            return value
    return value
