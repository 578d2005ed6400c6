"""The audit trail: each link covers the one before it, and what is undone leaves none."""

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from tests import factories
from tracker import timeline
from tracker.database import new_id
from tracker.history import GENESIS, AuditEvent, Record, link_hash, record, verify_chain


def said(db: SQLAlchemy, organisation_id: int) -> list[str]:
    rows = db.session.execute(
        sa.select(AuditEvent.entry)
        .where(AuditEvent.organisation_id == organisation_id)
        .order_by(AuditEvent.sequence)
    )
    return [row.entry for row in rows]


@pytest.fixture
def subject(db: SQLAlchemy) -> Record:
    organisation = factories.organisation()
    db.session.commit()
    return Record(organisation.id, "site", new_id(), 1)


def test_what_a_savepoint_undoes_leaves_no_link_and_what_came_before_it_stays(
    db: SQLAlchemy, subject: Record
) -> None:
    before = len(said(db, subject.organisation_id))
    record(subject, "kept", None)
    savepoint = db.session.begin_nested()
    record(subject, "undone", None)
    savepoint.rollback()
    record(subject, "after", None)

    db.session.commit()

    found = said(db, subject.organisation_id)[before:]
    assert [name for text in found for name in ("kept", "undone", "after") if f'"{name}"' in text] == [
        "kept",
        "after",
    ]
    assert verify_chain(subject.organisation_id) is None


def test_what_a_rollback_undoes_leaves_no_link(db: SQLAlchemy, subject: Record) -> None:
    before = said(db, subject.organisation_id)
    record(subject, "undone", None)
    db.session.rollback()

    record(subject, "after", None)
    db.session.commit()

    (last,) = said(db, subject.organisation_id)[len(before) :]
    assert '"after"' in last


def test_a_link_with_a_hash_of_its_own_is_found(db: SQLAlchemy, subject: Record) -> None:
    record(subject, "one", None)
    db.session.commit()
    held = len(said(db, subject.organisation_id))
    entry = '{"event":"forged"}'
    db.session.add(
        AuditEvent(
            organisation_id=subject.organisation_id,
            id=new_id(),
            sequence=held + 1,
            entry=entry,
            previous_hash=GENESIS,
            hash=link_hash(GENESIS, held + 1, entry),
        )
    )
    db.session.commit()

    assert verify_chain(subject.organisation_id) == held + 1


@pytest.mark.parametrize(
    ("lang", "said"),
    [("en", "Title: A → B; Effort: 1"), ("zh-CN", "标题：A → B；工作量：1")],
)
def test_changes_are_set_with_the_marks_of_the_language(app: Flask, lang: str, said: str) -> None:
    with app.test_request_context(headers={"Accept-Language": lang}):
        assert timeline._changes({"title": ["A", "B"], "effort": [None, "1"]}) == said
