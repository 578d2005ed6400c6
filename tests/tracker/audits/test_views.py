import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from tests.conftest import make_client
from tests.pages import Pages
from tests.tracker.actions import loop
from tracker import clock
from tracker.accounts.models import Person


@pytest.fixture
def at(db: SQLAlchemy):
    with clock.at(loop.date(2026, 3, 2)):
        yield loop.company()


def be(app: Flask, person: Person) -> Pages:
    return Pages(make_client(app)).sign_in(person)


@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_an_audit_is_shown_before_while_and_after(app, at, language) -> None:
    record = at.nonconformity()
    loop.implemented(at, record)
    audit = loop.started(at, record)
    headers = {"Accept-Language": language}

    pages = be(app, at.auditor)
    assert "FA-0001" in pages.get(f"/audits/{audit.number}", headers=headers).words
    assert "FA-0001" in pages.get("/audits/", headers=headers).words
    assert record.title in be(app, at.lead).get(f"/audits/new?nonconformity={record.number}").text
