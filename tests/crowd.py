"""A crowded company: the demo with ten thousand non-conformities over ten sites, and everything that hangs on them.

The demo's own rows are copied under keys of their own: each site four times with its facts, figures and runs; the whole
register forty times, so that a site has a hundred open records; and what is closed as often as it takes. Nothing is
invented, so every page has of each kind of row what the demo has, many times over. The days of the copies
spread over the years before, those of open records over a few months.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count, islice
from typing import Any

import sqlalchemy as sa

from tests.copies import KINDS, Ids, take_numbers
from tracker.database import Base, db, renew_statistics

ROWS = 10_000
SITE_COPIES = 4
LIVE_COPIES = 40
PEOPLE_COPIES = 15
REVIEW_COPIES = 60
MESSAGE_COPIES = 25
BATCH = 5_000

Values = dict[str, Any]
Known = dict[tuple[str, int], int]

# What belongs to a site, to a non-conformity and to an action, parents first: table → the column of its parent.
OF_SITE = ("units", "metrics", "metric_targets", "metric_values", "metric_programme_values")
OF_RECORD = ("nonconformities", "nonconformity_links", "pins")
OF_ACTION = ("actions", "causes", "tasks", "action_nonconformities", "plan_versions", "action_dependencies")
OF_AUDIT = ("audits", "audit_verdicts", "audit_checks")


def crowd() -> None:
    """Make a crowd of the demo in the application's database."""
    with db.engine.begin() as connection:
        Crowd(connection).fill()
    _count(db.engine)


def _count(engine: sa.Engine) -> None:
    """What a day would bring: SQLite by a duty of ours, PostgreSQL by itself, which the suite switches off."""
    if engine.dialect.name == "sqlite":
        renew_statistics()
    else:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(sa.text("ANALYZE"))


@dataclass
class Crowd:
    """The copies on their way into the database."""

    connection: sa.Connection
    ids: Ids = field(default_factory=Ids)
    made: dict[str, list[Values]] = field(default_factory=lambda: defaultdict(list))
    rows: dict[str, list[Values]] = field(default_factory=dict)

    def fill(self) -> None:
        families = [{}, *(self._copy_sites(place) for place in range(SITE_COPIES))]
        self._copy_people()
        reviews = self._copy_reviews(families)
        self._copy_register(reviews)
        self._copy_messages()
        self._talk()
        self._write()

    # ------------------------------------------------------------ one copy

    def of(self, name: str) -> list[Values]:
        """The rows of a table as the demo has them."""
        if name not in self.rows:
            table = Base.metadata.tables[name]
            statement = sa.select(table).order_by(table.c.id)
            self.rows[name] = [dict(row._mapping) for row in self.connection.execute(statement)]
        return self.rows[name]

    def copy(self, name: str, rows: Iterable[Values], known: Known, back: int = 0, **changed: Any) -> None:
        """Copies of rows with their days so many days back; references follow to what `known` holds."""
        table = Base.metadata.tables[name]
        refers = _references(table)
        computed = {column.name for column in table.columns if column.computed is not None}
        shift = timedelta(days=back)
        for row in rows:
            values = {column: value for column, value in row.items() if column not in computed}
            known[name, row["id"]] = values["id"] = self.ids()
            for column, target in refers:
                values[column] = known.get((target, values[column]), values[column])
            for column, value in values.items():
                if isinstance(value, date):
                    values[column] = value - shift
            self.made[name].append(values | changed)

    # ------------------------------------------------------------ sites, people

    def _copy_sites(self, place: int) -> Known:
        """Both sites once more, with what their scores are computed from."""
        known: Known = {}
        for site in self.of("sites"):
            names = {
                "code": f"{site['code']}-{place + 2}",
                "name_zh": f"{site['name_zh']}{place + 2}",
                "name_en": f"{site['name_en']} {place + 2}",
            }
            self.copy("sites", [site], known, **names)
        for name in OF_SITE:
            self.copy(name, self.of(name), known)
        sets = [row for row in self.of("fact_sets") if row["kind"] == "current"]
        self.copy("fact_sets", sets, known)
        chosen = {row["id"] for row in sets}
        self.copy("facts", [row for row in self.of("facts") if row["fact_set_id"] in chosen], known)
        standing = {row[name] for row in self.of("standings") for name in ("run_id", "baseline_run_id")}
        runs = [row for row in self.of("scoring_runs") if row["id"] in standing]
        self.copy("scoring_runs", runs, known, nonconformity_id=None, previous_id=None)
        self.copy("standings", self.of("standings"), known)
        return known

    def _copy_people(self) -> None:
        for place in range(PEOPLE_COPIES):
            known: Known = {}
            for row in self.of("people"):
                self.copy("people", [row], known, email=f"{place}.{row['email']}")
            self.copy("role_grants", self.of("role_grants"), known)

    # ------------------------------------------------------------ the register

    def _copy_register(self, places: list[Known]) -> None:
        records = self.of("nonconformities")
        closed = {row["id"] for row in records if row["state"] == "closed"}
        missing = ROWS - len(records)
        for turn in count():
            live = turn < LIVE_COPIES
            chosen = {row["id"] for row in records} if live else set(islice(sorted(closed), missing))
            if not chosen:
                return
            self._copy_records(chosen, dict(places[turn % len(places)]), turn if live else turn * 2)
            missing -= len(chosen)

    def _copy_records(self, chosen: set[int], known: Known, back: int) -> None:
        """Non-conformities with the actions that name no other, and with their audits."""
        named: dict[int, set[int]] = defaultdict(set)
        for row in self.of("action_nonconformities"):
            named[row["action_id"]].add(row["nonconformity_id"])
        covered: dict[int, set[int]] = defaultdict(set)
        for row in self.of("audit_verdicts"):
            covered[row["audit_id"]].add(row["nonconformity_id"])
        owners = {
            "nonconformity_id": chosen,
            "action_id": {action for action, records in named.items() if records <= chosen},
            "audit_id": {audit for audit, records in covered.items() if records <= chosen},
        }
        owners["needs_id"] = owners["action_id"]
        own = {"nonconformities": chosen, "actions": owners["action_id"], "audits": owners["audit_id"]}
        for name in (*OF_RECORD, *OF_ACTION, *OF_AUDIT):
            rows = [
                row
                for row in self.of(name)
                if (name not in own or row["id"] in own[name])
                and all(row[column] in inside for column, inside in owners.items() if row.get(column))
            ]
            self.copy(name, rows, known, back)

    def _copy_reviews(self, families: list[Known]) -> list[Known]:
        """Reviews of all sites with what they scored, without the facts of each; records are found in all of them."""
        places = [dict(families[turn % len(families)]) for turn in range(REVIEW_COPIES)]
        runs = [row for row in self.of("scoring_runs") if row["cause"] == "baseline"]
        for turn, known in enumerate(places):
            self.copy("reviews", self.of("reviews"), known, (turn + 1) * 30)
            self.copy("scoring_runs", runs, known, (turn + 1) * 30, previous_id=None)
        return places

    # ------------------------------------------------------------ what is said about them

    def _copy_messages(self) -> None:
        for turn in range(MESSAGE_COPIES):
            self.copy("outbox_messages", self.of("outbox_messages"), {}, turn)
            self.copy("history", self.of("history")[:200], {}, turn + 1)

    def _talk(self) -> None:
        """Comments, watched records, similar cases and external audits: the demo has none of them."""
        records, people = self.of("nonconformities"), self.of("people")
        now = datetime(2026, 5, 4, 3, tzinfo=UTC)
        organisation = {"organisation_id": records[0]["organisation_id"]}
        many = self.made["nonconformities"]
        for turn in range(400):
            record, person = records[turn % 4], people[turn % len(people)]
            about = {"record_kind": "nonconformity", "record_id": record["id"], "person_id": person["id"]}
            said = {"text": "请看第 3 页。See page 3.", "mentioned": [], "at": now, "withdrawn_at": None}
            self.made["comments"].append(organisation | about | said | {"id": self.ids()})
            watched = {"record_id": many[turn]["id"], "record_number": 0, "since": now}
            self.made["watches"].append(organisation | about | watched | {"id": self.ids()})
            case = {
                "nonconformity_id": records[turn % 4]["id"] if turn < 40 else many[turn]["id"],
                "site_id": self.of("sites")[turn % 2]["id"],
                "unit_id": None,
                "answer": "asked",
                "note": "",
                "asked_by_id": person["id"],
                "asked_at": now,
                "version": 1,
            }
            self.made["similar_cases"].append(organisation | case | {"id": self.ids()})
            audit = {
                "site_id": self.of("sites")[turn % 2]["id"],
                "state": "planned",
                "body": "TÜV",
                "standard": "ISO 9001:2015",
                "beside": "",
                "planned_on": date(2023, 1, 5) + timedelta(days=4 * turn),
                "summary": "",
                "created_at": now,
                "version": 1,
            }
            self.made["external_audits"].append(organisation | audit | {"id": self.ids()})

    # ------------------------------------------------------------ into the database

    def _write(self) -> None:
        """Insert everything, parents first, with the numbers that the application's counter hands out."""
        kinds = KINDS | {"external_audits": "external_audit"}
        for table in Base.metadata.sorted_tables:
            rows = self.made.pop(table.name, [])
            if rows and table.name in kinds:
                kind = kinds[table.name]
                numbers = take_numbers(self.connection, rows[0]["organisation_id"], kind, len(rows))
                for row, number in zip(rows, numbers, strict=True):
                    row["number"] = number
            for batch in _batches(rows):
                self.connection.execute(sa.insert(table), batch)


def _batches(rows: list[Values]) -> Iterator[list[Values]]:
    waiting = iter(rows)
    while batch := list(islice(waiting, BATCH)):
        yield batch


def _references(table: sa.Table) -> list[tuple[str, str]]:
    """Column → the table of its parent; the organisation is the same for all."""
    return [
        (element.parent.name, element.column.table.name)
        for constraint in table.foreign_key_constraints
        for element in constraint.elements
        if element.parent.name != "organisation_id"
    ]
