"""Requests that no page of ours would send: a clear answer, the right status, nothing written."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests import factories
from tests.conftest import make_client
from tests.pages import Pages
from tracker.accounts.models import Role
from tracker.database import db


@pytest.fixture
def pages(app: Flask) -> Pages:
    with app.app_context():
        person = factories.person(factories.organisation(), Role.ADMINISTRATOR, Role.QUALITY_MANAGER)
        db.session.commit()
        return Pages(make_client(app)).sign_in(person)


KINDS = ("nonconformities", "reviews", "actions", "audits", "metrics", "scores/runs")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "number", ["0", "7", str(2**31), str(2**63), "9" * 39, "9" * 400, "-1", "1.5", "abc", "%00"]
)
def test_an_unknown_record_is_not_found(pages: Pages, kind: str, number: str) -> None:
    answer = pages.client.get(f"/{kind}/{number}")

    assert answer.status_code == (400 if number == "%00" else 404)
    assert "Traceback" not in answer.text


@pytest.mark.parametrize(
    "path", ["/sites/new", "/people/new", "/reviews/new", "/nonconformities/new", "/metrics/new"]
)
def test_a_form_without_its_token_is_refused_in_words(pages: Pages, path: str) -> None:
    answer = pages.client.post(path, data={"title": "x"})

    assert answer.status_code == 400
    assert "<h1" in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/nonconformities/?site=%00",
        "/nonconformities/?sort=%00",
        "/nonconformities/?after=%00",
        "/people/?q=%00",
        "/sites/a%00b",
    ],
)
def test_a_null_character_in_an_address_is_refused(pages: Pages, path: str) -> None:
    assert pages.client.get(path).status_code == 400


@pytest.mark.parametrize(
    "query",
    ["?sort=nonsense", "?after=nonsense", "?before=9999999999999999999999", "?owner=99999999999999999999",
     "?grade=huge", "?site=nowhere", "?state=asleep", "?element=9.9"],
)  # fmt: skip
@pytest.mark.parametrize("register", ["nonconformities", "actions", "audits", "reviews"])
def test_a_register_survives_any_address(pages: Pages, register: str, query: str) -> None:
    assert pages.client.get(f"/{register}/{query}").status_code in (200, 404, 422)


def test_a_stranger_is_sent_to_the_sign_in_and_back(client: FlaskClient) -> None:
    answer = client.get("/nonconformities/12?x=1")

    assert answer.status_code == 303
    assert answer.location.startswith("/sign-in?next=")
