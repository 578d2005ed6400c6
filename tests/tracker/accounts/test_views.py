"""Sign-in, the first run, preferences and one's own account, as pages."""

import time
from datetime import timedelta

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy

from tests import factories as make
from tests.pages import Pages
from tracker import clock
from tracker.accounts import services
from tracker.accounts.models import Person, Role, SignInFailure
from tracker.accounts.views import local_path

FIRST_RUN = {
    "organisation_zh": "海岸服务",
    "organisation_en": "",
    "site_code": "suzhou",
    "site_zh": "苏州",
    "site_en": "",
    "csp_type": "third_party",
    "name_zh": "林伟",
    "name_en": "",
    "email": "lin@example.com",
    "password": make.PASSWORD,
    "again": make.PASSWORD,
}


def sign_in(pages: Pages, email: str, password: str, status: int = 303, **more: str):  # type: ignore[no-untyped-def]
    """Send the sign-in form."""
    token = pages.get("/sign-in").token
    pages._token = token
    return pages.post("/sign-in", {"email": email, "password": password, **more}, status)


# ---------------------------------------------------------------- sign-in


def test_the_right_password_lets_in_and_leads_on(db: SQLAlchemy, client: FlaskClient) -> None:
    person = make.person(make.organisation(), Role.VIEWER)

    page = sign_in(Pages(client), f" {person.email.upper()}", make.PASSWORD, next="/sites/?x=1")

    assert page.location == "/sites/?x=1"
    assert Pages(client).get("/account").status == 200


def test_an_unknown_address_and_a_wrong_password_get_the_same_answer(
    db: SQLAlchemy, client: FlaskClient
) -> None:
    person = make.person(make.organisation(), Role.VIEWER, email="known@example.com")

    known = sign_in(Pages(client), person.email, "wrong one", 422)
    unknown = sign_in(Pages(client), "other@example.com", "wrong one", 422)

    assert known.words.replace("known@", "") == unknown.words.replace("other@", "")
    assert "password is wrong" in known.words
    assert known.value("email") == "known@example.com"
    assert "wrong one" not in known.text


def test_an_unknown_address_is_hashed_for_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(services, "matches", lambda stored, _password: bool(asked.append(stored)))

    assert services.recognise((), "anything") == ()

    assert asked == [""]


def test_somebody_deactivated_is_told_no_more_than_a_stranger(db: SQLAlchemy, client: FlaskClient) -> None:
    person = make.person(make.organisation(), Role.VIEWER, active=False)

    page = sign_in(Pages(client), person.email, make.PASSWORD, 422)

    assert "password is wrong" in page.words


def test_empty_fields_are_named_beside_them(db: SQLAlchemy, client: FlaskClient) -> None:
    make.organisation()

    page = sign_in(Pages(client), "", "", 422)

    assert page.errors() == ["Please fill this in."] * 2


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example",
        "/\t/evil.example",
        "javascript:alert(1)",
        "evil",
        "/a\nb",
        "/" + "a" * 3000,
        "",
    ],
)
def test_next_leads_only_to_paths_of_this_server(target: str) -> None:
    assert local_path(target) is None


@pytest.mark.parametrize("target", ["/", "/sites/?page=2#top", "/nonconformities/12"])
def test_next_keeps_local_paths(target: str) -> None:
    assert local_path(target) == target


def test_a_foreign_next_leads_to_the_dashboard(db: SQLAlchemy, client: FlaskClient) -> None:
    person = make.person(make.organisation(), Role.VIEWER)

    page = sign_in(Pages(client), person.email, make.PASSWORD, next="https://evil.example/")

    assert page.location == "/"


def test_too_many_wrong_passwords_for_an_address_have_to_wait(
    db: SQLAlchemy, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "EMAIL_LIMIT", 3)
    person = make.person(make.organisation(), Role.VIEWER)
    pages = Pages(client)
    for _time in range(3):
        sign_in(pages, person.email, "wrong", 422)

    page = sign_in(pages, person.email, make.PASSWORD, 429)

    assert "Wait 15 minutes" in page.words
    assert page.headers["Retry-After"] == "900"
    with clock.at(clock.now() + timedelta(minutes=16)):
        attempt = services.count_attempt(person.email, "127.0.0.1")
        assert services.candidates_for(attempt)


def test_a_refused_attempt_does_not_lengthen_the_wait(
    db: SQLAlchemy, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "EMAIL_LIMIT", 2)
    make.organisation()
    pages = Pages(client)
    for status in (422, 422, 429, 429, 429):
        sign_in(pages, "who@example.com", "wrong", status)

    rows = db.session.execute(
        sa.select(sa.func.count()).where(SignInFailure.subject == "email:who@example.com")
    ).scalar_one()

    assert rows == 2


def test_one_address_cannot_try_many_mailboxes(
    db: SQLAlchemy, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "ADDRESS_LIMIT", 3)
    make.organisation()
    pages = Pages(client)
    for number in range(3):
        sign_in(pages, f"person{number}@example.com", "wrong", 422)

    sign_in(pages, "person9@example.com", "wrong", 429)


def test_a_success_starts_the_count_afresh(
    db: SQLAlchemy, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "EMAIL_LIMIT", 2)
    person = make.person(make.organisation(), Role.VIEWER)
    pages = Pages(client)
    sign_in(pages, person.email, "wrong", 422)

    sign_in(pages, person.email, make.PASSWORD)

    left = db.session.execute(
        sa.select(sa.func.count()).where(SignInFailure.subject == f"email:{person.email}")
    ).scalar_one()
    assert left == 0


def test_sign_in_begins_a_new_session(db: SQLAlchemy, client: FlaskClient) -> None:
    person = make.person(make.organisation(), Role.VIEWER)
    pages = Pages(client)
    pages.get("/sign-in")
    with client.session_transaction() as session:
        session["planted"] = "by somebody else"
        before = session["csrf_token"]

    sign_in(pages, person.email, make.PASSWORD)

    with client.session_transaction() as session:
        assert "planted" not in session
        assert session.get("csrf_token") != before


def test_a_session_is_renewed_now_and_then_and_not_with_every_answer(
    db: SQLAlchemy, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = make.person(make.organisation(), Role.VIEWER)
    sign_in(Pages(client), person.email, make.PASSWORD)
    client.get("/account")
    now = time.time()

    assert "Set-Cookie" not in client.get("/account").headers
    monkeypatch.setattr(time, "time", lambda: now + 601)
    renewed = client.get("/account").headers["Set-Cookie"]
    assert "Expires=" in renewed
    assert "Set-Cookie" not in client.get("/account").headers


def test_who_belongs_to_two_organisations_chooses(db: SQLAlchemy, client: FlaskClient) -> None:
    here, there = make.organisation(), make.organisation(name_en="Second Company")
    make.person(here, Role.VIEWER, email="both@example.com")
    second = make.person(there, Role.VIEWER, email="both@example.com")
    pages = Pages(client)

    page = sign_in(pages, "both@example.com", make.PASSWORD, next="/sites/")
    assert page.location == "/sign-in/organisation"
    choice = pages.get("/sign-in/organisation")
    assert "Second Company" in choice.words
    pages._token = choice.token
    done = pages.post("/sign-in/organisation", {"person": f"{there.id}:{second.id}:0"})

    assert done.location == "/sites/"
    with client.session_transaction() as session:
        assert session["_user_id"] == f"{there.id}:{second.id}:0"


def test_nobody_enters_by_the_choice_alone(db: SQLAlchemy, client: FlaskClient) -> None:
    person = make.person(make.organisation(), Role.ADMINISTRATOR)
    pages = Pages(client)
    pages._token = pages.get("/sign-in").token

    page = pages.post(
        "/sign-in/organisation", {"person": f"{person.organisation_id}:{person.id}:{person.session_epoch}"}
    )

    assert page.location == "/sign-in"
    assert client.get("/account").status_code == 303


def test_signing_out_ends_the_session_and_needs_a_token(db: SQLAlchemy, client: FlaskClient) -> None:
    person = make.person(make.organisation(), Role.VIEWER)
    pages = Pages(client).sign_in(person)

    assert client.post("/sign-out").status_code == 400
    pages.post("/sign-out")

    assert client.get("/account").location == "/sign-in?next=/account"


@pytest.mark.parametrize("path", ["/sign-in", "/preferences", "/first-run", "/sign-in/organisation"])
def test_a_form_without_a_token_does_nothing_and_says_so(
    db: SQLAlchemy, client: FlaskClient, path: str
) -> None:
    response = client.post(path, data={"email": "a@example.com", "password": "x", "language": "zh"})

    assert response.status_code == 400
    assert "safety token" in response.text


def test_strangers_are_asked_who_they_are(db: SQLAlchemy, client: FlaskClient) -> None:
    for path in ("/", "/sites/", "/people/", "/account"):
        assert client.get(path).location.startswith("/sign-in?next=")
    by_htmx = client.get("/people/", headers={"HX-Request": "true"})
    assert (by_htmx.status_code, by_htmx.headers["HX-Redirect"]) == (401, "/sign-in?next=/people/")


# ---------------------------------------------------------------- preferences


def test_language_and_theme_work_before_sign_in(db: SQLAlchemy, client: FlaskClient) -> None:
    make.organisation()
    pages = Pages(client)
    pages._token = pages.get("/sign-in").token

    page = pages.post("/preferences", {"language": "zh", "theme": "dark", "next": "/sign-in?next=/sites/"})

    assert page.location == "/sign-in?next=/sites/"
    assert 'lang="zh-CN" class="theme-dark"' in pages.get("/sign-in").text


def test_a_preference_belongs_to_the_person(db: SQLAlchemy, app: Flask, client: FlaskClient) -> None:
    person = make.person(make.organisation(), Role.VIEWER)
    pages = Pages(client).sign_in(person)

    pages.post("/preferences", {"language": "zh", "next": "/sites/"})
    pages.post("/preferences", {"theme": "dark", "next": "/sites/"})

    found = db.session.get_one(Person, (person.organisation_id, person.id))
    assert (found.language, found.theme, found.version) == ("zh", "dark", 1)


@pytest.mark.parametrize("data", [{"language": "fr"}, {"theme": "pink"}])
def test_unknown_preferences_are_refused(db: SQLAlchemy, client: FlaskClient, data: dict[str, str]) -> None:
    pages = Pages(client).sign_in(make.person(make.organisation(), Role.VIEWER))

    pages.post("/preferences", data, 400)


def test_a_preference_leads_nowhere_else(db: SQLAlchemy, client: FlaskClient) -> None:
    pages = Pages(client).sign_in(make.person(make.organisation(), Role.VIEWER))

    page = pages.post("/preferences", {"theme": "dark", "next": "//evil.example"})

    assert page.location == "/"


@pytest.mark.parametrize(
    ("target", "found"),
    [
        ("/sites/?q=1", "/sites/?q=1"),
        ("/sites", "/sites"),
        ("/account/password", "/account"),
        ("/people/12/roles/3/withdraw?x=1", "/people/12"),
        ("/nowhere/at/all", "/"),
        ("/", "/"),
    ],
)
def test_a_preference_leads_back_to_something_that_can_be_fetched(
    db: SQLAlchemy, client: FlaskClient, target: str, found: str
) -> None:
    pages = Pages(client).sign_in(make.person(make.organisation(), Role.VIEWER))

    assert pages.post("/preferences", {"theme": "dark", "next": target}).location == found


# ---------------------------------------------------------------- first run


def test_a_new_installation_is_set_up_with_the_token(db: SQLAlchemy, client: FlaskClient) -> None:
    pages = Pages(client)
    assert pages.get("/sign-in", 303).location == "/first-run"
    pages._token = pages.get("/first-run").token

    page = pages.post("/first-run", FIRST_RUN | {"token": str(services.first_run_token())})

    assert page.location == "/"
    assert "苏州" in Pages(client).get("/").words
    assert client.get("/first-run").status_code == 404


def test_what_is_wrong_with_a_first_run_is_said_beside_the_fields(
    db: SQLAlchemy, client: FlaskClient
) -> None:
    pages = Pages(client)
    pages._token = pages.get("/first-run").token
    wrong = {"token": "nonsense", "site_code": "a b", "email": "nobody", "again": "different", "name_zh": ""}

    page = pages.post("/first-run", FIRST_RUN | wrong, 422)

    assert len(page.errors()) == 4
    assert page.value("organisation_zh") == "海岸服务"
    assert db.session.execute(sa.select(sa.func.count()).select_from(Person)).scalar_one() == 0


def test_a_wrong_token_writes_nothing(db: SQLAlchemy, client: FlaskClient) -> None:
    pages = Pages(client)
    pages._token = pages.get("/first-run").token

    page = pages.post("/first-run", FIRST_RUN | {"token": "AAAA-BBBB"}, 422)

    assert page.errors() == ["This is not the token shown in the terminal."]
    assert db.session.execute(sa.select(sa.func.count()).select_from(Person)).scalar_one() == 0


def test_an_installation_in_use_has_no_first_run(db: SQLAlchemy, client: FlaskClient) -> None:
    make.organisation()

    Pages(client).get("/first-run", 404)


# ---------------------------------------------------------------- one's own account


def test_ones_own_password_is_changed_and_one_stays_signed_in(db: SQLAlchemy, client: FlaskClient) -> None:
    person = make.person(make.organisation(), Role.VIEWER)
    pages = Pages(client).sign_in(person)
    new = "a completely new one"

    pages.post("/account/password", {"current": make.PASSWORD, "password": new, "again": new})

    assert Pages(client).get("/account").status == 200
    assert db.session.get_one(Person, (person.organisation_id, person.id)).session_epoch == 1


def test_a_wrong_present_password_is_said_beside_it(db: SQLAlchemy, client: FlaskClient) -> None:
    pages = Pages(client).sign_in(make.person(make.organisation(), Role.VIEWER))
    new = "a completely new one"

    page = pages.post("/account/password", {"current": "guess", "password": new, "again": new}, 422)

    assert page.errors() == ["This is not your present password."]


def test_signing_out_elsewhere_keeps_this_session(db: SQLAlchemy, client: FlaskClient) -> None:
    pages = Pages(client).sign_in(make.person(make.organisation(), Role.VIEWER))

    pages.post("/account/sessions")

    assert Pages(client).get("/account").status == 200
