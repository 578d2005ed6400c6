"""Pages of sites and people: who may, what is said when something is wrong, and that organisations stay apart."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy

from tests import factories as make
from tests.conftest import make_client
from tests.pages import Pages
from tracker.accounts.models import Person, Role, RoleGrant
from tracker.database import db as database
from tracker.organisations.models import CspType, Organisation, Unit, UnitKind

SITE = {"code": "east", "name_zh": "东区", "name_en": "East", "csp_type": "internal", "target_level": "4"}
PROGRAMME = {"code": "loan", "name_zh": "贷款", "name_en": "Loans", "starts_on": "2026-01-01"}
PERSON = {
    "name_zh": "王芳",
    "name_en": "Wang Fang",
    "email": "wang@example.com",
    "password": make.PASSWORD,
    "again": make.PASSWORD,
    "site_id": "",
    "roles": ["auditor"],
    "manager_id": "",
    "language": "",
}


@pytest.fixture
def company(db: SQLAlchemy) -> Organisation:
    return make.organisation()


@pytest.fixture
def boss(company: Organisation) -> Person:
    return make.person(company, Role.ADMINISTRATOR, Role.QUALITY_MANAGER)


@pytest.fixture
def pages(client: FlaskClient, boss: Person) -> Pages:
    """An administrator's browser."""
    return Pages(client).sign_in(boss)


@contextmanager
def statements(app: Flask) -> Iterator[list[str]]:
    """The statements that the block runs, transactions aside."""
    seen: list[str] = []
    with app.app_context():
        engine = database.engine

    def note(_conn: object, _cursor: object, statement: str, *_rest: object) -> None:
        if not statement.startswith(("BEGIN", "SAVEPOINT", "RELEASE", "ROLLBACK")):
            seen.append(statement)

    sa.event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        sa.event.remove(engine, "before_cursor_execute", note)


# ---------------------------------------------------------------- sites


def test_a_site_is_added_and_shown(pages: Pages) -> None:
    page = pages.post("/sites/new", SITE)

    assert page.location == "/sites/east"
    shown = pages.get("/sites/east").words
    assert "No programme yet" in shown
    assert "Our own customers (internal)" in shown
    assert "Strict: category 4 must be full." in shown
    assert "East" in pages.get("/sites/").words


def test_what_is_wrong_with_a_site_is_said_beside_the_field_and_kept(
    pages: Pages, company: Organisation
) -> None:
    page = pages.post(
        "/sites/new", SITE | {"code": "a b", "name_zh": "", "name_en": " ", "target_level": "9"}, 422
    )

    assert len(page.errors()) == 3
    assert page.value("code") == "a b"
    assert "East" not in pages.get("/sites/").words


def test_a_code_that_is_taken_is_said_beside_the_field(pages: Pages) -> None:
    pages.post("/sites/new", SITE)

    page = pages.post("/sites/new", SITE | {"name_en": "Another one"}, 422)

    assert page.errors() == ["Another site has this code."]
    assert page.value("name_en") == "Another one"


def test_an_old_page_of_a_site_is_a_conflict_that_keeps_what_was_typed(
    pages: Pages, company: Organisation
) -> None:
    site = make.site(company, code="east")
    edit = SITE | {"version": "1", "active": "y"}
    pages.post("/sites/east/edit", edit)

    page = pages.post("/sites/east/edit", edit | {"name_en": "Typed with care"}, 409)

    assert "changed this record in the meantime" in page.words
    assert page.value("name_en") == "Typed with care"
    assert site.name_en == "East"


@pytest.mark.parametrize("version", ["", "x", "9" * 5000])
def test_a_form_without_its_version_is_incomplete(pages: Pages, company: Organisation, version: str) -> None:
    make.site(company, code="east", name_en="As before")

    page = pages.post("/sites/east/edit", SITE | {"version": version}, 422)

    assert "This page is not complete" in page.words
    assert "As before" in pages.get("/sites/").words


def test_only_who_manages_every_site_adds_one(app: Flask, company: Organisation) -> None:
    here = make.site(company)
    for roles, place, status in [
        ((Role.QUALITY_MANAGER,), None, 200),
        ((Role.QUALITY_MANAGER,), here, 403),
        ((Role.ADMINISTRATOR,), here, 403),
        ((Role.LEAD_AUDITOR, Role.APPROVER, Role.VIEWER), None, 403),
    ]:
        pages = Pages(make_client(app)).sign_in(make.person(company, *roles, at=place))
        pages.get("/sites/new", status)
        pages.post("/sites/new", SITE | {"code": ""}, 422 if status == 200 else 403)


@pytest.mark.parametrize("role", list(Role))
def test_what_each_role_may_do_with_a_site(app: Flask, company: Organisation, role: Role) -> None:
    site = make.site(company, code="east")
    unit = make.unit(site, "loan")
    pages = Pages(make_client(app)).sign_in(make.person(company, role, at=site))
    edits = 200 if role in (Role.ADMINISTRATOR, Role.QUALITY_MANAGER) else 403

    pages.get("/sites/east")
    pages.get("/sites/east/edit", edits)
    pages.get("/sites/east/programmes/new", edits)
    pages.get(f"/sites/east/units/{unit.id}", edits)
    pages.get("/sites/east/policy", 200 if role == Role.ADMINISTRATOR else 403)
    pages.get("/people/new", 200 if role == Role.ADMINISTRATOR else 403)


def test_a_site_is_not_there_for_who_has_no_role_at_it(app: Flask, company: Organisation) -> None:
    here = make.site(company)
    make.site(company, code="hidden")
    pages = Pages(make_client(app)).sign_in(make.person(company, Role.ADMINISTRATOR, at=here))

    pages.get("/sites/hidden", 404)
    pages.post("/sites/hidden/edit", SITE, 404)
    assert "/sites/hidden" not in pages.get("/sites/").text


def test_organisations_do_not_see_each_other(pages: Pages, company: Organisation) -> None:
    other = make.organisation()
    make.site(other, code="theirs")
    stranger = make.person(other, Role.VIEWER, name_en="Not Ours")

    pages.get("/sites/theirs", 404)
    pages.post("/sites/theirs/programmes/new", PROGRAMME, 404)
    pages.get(f"/people/{stranger.id}", 404)
    pages.post(f"/people/{stranger.id}/password", {"password-password": "x", "password-again": "x"}, 404)
    pages.post(f"/people/{stranger.id}/active", {"active": "no"}, 404)
    assert "Not Ours" not in pages.get("/people/").text


@pytest.mark.parametrize(
    "path",
    [
        "/sites/nowhere",
        "/sites/" + "x" * 500,
        "/sites/%E4%B8%9C",
        "/people/1",
        "/people/0",
        f"/people/{2**63}",
        "/people/" + "9" * 39,
        "/people/abc",
        "/people/-1",
    ],
)
def test_unknown_addresses_are_not_found(pages: Pages, path: str) -> None:
    pages.get(path, 404)


# ---------------------------------------------------------------- programmes and key positions


def test_programmes_and_key_positions_are_added_edited_and_retired(
    pages: Pages, company: Organisation
) -> None:
    site = make.site(company, code="east")
    pages.post("/sites/east/programmes/new", PROGRAMME | {"client": "Bank"})
    pages.post("/sites/east/positions/new", PROGRAMME | {"code": "agent", "name_en": "Agent"})
    units = {
        unit.code: unit
        for unit in database.session.execute(sa.select(Unit).where(Unit.site_id == site.id)).scalars()
    }
    assert (units["loan"].kind, units["agent"].kind) == (UnitKind.PROGRAMME, UnitKind.KEY_POSITION)
    address = f"/sites/east/units/{units['loan'].id}"

    pages.post(
        address, {"version": "1", "name_zh": "贷款", "name_en": "Home loans", "starts_on": "2026-02-01"}
    )
    pages.post(
        f"{address}/retire",
        {"end-version": "2", "end-ends_on": "2026-03-31", "end-reason": "The client left."},
    )

    words = pages.get("/sites/east").words
    assert "Home loans" in words
    assert "Ended" in words
    assert "The client left." in words


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"starts_on": "2026-13-01"}, "This is not a date. Write it like 2026-07-15."),
        ({"starts_on": "0001-01-01"}, "This year cannot be right."),
        ({"ends_on": "2025-12-31"}, "The last day is before the first."),
        ({"code": "a/b"}, "Only letters, digits, full stops, hyphens and underscores."),
        ({"code": "x" * 61}, "At most 60 characters, please."),
        ({"name_zh": "", "name_en": ""}, "Give a name in at least one of the two languages."),
        ({"client": "x" * 201}, "At most 200 characters, please."),
    ],
)
def test_what_is_wrong_with_a_programme_is_said_beside_the_field(
    pages: Pages, company: Organisation, wrong: dict[str, str], message: str
) -> None:
    make.site(company, code="east")

    page = pages.post("/sites/east/programmes/new", PROGRAMME | wrong, 422)

    assert page.errors() == [message]
    for name, value in wrong.items():
        assert page.value(name) == value
    assert database.session.execute(sa.select(Unit)).first() is None


def test_a_preview_keeps_nothing(pages: Pages, company: Organisation) -> None:
    make.site(company, code="east")

    page = pages.post("/sites/east/programmes/new", PROGRAMME | {"preview": "1"}, 200)

    assert "What it would move, from 1 Jan 2026 on" in page.words
    assert page.value("name_en") == "Loans"
    assert database.session.execute(sa.select(Unit)).first() is None


def test_an_old_page_of_a_programme_is_a_conflict_that_keeps_what_was_typed(
    pages: Pages, company: Organisation
) -> None:
    unit = make.unit(make.site(company, code="east"), "loan")
    address = f"/sites/east/units/{unit.id}"
    edit = {"version": "1", "name_zh": "贷款", "name_en": "Loans"}
    pages.post(address, edit)

    page = pages.post(address, edit | {"name_en": "Typed with care"}, 409)
    retired = pages.post(
        f"{address}/retire", {"end-version": "1", "end-ends_on": "2026-03-31", "end-reason": "Over"}, 409
    )

    assert page.value("name_en") == "Typed with care"
    assert retired.value("end-ends_on") == "2026-03-31"
    assert unit.ends_on is None


# ---------------------------------------------------------------- policy


def test_switches_are_changed_with_a_reason_and_recorded(pages: Pages, company: Organisation) -> None:
    make.site(company, code="east")
    page = pages.get("/sites/east/policy")
    names = set(re.findall(r'name="(switch_[^"]+)"', page.text))
    values = {name: page_value(page.text, name) for name in names}

    refused = pages.post("/sites/east/policy", values | {"version": "1", "reason": ""}, 422)
    wrong = pages.post(
        "/sites/east/policy",
        values | {"switch_metric__window": "one", "version": "1", "reason": "Why not"},
        422,
    )
    pages.post(
        "/sites/east/policy",
        values | {"switch_copc__cert_policy": "lenient", "version": "1", "reason": "Agreed with the client."},
    )

    assert len(names) == 12
    assert "Say why" in refused.errors()[0]
    assert wrong.errors() == ["This switch cannot have this value."]
    shown = pages.get("/sites/east").words
    assert "Lenient: approach must be full in category 4. Changed" in shown
    assert "Agreed with the client." in shown


def page_value(text: str, name: str) -> str:
    """The value of a text field, or of the radio button that is chosen."""
    tags = [tag for tag in re.findall(r"<input[^>]*>", text) if f'name="{name}"' in tag]
    chosen = next((tag for tag in tags if "radio" not in tag or " checked" in tag), "")
    return re.search(r'value="([^"]*)"', chosen).group(1)  # type: ignore[union-attr]


# ---------------------------------------------------------------- people


def test_a_person_is_added_and_can_be_given_roles(pages: Pages, company: Organisation) -> None:
    site = make.site(company, name_en="Eastern Site")
    location = pages.post("/people/new", PERSON).location
    assert location is not None

    pages.post(f"{location}/roles", {"grant-role": "approver", "grant-site_id": str(site.id)})

    words = pages.get(location).words
    assert "Approver" in words
    assert "Eastern Site" in words
    assert "Role given" in words


@pytest.mark.parametrize(
    ("wrong", "count"),
    [
        ({"email": "nobody"}, 1),
        ({"password": "short", "again": "short"}, 1),
        ({"again": "different from it"}, 1),
        ({"roles": []}, 1),
        ({"name_zh": "", "name_en": ""}, 1),
        ({"site_id": "99999999999999999999"}, 1),
        ({"manager_id": "x"}, 1),
        ({"roles": ["emperor"]}, 1),
        ({"email": "", "password": "", "again": "", "roles": []}, 4),
    ],
)
def test_what_is_wrong_with_a_person_is_said_and_nothing_is_written(
    pages: Pages, wrong: dict[str, str], count: int
) -> None:
    page = pages.post("/people/new", PERSON | wrong, 422)

    assert len(page.errors()) == count
    assert database.session.execute(sa.select(sa.func.count()).select_from(Person)).scalar_one() == 1


def test_an_address_that_is_taken_is_said_beside_the_field(pages: Pages, boss: Person) -> None:
    page = pages.post("/people/new", PERSON | {"email": boss.email.upper()}, 422)

    assert page.errors() == ["Somebody with this e-mail address is in the list already."]


def test_an_old_page_of_a_person_is_a_conflict_that_keeps_what_was_typed(
    pages: Pages, company: Organisation
) -> None:
    person = make.person(company, Role.VIEWER)
    edit = {"version": "1", "name_zh": "李", "name_en": "Li", "email": "li@example.com", "manager_id": ""}
    pages.post(f"/people/{person.id}", edit)

    page = pages.post(f"/people/{person.id}", edit | {"name_en": "Typed with care"}, 409)

    assert page.value("name_en") == "Typed with care"
    assert person.name_en == "Li"


def test_the_last_administrator_cannot_be_removed(pages: Pages, boss: Person) -> None:
    grant = database.session.execute(
        sa.select(RoleGrant).where(RoleGrant.person_id == boss.id, RoleGrant.role == Role.ADMINISTRATOR)
    ).scalar_one()

    page = pages.post(f"/people/{boss.id}/roles/{grant.id}/withdraw", None, 422)

    assert "This is the last administrator" in page.words


def test_somebody_deactivated_leaves_the_list_but_can_come_back(pages: Pages, company: Organisation) -> None:
    person = make.person(company, Role.VIEWER, name_en="Zhao Min")
    pages.post(f"/people/{person.id}/active", {"active": "no"})

    assert "Zhao Min" not in pages.get("/people/").words
    assert "Zhao Min" in pages.get("/people/?show=inactive").words
    pages.post(f"/people/{person.id}/active", {"active": "yes"})
    assert "Zhao Min" in pages.get("/people/").words


def test_people_without_the_permission_read_only(app: Flask, company: Organisation, boss: Person) -> None:
    pages = Pages(make_client(app)).sign_in(make.person(company, Role.QUALITY_MANAGER))

    page = pages.get(f"/people/{boss.id}")

    assert "Set a new password" not in page.words
    for path in ("", "/roles", "/active", "/password"):
        pages.post(f"/people/{boss.id}{path}", {}, 403)


def test_people_are_searched_and_paged(pages: Pages, app: Flask, company: Organisation) -> None:
    for number in range(60):
        make.person(company, Role.VIEWER, name_en=f"Worker {number:02d}")

    first = pages.get("/people/?q=worker")
    onward = re.search(r'rel="next" href="([^"]+)"', first.text)
    assert onward is not None
    second = pages.get(onward.group(1).replace("&amp;", "&"))
    back = re.search(r'rel="prev" href="([^"]+)"', second.text)
    assert back is not None
    again = pages.get(back.group(1).replace("&amp;", "&"))

    assert "Worker 49" in first.words
    assert "Worker 50" not in first.words
    assert "Worker 50" in second.words
    assert "Worker 59" in second.words
    assert [*re.findall(r"Worker \d\d", first.words)] == [*re.findall(r"Worker \d\d", again.words)]


@pytest.mark.parametrize(
    "query",
    [
        "q=%25",
        "q=" + "x" * 3000,
        "after=nonsense",
        "after=9~",
        "after=" + "9" * 40 + "~x",
        "before=1~a",
    ],
)
def test_odd_searches_find_nothing_or_something_but_never_break(pages: Pages, query: str) -> None:
    pages.get(f"/people/?{query}")


def test_the_list_of_people_is_a_fragment_for_htmx(pages: Pages) -> None:
    page = pages.get("/people/", headers={"HX-Request": "true"})

    assert page.text.lstrip().startswith('<div id="people"')
    assert "HX-Request" in page.headers["Vary"]


@pytest.mark.parametrize(
    ("path", "most"), [("/people/", 6), ("/sites/", 6), ("/sites/east", 12), ("/people/new", 6)]
)
def test_pages_cost_the_same_however_much_they_list(
    pages: Pages, app: Flask, company: Organisation, path: str, most: int
) -> None:
    site = make.site(company, code="east")
    with statements(app) as few:
        pages.get(path)
    for number in range(20):
        make.person(company, Role.VIEWER, Role.AUDITOR, at=site)
        make.unit(site, f"p{number}")
        make.site(company, csp_type=CspType.INTERNAL)
    with statements(app) as many:
        pages.get(path)

    assert len(many) == len(few) <= most


def test_pages_speak_chinese(pages: Pages, company: Organisation) -> None:
    make.site(company, code="east", name_zh="东区")
    pages.post("/preferences", {"language": "zh"})

    assert 'lang="zh-CN"' in pages.get("/sites/east").text
    assert "方案" in pages.get("/sites/east").words
    assert "人员" in pages.get("/people/").words
