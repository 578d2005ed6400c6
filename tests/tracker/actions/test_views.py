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


@pytest.fixture
def owner(app: Flask, at) -> Pages:
    return be(app, at.owner)


STAGES = [
    loop.created,
    loop.analysing,
    loop.planning,
    loop.planned,
    loop.submitted,
    loop.implementing,
    loop.implemented,
]


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.__name__)
@pytest.mark.parametrize("language", ["en", "zh-CN"])
def test_the_workspace_is_shown_in_every_state(app, at, stage, language) -> None:
    action = stage(at)

    page = be(app, at.owner).get(f"/actions/{action.number}", headers={"Accept-Language": language})

    assert "CA-0001" in page.words


def test_the_register_lists_and_narrows(owner, at) -> None:
    loop.created(at)

    assert "Callbacks on time" in owner.get("/actions/").words
    assert "Callbacks on time" in owner.get("/actions/?state=defining&owner=me").words
    assert "Callbacks on time" not in owner.get("/actions/?state=closed").words
    assert "Callbacks on time" in owner.get("/actions/?q=CA-0001&sort=due").words
    owner.get("/actions/?state=nonsense&owner=x&after=y&sort=z", status=200)
