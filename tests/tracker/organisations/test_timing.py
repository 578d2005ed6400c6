"""How a site counts its days: what ships, what it sets itself, and that nothing that runs is moved by it."""

import re
from collections.abc import Callable, Iterator
from datetime import date

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_sqlalchemy import SQLAlchemy

from tests import factories as make
from tests.pages import Pages
from tests.statements import counting
from tracker import clock, timeline
from tracker.accounts.models import Person, Role
from tracker.history import HistoryEvent
from tracker.nonconformities import deadlines
from tracker.nonconformities.models import Nonconformity
from tracker.organisations import timing
from tracker.organisations.models import Organisation, Site
from tracker.organisations.rules import (
    ANNOUNCED,
    default_rules,
    list_rules,
    make_rules,
    official_days,
    rules_for,
)
from tracker.organisations.year import year_of
from workflows.calendars import Day, Holidays, write_days
from workflows.kinds import Grade
from workflows.nonconformities import NonconformityState
from workflows.schedule import DEFAULT_TERMS, Step, Term

MADE_UP = ("2026-01-04", "2026-02-14", "2026-02-28", "2026-05-09", "2026-09-20", "2026-10-10")


@pytest.fixture
def company(db: SQLAlchemy) -> Organisation:
    return make.organisation()


@pytest.fixture
def site(company: Organisation) -> Site:
    return make.site(company, code="east", name_en="East")


@pytest.fixture
def boss(company: Organisation) -> Person:
    return make.person(company, Role.QUALITY_MANAGER)


@pytest.fixture
def moved() -> Iterator[Callable[[str], None]]:
    """Stop the clock on a day, for the requests, too."""
    yield lambda day: clock.travel(make.day(day))
    clock.travel(None)


@pytest.fixture
def pages(client: FlaskClient, boss: Person) -> Pages:
    return Pages(client).sign_in(boss)


def due(site: Site, owner: Person, opened: str, grade: Grade = Grade.MAJOR) -> date:
    record = make.nonconformity(site, owner, grade=grade)
    found = deadlines.deadline(record, NonconformityState.OPEN, make.day(opened))["due_on"]
    assert isinstance(found, date)
    return found


# ---------------------------------------------------------------- what ships


def test_the_official_year_2026_has_its_holidays_and_made_up_days() -> None:
    days = [each for each in official_days(Holidays.CHINA) if each.day.year == 2026]

    assert {each.day for each in days if each.working} == {make.day(each) for each in MADE_UP}
    assert sum(not each.working for each in days) == 3 + 9 + 3 + 5 + 3 + 3 + 7
    assert all(each.day.weekday() in (5, 6) for each in days if each.working)
    assert all(each.name for each in days)


def test_what_ships_is_what_has_been_announced_and_no_more() -> None:
    assert {each.day.year for each in official_days(Holidays.CHINA)} == set(ANNOUNCED)
    for year, day in ANNOUNCED.items():
        # Announced late in the year before; a year that is to come is not foretold.
        assert date(year - 1, 10, 1) < day < date(year, 1, 1)


def test_a_year_at_a_glance_names_every_unusual_day(site: Site, boss: Person) -> None:
    rules = make_rules(
        own_days=[Day(date(2026, 12, 24), name="Founders' day"), Day(date(2026, 12, 26), True)]
    )

    year = year_of(rules, 2026, date(2026, 11, 22))

    cells = {cell.day: cell for month in year.months for week in month.weeks for cell in week if cell}
    assert len(cells) == 365
    assert all(len(week) == 7 for month in year.months for week in month.weeks)
    assert {day.isoformat() for day, cell in cells.items() if cell.kind == "work" and not cell.own} == set(
        MADE_UP
    )
    assert (cells[date(2026, 2, 17)].kind, cells[date(2026, 2, 17)].name) == ("off", "春节")
    assert (cells[date(2026, 12, 24)].kind, cells[date(2026, 12, 24)].own) == ("off", True)
    assert cells[date(2026, 12, 26)].kind == "work"
    assert cells[date(2026, 12, 27)].kind == "weekend"
    assert [day for day, cell in cells.items() if cell.today] == [date(2026, 11, 22)]
    assert (year.off, year.worked, year.own) == (33 + 1, 6 + 1, 2)


@pytest.mark.parametrize(
    ("holidays", "year", "words"),
    [
        (Holidays.CHINA, "2026", "As the State Council announced on 4 Nov 2025."),
        (Holidays.CHINA, "2027", "The public holidays of 2027 are not in this version"),
        (Holidays.NONE, "2026", "Add the public holidays of 2026"),
        (Holidays.NONE, "2027", "This site counts weekends only. Add days"),
        (Holidays.CHINA, "nonsense", "As the State Council announced on 4 Nov 2025."),
    ],
)
def test_the_page_says_where_a_year_comes_from(
    pages: Pages,
    site: Site,
    boss: Person,
    moved: Callable[[str], None],
    holidays: Holidays,
    year: str,
    words: str,
) -> None:
    moved("2026-11-22")
    if holidays is Holidays.NONE:
        timing.set_calendar(
            make.actor_for(boss),
            site,
            holidays=holidays,
            weekend=frozenset({5, 6}),
            days=(),
            reason="Abroad",
            version=0,
        )

    page = pages.get(f"/sites/east/deadlines?year={year}")

    assert words in page.words
    if "Add the public holidays" in words:
        form = pages.get("/sites/east/calendar?holidays=china")
        assert re.search(r'value="china"[^>]* checked', form.text)
        data = {
            "holidays": "china",
            "weekend": ["5", "6"],
            "days": "",
            "reason": "They count",
            "version": "1",
        }
        pages.post("/sites/east/calendar", data)
        assert "As the State Council announced" in pages.get(f"/sites/east/deadlines?year={year}").words


def test_containment_runs_over_the_national_day_and_counts_the_day_made_up_for_it(
    site: Site, boss: Person
) -> None:
    # Opened on Wednesday, 30 September: the 8th, the 9th, and Saturday the 10th, which is worked.
    assert due(site, boss, "2026-09-30") == date(2026, 10, 10)


def test_a_calendar_day_term_that_ends_in_the_spring_festival_rolls_to_the_first_day_worked(
    site: Site, boss: Person
) -> None:
    record = make.nonconformity(site, boss, grade=Grade.MAJOR)

    found = deadlines.deadline(record, NonconformityState.CONTAINED, make.day("2026-02-03"))

    assert found["due_on"] == date(2026, 2, 24)


def test_sites_without_rules_of_their_own_share_the_default_ones(site: Site) -> None:
    assert rules_for(site.organisation_id, site.id) is default_rules()


def test_the_rules_of_many_sites_take_one_statement(company: Organisation, boss: Person) -> None:
    sites = [make.site(company) for _ in range(4)]
    for each in sites[:3]:
        set_plan(boss, each, 20)

    with counting() as statements:
        found = list_rules(company.id, [each.id for each in sites])

    assert len(statements) == 1
    assert [found[each.id].terms[Grade.MAJOR, Step.PLAN].days for each in sites] == [20, 20, 20, 15]


# ---------------------------------------------------------------- what a site sets


def set_plan(boss: Person, site: Site, days: int, version: int = 0) -> None:
    timing.set_terms(
        make.actor_for(boss),
        site,
        terms=DEFAULT_TERMS | {(Grade.MAJOR, Step.PLAN): Term(days)},
        remind_days=3,
        manager_after=1,
        quality_after=5,
        reason="Agreed with the client",
        version=version,
    )


def test_days_of_a_site_count_for_what_begins_afterwards(site: Site, boss: Person) -> None:
    timing.set_calendar(
        make.actor_for(boss),
        site,
        holidays=Holidays.NONE,
        weekend=frozenset({4, 5}),
        days=(Day(date(2026, 6, 3), name="Open day"), Day(date(2026, 6, 5), working=True)),
        reason="Works from Sunday to Thursday",
        version=0,
    )

    # Opened on Tuesday, 2 June: Thursday, Friday (made up), Sunday.
    assert due(site, boss, "2026-06-02") == date(2026, 6, 7)


def test_a_deadline_that_runs_is_not_moved_by_a_change_of_terms(site: Site, boss: Person) -> None:
    running = make.nonconformity(site, boss, due_on=make.day("2026-07-15"), due_step=Step.PLAN.value)

    set_plan(boss, site, 5)

    assert running.due_on == make.day("2026-07-15")


def test_a_change_is_in_the_history_of_the_site_with_its_reason(
    db: SQLAlchemy, site: Site, boss: Person, pages: Pages
) -> None:
    set_plan(boss, site, 12)

    row = db.session.execute(
        db.select(HistoryEvent).where(
            HistoryEvent.record_id == site.id, HistoryEvent.event == "terms_changed"
        )
    ).scalar_one()
    assert (row.reason, row.changes) == ("Agreed with the client", {"major/plan": ["15", "12"]})
    assert "major, cause and plan submitted: 15 days → 12 days" in pages.get("/sites/east").words


def test_saving_what_is_in_force_already_changes_nothing(db: SQLAlchemy, site: Site, boss: Person) -> None:
    set_plan(boss, site, DEFAULT_TERMS[Grade.MAJOR, Step.PLAN].days)

    assert rules_for(site.organisation_id, site.id).version == 0
    assert db.session.scalar(db.select(db.func.count()).select_from(HistoryEvent)) == 0


def test_other_organisations_keep_their_own_rules(site: Site, boss: Person) -> None:
    other = make.site(make.organisation())
    set_plan(boss, site, 9)

    assert rules_for(other.organisation_id, other.id).terms[Grade.MAJOR, Step.PLAN] == Term(15)
    assert list_rules(other.organisation_id, [site.id])[site.id] is default_rules()


# ---------------------------------------------------------------- the pages


def typed(**changes: object) -> dict[str, object]:
    form: dict[str, object] = {
        "holidays": "china",
        "weekend": ["5", "6"],
        "days": "2026-12-24 off Christmas Eve\n2026-12-26 work Stocktaking",
        "reason": "As agreed",
        "version": "0",
    }
    return form | changes


def test_a_pasted_calendar_is_kept_and_shown(pages: Pages, site: Site, moved: Callable[[str], None]) -> None:
    moved("2026-11-20")
    page = pages.post("/sites/east/calendar", typed())
    shown = pages.get("/sites/east/deadlines").words

    assert page.location == "/sites/east/deadlines"
    assert "24 Dec 2026 Not worked Christmas Eve this site" in shown
    assert "26 Dec 2026 Worked Stocktaking this site" in shown
    assert "2026-12-24 off Christmas Eve" in pages.get("/sites/east/calendar").text


def test_a_preview_shows_what_would_change_and_keeps_nothing(pages: Pages, site: Site) -> None:
    page = pages.post("/sites/east/calendar", typed(preview="1", reason="", holidays="none"), 200)

    assert "What would change" in page.words
    assert "26 Dec 2026 Worked Stocktaking" in page.words
    assert page.errors() == []
    assert "Stocktaking" not in pages.get("/sites/east/deadlines").words


def test_lines_that_cannot_be_read_are_named_and_kept(pages: Pages, site: Site) -> None:
    page = pages.post("/sites/east/calendar", typed(days="2026-12-24\nBoxing Day"), 422)

    assert page.errors() == ["Line 2: A line begins with a day, like 2026-10-01."]
    assert "Boxing Day" in page.text


def test_a_week_without_work_and_a_change_without_reason_are_refused(pages: Pages, site: Site) -> None:
    page = pages.post("/sites/east/calendar", typed(weekend=list("0123456"), reason=""), 422)

    assert "A week needs at least one working day." in page.words
    assert "Say why the deadlines are counted in another way from now on." in page.words


def test_a_reason_of_spaces_is_none(pages: Pages, site: Site) -> None:
    page = pages.post("/sites/east/calendar", typed(reason="  "), 422)

    assert page.errors() == ["Say why the deadlines are counted in another way from now on."]


def terms(pages: Pages, **changes: str) -> dict[str, str]:
    form = {
        "remind_days": "3",
        "manager_after": "2",
        "quality_after": "4",
        "reason": "As agreed",
        "version": "0",
    }
    for (grade, step), term in DEFAULT_TERMS.items():
        form[f"{grade.value}_{step.value}_days"] = str(term.days)
        if term.working:
            form[f"{grade.value}_{step.value}_working"] = "y"
    return form | changes


def test_terms_are_changed_taken_away_and_added(pages: Pages, site: Site) -> None:
    form = terms(pages, major_plan_days="12", minor_plan_days="", ofi_implementation_days="120")

    page = pages.post("/sites/east/terms", form)

    assert page.location == "/sites/east/deadlines"
    found = rules_for(site.organisation_id, site.id)
    assert found.terms[Grade.MAJOR, Step.PLAN] == Term(12)
    assert (Grade.MINOR, Step.PLAN) not in found.terms
    assert found.terms[Grade.OFI, Step.IMPLEMENTATION] == Term(120)
    assert found.terms[Grade.MAJOR, Step.CONTAINMENT] == Term(3, working=True)
    assert (found.manager_after, found.quality_after) == (2, 4)


def test_a_preview_of_terms_shows_the_days_before_and_after(
    pages: Pages, site: Site, moved: Callable[[str], None]
) -> None:
    moved("2026-06-01")
    page = pages.post("/sites/east/terms", terms(pages, preview="1", reason="", major_plan_days="8"), 200)

    assert "major cause and plan submitted 16 Jun 2026 9 Jun 2026" in page.words
    assert rules_for(site.organisation_id, site.id) is default_rules()


@pytest.mark.parametrize("days", ["0", "-1", "x", "1001", "９"])
def test_a_term_that_is_no_number_of_days_is_said_beside_it(pages: Pages, site: Site, days: str) -> None:
    page = pages.post("/sites/east/terms", terms(pages, major_plan_days=days), 422)

    assert "A whole number from 1 to 1000, or nothing." in page.words
    assert page.value("major_plan_days") == days


def test_the_chain_goes_upwards(pages: Pages, site: Site) -> None:
    page = pages.post("/sites/east/terms", terms(pages, manager_after="6"), 422)

    assert page.errors() == ["Not before the manager is told."]


@pytest.mark.parametrize(("path", "form"), [("calendar", typed()), ("terms", None)])
def test_an_old_page_is_a_conflict_that_keeps_what_was_typed(
    pages: Pages, site: Site, boss: Person, path: str, form: dict[str, object] | None
) -> None:
    set_plan(boss, site, 9)

    page = pages.post(f"/sites/east/{path}", form or terms(pages, major_plan_days="7"), 409)

    assert "changed this record in the meantime" in page.words
    assert "As agreed" in page.text
    assert rules_for(site.organisation_id, site.id).terms[Grade.MAJOR, Step.PLAN] == Term(9)


def test_whoever_only_looks_sees_the_rules_and_no_form(
    client: FlaskClient, company: Organisation, site: Site
) -> None:
    viewer = make.person(company, Role.VIEWER)
    pages = Pages(client).sign_in(viewer)

    shown = pages.get("/sites/east/deadlines")

    assert "3 working days" in shown.words
    assert "/sites/east/terms" not in shown.text
    pages.get("/sites/east/terms", 403)
    pages.post("/sites/east/calendar", typed(), 403)


def test_a_new_record_is_due_by_the_terms_of_its_site(site: Site, boss: Person) -> None:
    record: Nonconformity = make.nonconformity(site, boss, grade=Grade.MAJOR)
    set_plan(boss, site, 4)

    found = deadlines.deadline(record, NonconformityState.CONTAINED, make.day("2026-06-01"))

    assert found == {"due_on": date(2026, 6, 5), "due_step": "plan"}


def test_history_says_days_of_ones_own_in_words(app: Flask) -> None:
    kept = write_days([Day(date(2026, 12, 24), name="平安夜"), Day(date(2026, 12, 26), True)]).replace(
        "\n", "; "
    )

    with app.test_request_context(headers={"Accept-Language": "zh"}):
        assert timeline.VALUE_VIEWS["own_days"](kept) == "2026-12-24 休息 平安夜; 2026-12-26 上班"
