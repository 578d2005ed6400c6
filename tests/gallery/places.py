"""Every page of the demo: what it is called, where it is, and who looks at it."""

from collections.abc import Callable
from dataclasses import dataclass

import sqlalchemy as sa
from flask import Flask

from tests.gallery.work import person
from tracker.actions.models import Action
from tracker.audits.models import Audit
from tracker.database import db
from tracker.metrics.models import Metric, MetricValue
from tracker.nonconformities.models import Nonconformity
from tracker.organisations.models import Site, Unit
from tracker.reviews.models import Review
from tracker.scores.models import ScoringRun

PROCESS_ITEM, RESULT_ITEM, WORD_ITEM, CRITERION = "2.2", "4.3", "4.7", "S1"


@dataclass(frozen=True)
class Place:
    """A page: a name for its picture, its address, who looks at it (a key of the cast; None: nobody), its status."""

    name: str
    path: str
    who: str | None = "lin"
    status: int = 200


def places(app: Flask, group: str = "") -> list[Place]:
    """Every page of the demo, or of one of GROUPS, each kind of record once in each state it is in."""
    with app.app_context():
        found = [place for name, listed in GROUPS.items() if group in ("", name) for place in listed()]
        db.session.rollback()
    return found


def _frame() -> list[Place]:
    return [
        Place("sign-in", "/sign-in", None),
        Place("account", "/account"),
        *(Place(f"dashboard-{who}", "/", who) for who in ("lin", "chen", "ma", "jiang", "gao", "luo")),
        Place("dashboard-site", "/?site=suzhou"),
        Place("error-404", "/nonconformities/9999", status=404),
        Place("error-404-stranger", "/no-such-page", None, 404),
        Place("error-403", "/people/new", "feng", 403),
        Place("error-405", "/preferences", status=405),
    ]


def _organisation() -> list[Place]:
    unit = db.session.execute(sa.select(Unit.id).order_by(Unit.id).limit(1)).scalar_one()
    return [
        Place("sites", "/sites/"),
        Place("site", "/sites/suzhou"),
        Place("site-seen-by-admin", "/sites/chengdu", "luo"),
        Place("site-new", "/sites/new", "luo"),
        Place("site-edit", "/sites/suzhou/edit", "luo"),
        Place("site-policy", "/sites/suzhou/policy", "luo"),
        Place("programme-new", "/sites/suzhou/programmes/new", "luo"),
        Place("position-new", "/sites/suzhou/positions/new", "luo"),
        Place("programme-edit", f"/sites/suzhou/units/{unit}", "luo"),
        Place("people", "/people/", "luo"),
        Place("person", f"/people/{person('he').id}", "luo"),
        Place("person-new", "/people/new", "luo"),
    ]


def _by_state(kind: type[Review] | type[Action] | type[Audit] | type[Nonconformity]) -> dict[str, int]:
    """The last record of each state."""
    rows = db.session.execute(sa.select(kind.state, sa.func.max(kind.number)).group_by(kind.state)).all()
    return {state.value: number for state, number in sorted(rows)}


def _reviews() -> list[Place]:
    states = _by_state(Review)
    running, done = states["in_progress"], states["reported"]
    items = (PROCESS_ITEM, "3.3", RESULT_ITEM, WORD_ITEM, CRITERION)
    return [
        Place("reviews", "/reviews/"),
        Place("reviews-none", "/reviews/?state=withdrawn"),
        Place("review-new", "/reviews/new"),
        *(Place(f"review-{state}", f"/reviews/{number}", "chen") for state, number in states.items()),
        Place("review-seen-by-viewer", f"/reviews/{running}", "ma"),
        *(Place(f"judge-{item}", f"/reviews/{running}/items/{item}", "chen") for item in items),
        Place("judge-4.7-assessor", f"/reviews/{running}/items/{WORD_ITEM}", "tang"),
        Place("judged-2.2", f"/reviews/{done}/items/{PROCESS_ITEM}"),
        Place("judged-4.4", f"/reviews/{done}/items/4.4"),
        Place("judged-S1", f"/reviews/{done}/items/{CRITERION}"),
        Place("deployment", f"/reviews/{running}/deployment/2", "chen"),
        Place("deployment-3", f"/reviews/{done}/deployment/3"),
        Place("gaps", f"/reviews/{running}/gaps", "chen"),
    ]


def _nonconformities() -> list[Place]:
    states = _by_state(Nonconformity)
    running = _by_state(Review)["in_progress"]
    return [
        Place("nonconformities", "/nonconformities/"),
        Place("nonconformities-board", "/nonconformities/board"),
        Place("nonconformities-filtered", "/nonconformities/?site=chengdu&state=correcting&q=0018"),
        Place("nonconformities-none", "/nonconformities/?q=9999"),
        Place("nonconformity-new", "/nonconformities/new?site=chengdu&element=2.3"),
        Place(
            "nonconformity-from-review", f"/nonconformities/new?review={running}&key=1.2/line/1.2-2c", "chen"
        ),
        Place("nonconformity-edit", f"/nonconformities/{states['draft']}/edit", "chen"),
        Place("nonconformity-worth", f"/nonconformities/{states['correcting']}/worth"),
        *(Place(f"nonconformity-{state}", f"/nonconformities/{number}") for state, number in states.items()),
        Place("nonconformity-open-owner", f"/nonconformities/{states['open']}", "jiang"),
        Place("nonconformity-verifying-verifier", f"/nonconformities/{states['verifying']}", "han"),
    ]


def _actions() -> list[Place]:
    states = _by_state(Action)
    return [
        Place("actions", "/actions/"),
        Place("actions-none", "/actions/?state=cancelled"),
        Place("actions-board", "/actions/board"),
        Place("actions-timeline", "/actions/timeline?state=all"),
        Place("actions-templates", "/actions/templates"),
        Place("action-schedule", f"/actions/{states['implementing']}/schedule"),
        Place("action-changes", f"/actions/{states['implementing']}/changes"),
        Place("action-new", "/actions/new?site=chengdu"),
        *(Place(f"action-{state}", f"/actions/{number}") for state, number in states.items()),
        Place("action-analysing-owner", f"/actions/{states['analysing']}?open=why-0", "feng"),
        Place("action-implementing-owner", f"/actions/{states['implementing']}", "feng"),
        Place("action-plan-approver", f"/actions/{states['plan_review']}", "gao"),
    ]


def _audits() -> list[Place]:
    states = _by_state(Audit)
    return [
        Place("audits", "/audits/"),
        Place("audits-waiting", "/audits/waiting"),
        Place("audits-calendar", "/audits/calendar?days=90"),
        Place("audit-new", "/audits/new?site=chengdu", "chen"),
        *(Place(f"audit-{state}", f"/audits/{number}", "zhou") for state, number in states.items()),
    ]


def _scores() -> list[Place]:
    runs = {
        (cause.value, standard): number
        for cause, standard, number in db.session.execute(
            sa.select(ScoringRun.cause, ScoringRun.standard, sa.func.min(ScoringRun.number)).group_by(
                ScoringRun.cause, ScoringRun.standard
            )
        )
    }
    return [
        *(
            Place(f"score-{site}-{standard}", f"/scores/?site={site}&standard={standard}")
            for site in ("suzhou", "chengdu")
            for standard in ("copc-2000-csp", "see-cmm")
        ),
        Place("score-gold", "/scores/?site=suzhou&standard=copc-2000-csp&tier=gold"),
        Place("score-assessor", "/scores/?site=suzhou", "tang"),
        *(Place(f"worth-{site}", f"/scores/worth?site={site}") for site in ("suzhou", "chengdu")),
        Place("what-if", "/scores/what-if?site=chengdu&close=NC-0009&close=NC-0013&close=NC-0020"),
        *(Place(f"path-{goal}", f"/scores/path?site=chengdu&to={goal}") for goal in ("strict", "lenient")),
        Place("path-see-cmm", "/scores/path?site=chengdu&standard=see-cmm"),
        Place("item-cui", "/scores/items/4.4?site=chengdu"),
        Place("item-word", "/scores/items/4.7?site=suzhou"),
        Place("item-ninety", "/scores/items/2.3?site=suzhou"),
        Place("item-criterion", "/scores/items/S5?site=chengdu"),
        Place("sums", "/scores/sums?site=chengdu"),
        Place("sums-see-cmm", "/scores/sums?site=chengdu&standard=see-cmm"),
        *(Place(f"readiness-{site}", f"/scores/readiness?site={site}") for site in ("suzhou", "chengdu")),
        *(
            Place(f"run-{cause}-{standard}", f"/scores/runs/{number}")
            for (cause, standard), number in sorted(runs.items())
        ),
    ]


def _metrics() -> list[Place]:
    filled = db.session.execute(
        sa.select(sa.func.min(Metric.number)).join(MetricValue, MetricValue.metric_id == Metric.id)
    ).scalar_one()
    code = db.session.execute(
        sa.select(Site.code).join(Metric, Metric.site_id == Site.id).where(Metric.number == filled)
    ).scalar_one()
    return [
        Place("metrics", "/metrics/"),
        Place("metrics-site", f"/metrics/?site={code}"),
        Place("metric-stated", "/metrics/1"),
        Place("metric-filled", f"/metrics/{filled}"),
        Place("metric-edit", f"/metrics/{filled}/edit"),
        Place("metric-new", "/metrics/new?site=chengdu&item=4.3"),
    ]


GROUPS: dict[str, Callable[[], list[Place]]] = {
    "frame": _frame,
    "organisation": _organisation,
    "reviews": _reviews,
    "nonconformities": _nonconformities,
    "actions": _actions,
    "audits": _audits,
    "scores": _scores,
    "metrics": _metrics,
}
