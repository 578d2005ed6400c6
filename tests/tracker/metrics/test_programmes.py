"""A metric kept per programme: what is typed, what is rolled up, and what the score takes of it."""

from fractions import Fraction

import pytest
import sqlalchemy as sa
from flask_sqlalchemy import SQLAlchemy

from scoring.roll_up import Rule
from tests.tracker.reviews import ground as grounds
from tests.tracker.reviews.ground import TODAY, Ground
from tracker import clock
from tracker.errors import Conflict, InvalidInput, NotFound
from tracker.history import HistoryEvent
from tracker.metrics import parts, programmes, services
from tracker.metrics.loaded import load_site
from tracker.metrics.models import Metric
from tracker.metrics.parts import Typed
from tracker.organisations.models import Unit
from tracker.scores import sheets
from tracker.scores.models import Cause, ScoringRun

MONTHS = tuple(f"2026-0{month}" for month in range(1, 7))


@pytest.fixture
def at(db: SQLAlchemy):
    with clock.at(TODAY):
        yield grounds.lay()


def declare(at: Ground, rule: Rule, measure: str = "%", better: str = "higher") -> Metric:
    return services.create_metric(
        at.actor(at.manager),
        site_id=at.site.id,
        item="4.4",
        code="fcr",
        name_en="First contact",
        better=better,
        measure=measure,
        roll_up=rule,
    )


def unit(metric: Metric, code: str) -> Unit:
    return programmes.get_programme(metric, code)


def put(at: Ground, metric: Metric, code: str, month: str, *given: str) -> None:
    parts.set_part(at.actor(at.manager), metric, unit(metric, code), month, Typed(*given))


def series(at: Ground, metric: Metric) -> dict[str, Fraction]:
    return sheets.read_series(at.organisation.id, at.site.id, clock.today())[1][metric.id]


def test_a_pooled_ratio_is_the_sum_of_numerators_over_that_of_denominators(at: Ground) -> None:
    metric = declare(at, Rule.POOLED)
    put(at, metric, "card", "2026-05", "", "9", "10")
    put(at, metric, "loan", "2026-05", "", "15", "30")

    assert series(at, metric) == {"2026-05": Fraction(60)}


@pytest.mark.parametrize(
    ("rule", "expected"),
    [(Rule.SUM, Fraction(290, 3)), (Rule.MEAN, Fraction(145, 3)), (Rule.WORST, Fraction(20, 3))],
)
def test_plain_rules_take_values(at: Ground, rule: Rule, expected: Fraction) -> None:
    metric = declare(at, rule)
    put(at, metric, "card", "2026-05", "90")
    put(at, metric, "loan", "2026-05", "20/3")

    assert series(at, metric) == {"2026-05": expected}


def test_a_weighted_mean_takes_volumes(at: Ground) -> None:
    metric = declare(at, Rule.WEIGHTED, "s", "lower")
    put(at, metric, "card", "2026-05", "200", "", "100")
    put(at, metric, "loan", "2026-05", "260", "", "300")

    assert series(at, metric) == {"2026-05": Fraction(245)}


def test_a_programme_without_transactions_is_not_in_the_way_of_a_ratio(at: Ground) -> None:
    metric = declare(at, Rule.POOLED)
    put(at, metric, "card", "2026-05", "", "9", "10")
    put(at, metric, "loan", "2026-05", "", "0", "0")

    assert series(at, metric) == {"2026-05": Fraction(90)}


def test_a_month_waits_for_every_programme_and_says_for_which(at: Ground) -> None:
    metric = declare(at, Rule.MEAN)
    for month in ("2026-04", "2026-05"):
        put(at, metric, "card", month, "90")
    put(at, metric, "loan", "2026-04", "80")
    readings = load_site(at.organisation.id, at.site).readings

    assert readings.values[metric.id] == {"2026-04": Fraction(85)}
    assert readings.left_out[metric.id] == {"2026-05": ("loan",)}
    assert {hint.kind for hint in load_site(at.organisation.id, at.site).hints([metric])[metric.id]} >= {
        "gap"
    }


def test_a_programme_that_has_ended_is_waited_for_no_more(at: Ground, db: SQLAlchemy) -> None:
    metric = declare(at, Rule.MEAN)
    for month in ("2026-04", "2026-05"):
        put(at, metric, "card", month, "90")
    put(at, metric, "loan", "2026-04", "80")
    unit(metric, "loan").ends_on = clock.today().replace(month=4, day=30)
    db.session.flush()

    assert series(at, metric) == {"2026-04": Fraction(85), "2026-05": Fraction(90)}


def test_what_was_entered_for_the_site_before_stays(at: Ground) -> None:
    metric = declare(at, Rule.MEAN)
    manager = at.actor(at.manager)
    services.set_value(manager, metric, "2026-03", "70")
    put(at, metric, "card", "2026-05", "90")

    assert series(at, metric) == {"2026-03": Fraction(70), "2026-05": Fraction(90)}
    services.set_value(manager, metric, "2026-03", "71")
    with pytest.raises(InvalidInput) as refused:
        services.set_value(manager, metric, "2026-06", "71")
    assert list(refused.value.fields) == ["value"]


def test_the_score_takes_the_rolled_up_series_and_each_value_stores_a_run(at: Ground, db: SQLAlchemy) -> None:
    grounds.report(at, grounds.judged(at, see_cmm=False))
    metric = declare(at, Rule.POOLED)
    services.set_target(at.actor(at.manager), metric, "2026-01", value="98")
    before = _data_runs(at, db)
    for month in MONTHS:
        put(at, metric, "card", month, "", "2", "3")
    material = sheets.gather(sheets.current_set(at.organisation.id, at.site.id, sheets.COPC), TODAY)
    sheet = sheets.build(material, "standard", TODAY)
    found = next(entry for entry in sheet["items"]["4.4"]["metrics"] if entry["id"] == "fcr")

    assert found["values"] == dict.fromkeys(MONTHS, "200/3")
    assert _data_runs(at, db) == before + len(MONTHS)


def _data_runs(at: Ground, db: SQLAlchemy) -> int:
    return db.session.execute(
        sa.select(sa.func.count())
        .select_from(ScoringRun)
        .where(ScoringRun.site_id == at.site.id, ScoringRun.cause == Cause.DATA)
    ).scalar_one()


FAULTY = [
    (Rule.POOLED, ("", "", ""), None),
    (Rule.POOLED, ("", "9", ""), ["denominator"]),
    (Rule.POOLED, ("", "abc", "x"), ["numerator", "denominator"]),
    (Rule.POOLED, ("", "9", "0"), ["denominator"]),
    (Rule.POOLED, ("", "9", "-1"), ["denominator"]),
    (Rule.WEIGHTED, ("5", "", ""), ["denominator"]),
    (Rule.MEAN, ("five", "", ""), ["value"]),
]


@pytest.mark.parametrize(("rule", "typed", "fields"), FAULTY)
def test_what_cannot_be_is_refused_with_its_fields(
    at: Ground, rule: Rule, typed: tuple[str, str, str], fields: list[str] | None
) -> None:
    metric = declare(at, rule)

    if fields is None:
        put(at, metric, "card", "2026-05", *typed)
        assert series(at, metric) == {}
        return
    with pytest.raises(InvalidInput) as refused:
        put(at, metric, "card", "2026-05", *typed)
    assert list(refused.value.fields) == fields


def test_a_later_month_another_programme_and_an_older_version_are_refused(at: Ground) -> None:
    metric = declare(at, Rule.MEAN)
    manager = at.actor(at.manager)
    with pytest.raises(InvalidInput):
        put(at, metric, "card", "2026-07", "90")
    with pytest.raises(NotFound):
        unit(metric, "csr")
    parts.set_part(manager, metric, unit(metric, "card"), "2026-05", Typed("90"), version=0)
    with pytest.raises(Conflict):
        parts.set_part(manager, metric, unit(metric, "card"), "2026-05", Typed("91"), version=0)


def test_nothing_typed_takes_the_month_away(at: Ground, db: SQLAlchemy) -> None:
    metric = declare(at, Rule.MEAN)
    put(at, metric, "card", "2026-05", "90")
    put(at, metric, "card", "2026-05", " ")

    assert series(at, metric) == {}
    events = db.session.execute(
        sa.select(HistoryEvent.changes).where(
            HistoryEvent.record_kind == "metric",
            HistoryEvent.record_id == metric.id,
            HistoryEvent.event == "value_set",
        )
    ).scalars()
    assert list(events) == [{"card 2026-05": ["", "90"]}, {"card 2026-05": ["90", ""]}]


@pytest.mark.parametrize(
    "given",
    [
        {"roll_up": Rule.EACH},
        {"roll_up": Rule.WORST, "better": "range"},
        {"roll_up": Rule.SUM, "unit": True},
    ],
)
def test_a_rule_that_does_not_fit_is_refused(at: Ground, given: dict) -> None:
    fields = {"item": "4.1", "name_en": "x", "better": "higher"} | given
    if fields.pop("unit", False):
        fields["unit_id"] = programmes.get_programme(at.metrics[0], "card").id

    with pytest.raises(InvalidInput) as refused:
        services.create_metric(at.actor(at.manager), site_id=at.site.id, **fields)

    assert list(refused.value.fields) == ["roll_up"]


def test_without_a_rule_programmes_have_no_values(at: Ground) -> None:
    with pytest.raises(InvalidInput):
        put(at, at.metrics[0], "card", "2026-05", "90")


# ---------------------------------------------------------------- provisional


def test_a_star_marks_a_value_that_counts_all_the_same(at: Ground) -> None:
    metric, manager = at.metrics[0], at.actor(at.manager)
    services.set_value(manager, metric, "2026-06", "97.2*")
    loaded = load_site(at.organisation.id, at.site)
    cell = loaded.months(metric, ["2026-06"])[0]

    assert (cell.value, cell.provisional) == ("97.2", True)
    assert loaded.values[metric.id]["2026-06"] == Fraction(486, 5)
    services.set_value(manager, metric, "2026-06", "97.2")
    assert not load_site(at.organisation.id, at.site).months(metric, ["2026-06"])[0].provisional


def test_a_month_is_provisional_where_one_programme_is(at: Ground) -> None:
    metric = declare(at, Rule.POOLED)
    put(at, metric, "card", "2026-05", "", "9*", "10")
    put(at, metric, "loan", "2026-05", "", "15", "30")
    readings = load_site(at.organisation.id, at.site).readings

    assert readings.provisional[metric.id] == {"2026-05"}
    assert readings.counts[metric.id] == {"2026-05": (Fraction(24), Fraction(40))}


# ---------------------------------------------------------------- counts


def test_a_percentage_from_counts_is_exact(at: Ground) -> None:
    metric = at.metrics[0]
    metric.measure = "%"
    row = parts.set_counts(at.actor(at.manager), metric, "2026-06", "2", "3")

    assert row is not None
    assert (row.value, row.numerator, row.denominator) == (Fraction(200, 3), Fraction(2), Fraction(3))


@pytest.mark.parametrize(
    ("given", "fields"),
    [(("2", ""), ["denominator"]), (("x", "3"), ["numerator"]), (("2", "0"), ["denominator"])],
)
def test_counts_that_cannot_be_are_refused(at: Ground, given: tuple[str, str], fields: list[str]) -> None:
    with pytest.raises(InvalidInput) as refused:
        parts.set_counts(at.actor(at.manager), at.metrics[0], "2026-06", *given)
    assert list(refused.value.fields) == fields
