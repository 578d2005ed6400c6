from datetime import date
from fractions import Fraction
from types import SimpleNamespace

import pytest
import sqlalchemy as sa
from flask_sqlalchemy import SQLAlchemy

from tests.tracker.reviews import ground as grounds
from tests.tracker.reviews.ground import TODAY, Ground
from tracker import clock
from tracker.errors import Conflict, InvalidInput, NotFound
from tracker.history import HistoryEvent
from tracker.metrics import agreement, services
from tracker.metrics.models import Metric, MetricValue
from tracker.metrics.services import read_number
from tracker.reviews import current
from tracker.scores.models import Cause, ScoringRun


@pytest.fixture
def at(db: SQLAlchemy):
    with clock.at(TODAY):
        yield grounds.lay()


def runs(at: Ground, db: SQLAlchemy) -> list[ScoringRun]:
    wanted = sa.select(ScoringRun).where(ScoringRun.site_id == at.site.id).order_by(ScoringRun.number)
    return list(db.session.execute(wanted).scalars())


def reported(at: Ground) -> None:
    grounds.report(at, grounds.judged(at, see_cmm=False))


def pin(metric: Metric, aspect: str) -> SimpleNamespace:
    return SimpleNamespace(element=metric.item, subject=metric.code, aspect=aspect, kind="metric")


# ---------------------------------------------------------------- numbers, exactly

TYPED = [
    ("97.20", Fraction(486, 5)),
    ("97,2", Fraction(486, 5)),
    (" 97.2 % ", Fraction(486, 5)),
    ("1/3", Fraction(1, 3)),
    ("-4", Fraction(-4)),
    ("1 250", Fraction(1250)),
]


@pytest.mark.parametrize(("typed", "meant"), TYPED, ids=[typed.strip() for typed, _meant in TYPED])
def test_a_number_is_read_exactly_as_it_was_typed(typed: str, meant: Fraction) -> None:
    assert read_number(typed) == meant


@pytest.mark.parametrize("typed", ["", "abc", "1,234", "1e999999", "1/0", "9" * 70, "½", "NaN"])
def test_what_is_no_number_is_refused(db: SQLAlchemy, typed: str) -> None:
    with pytest.raises(InvalidInput):
        read_number(typed)


def test_a_value_comes_back_as_it_went_in(at: Ground, db: SQLAlchemy) -> None:
    services.set_value(at.actor(at.manager), at.metrics[0], "2026-03", "0.1")
    db.session.expire_all()

    wanted = sa.select(MetricValue.value).where(
        MetricValue.metric_id == at.metrics[0].id, MetricValue.month == "2026-03"
    )
    assert db.session.execute(wanted).scalar_one() == Fraction(1, 10)


# ---------------------------------------------------------------- metrics, targets, values


def test_a_metric_gets_a_code_and_both_names(at: Ground) -> None:
    metric = services.create_metric(
        at.actor(at.manager), site_id=at.site.id, item="4.4", name_zh="准确率", better="higher"
    )

    assert metric.code == f"m{metric.number}"
    assert metric.name_en == "准确率"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"item": "2.7"}, "item"),
        ({"item": "4.7"}, "item"),
        ({"code": "m0"}, "code"),
        ({"code": "a/b"}, "code"),
        ({"name_en": " "}, "name_en"),
        ({"measure": "x" * 30}, "measure"),
        ({"unit_id": 7}, "unit_id"),
    ],
    ids=["item", "4.7", "taken", "slash", "nameless", "measure", "unit"],
)
def test_a_metric_that_cannot_be_is_refused(at: Ground, fields: dict, field: str) -> None:
    wanted = {"item": "4.1", "code": "", "name_en": "Waiting", "better": "lower"} | fields

    with pytest.raises(InvalidInput) as refused:
        services.create_metric(at.actor(at.manager), site_id=at.site.id, **wanted)

    assert list(refused.value.fields) == [field]


def test_a_site_of_another_organisation_gets_no_metric(at: Ground) -> None:
    other = grounds.lay()

    with pytest.raises(NotFound):
        services.create_metric(at.actor(at.manager), site_id=other.site.id, item="4.1", name_en="x")


def test_a_range_needs_both_ends_in_order(at: Ground) -> None:
    manager = at.actor(at.manager)
    metric = services.create_metric(
        manager, site_id=at.site.id, item="4.5", name_en="Handling", better="range"
    )

    with pytest.raises(InvalidInput) as refused:
        services.set_target(manager, metric, "2026-01", low="320", high="280")
    assert list(refused.value.fields) == ["high"]
    with pytest.raises(InvalidInput):
        services.set_target(manager, metric, "2026-01", low="280")
    row = services.set_target(manager, metric, "2026-01", low="280", high="320")
    assert (row.value, row.low, row.high) == (None, 280, 320)


@pytest.mark.parametrize("month", ["2026-13", "2026-1", "26-01", "", "2026-12"])
def test_a_month_that_cannot_be_takes_no_value(at: Ground, month: str) -> None:
    with pytest.raises(InvalidInput):
        services.set_value(at.actor(at.manager), at.metrics[0], month, "1")


def test_a_value_against_an_older_version_is_refused(at: Ground) -> None:
    manager, metric = at.actor(at.manager), at.metrics[0]
    services.set_value(manager, metric, "2026-06", "70", version=1)

    with pytest.raises(Conflict):
        services.set_value(manager, metric, "2026-06", "71", version=1)
    with pytest.raises(Conflict):
        services.set_value(manager, metric, "2026-06", "71", version=0)


def test_many_values_are_one_line_of_history(at: Ground, db: SQLAlchemy) -> None:
    services.set_values(at.actor(at.manager), at.metrics[0], {"2026-05": "1", "2026-06": "", "2026-04": "94"})

    wanted = sa.select(HistoryEvent).where(HistoryEvent.record_id == at.metrics[0].id)
    (line,) = db.session.execute(wanted).scalars()
    assert line.changes == {"2026-05": ["95", "1"], "2026-06": ["96", ""]}


def test_many_values_are_written_all_or_none(at: Ground) -> None:
    with pytest.raises(InvalidInput):
        services.set_values(at.actor(at.manager), at.metrics[0], {"2026-05": "1", "2026-06": "many"})


# ---------------------------------------------------------------- rescoring


def test_new_data_store_a_run_and_may_lower_the_score(at: Ground, db: SQLAlchemy) -> None:
    reported(at)
    manager, metric = at.actor(at.manager), at.metrics[0]

    services.set_values(manager, metric, {f"2026-0{month}": "10" for month in range(2, 7)})

    first, second = runs(at, db)
    assert (first.total, second.cause) == (2000, Cause.DATA)
    # 4.1 keeps level 100 (one of two meets) and falls to trend 50: 250/3 percent of 100 points.
    assert second.total == 2000 - 100 + Fraction(250, 3)


def test_data_of_a_site_without_a_report_store_no_run(at: Ground, db: SQLAlchemy) -> None:
    services.set_value(at.actor(at.manager), at.metrics[0], "2026-06", "10")

    assert runs(at, db) == []


def test_data_that_change_nothing_store_no_run(at: Ground, db: SQLAlchemy) -> None:
    reported(at)

    services.set_value(at.actor(at.manager), at.metrics[0], "2026-06", "96.0")

    assert len(runs(at, db)) == 1


# ---------------------------------------------------------------- N-METRIC


def disagree(at: Ground, metric: Metric, aspect: str, since: date | None) -> tuple[str, ...]:
    return agreement.disagree(at.organisation.id, at.site.id, [pin(metric, aspect)], since)


def test_a_level_needs_three_months_begun_after_the_last_task(at: Ground) -> None:
    metric = at.metrics[0]

    assert disagree(at, metric, "meets", date(2026, 3, 15)) == ()
    assert disagree(at, metric, "meets", date(2026, 4, 1)) == ("4.1 Metric 0",)
    assert disagree(at, metric, "meets", None) == ()


def test_only_months_after_the_task_speak_of_the_level(at: Ground) -> None:
    metric = at.metrics[0]
    services.set_values(at.actor(at.manager), metric, {"2026-04": "10", "2026-05": "10"})

    assert disagree(at, metric, "meets", None) == ()
    assert disagree(at, metric, "meets", date(2026, 3, 15)) == ("4.1 Metric 0",)


def test_a_trend_needs_its_last_three_months_after_the_task(at: Ground) -> None:
    metric = at.metrics[0]

    assert disagree(at, metric, "improves", date(2026, 3, 15)) == ()
    assert disagree(at, metric, "improves", date(2026, 4, 15)) == ("4.1 Metric 0",)


def test_data_that_fail_cui_disagree_until_they_are_complete(at: Ground) -> None:
    manager = at.actor(at.manager)
    metric = services.create_metric(manager, site_id=at.site.id, item="4.4", name_en="New", better="higher")
    services.set_target(manager, metric, "2026-01", value="5")
    assert disagree(at, metric, "cui", None)

    services.set_values(manager, metric, {"2026-04": "5", "2026-05": "5", "2026-06": "5"})

    assert disagree(at, metric, "cui", None) == ()


def test_what_an_assessor_stated_agrees(at: Ground) -> None:
    reported(at)
    metric = at.metrics[0]
    said = {(metric.item, metric.code, "meets_target"): True}

    current.state_metrics(at.actor(at.assessor), at.site, said, note="Seen in the source")

    assert disagree(at, metric, "meets", TODAY) == ()


def test_an_unknown_metric_disagrees_and_other_facts_are_passed_over(at: Ground) -> None:
    gone = SimpleNamespace(element="4.1", subject="gone", aspect="meets")
    line = SimpleNamespace(element="2.7", subject="2.7-1", aspect="")

    assert agreement.disagree(at.organisation.id, at.site.id, [gone, line], None) == ("gone",)
