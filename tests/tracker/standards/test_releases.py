"""A site moves to another release by a run of its own; an organisation loads releases that no other sees."""

import io
import json
from fractions import Fraction

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from scoring import catalogue, rescore
from scoring.sheet import loads
from tests import factories as make
from tests.conftest import make_client
from tests.pages import Pages
from tests.tracker.scores import ahead
from tracker.database import db as database
from tracker.errors import Conflict, InvalidInput, NotFound
from tracker.history import HistoryEvent
from tracker.organisations.models import Site
from tracker.reviews import scope
from tracker.reviews.models import Fact, Review, Tier
from tracker.scores import releases, sheets
from tracker.scores.checking import check_runs
from tracker.scores.models import CatalogueRelease, Cause, ScoringRun, Standing
from tracker.standards import queries, services

NEW, OLD = catalogue.COPC_4_3, catalogue.COPC


def site_of(code: str) -> Site:
    return database.session.execute(sa.select(Site).where(Site.code == code)).scalar_one()


def current(site: Site):  # type: ignore[no-untyped-def]
    found = sheets.current_set(site.organisation_id, site.id, ahead.COPC)
    assert found is not None
    return found


def own_content(key: str = "copc-2000-csp@own", mark: int = 1900) -> str:
    """Release 4.3 under another name, with a pass mark of one's own."""
    text = (
        catalogue.source(NEW)
        .replace(f'"{NEW}"', f'"{key}"')
        .replace("pass_points = 1900", f"pass_points = {mark}")
    )
    assert key in text
    assert f"pass_points = {mark}" in text
    return text


# ---------------------------------------------------------------- a site moves


def test_a_site_moves_to_another_release_and_back(demo_app: Flask) -> None:
    with ahead.inside(demo_app):
        site, lin = site_of("chengdu"), ahead.actor("lin")
        start = {run.number: run.content_hash for run in runs_of(site)}
        promised = queries.preview_move(site, ahead.COPC, NEW)
        assert {run.number for run in runs_of(site)} == set(start), "a preview stores nothing"
        made = services.move_site(
            lin, site, ahead.COPC, NEW, "Our client asks for 4.3.", current(site).version
        )
        run = next(run for run in made if run.standard == ahead.COPC)
        assert (run.cause, run.total, run.maximum) == (Cause.RELEASE, promised.after, Fraction(2000))
        sheet = loads(run.sheet)
        assert sheet.standard == NEW
        result = rescore.score(sheet)
        assert {item.id for item in promised.items if item.joins} == {"2.G.F"}
        assert result.items["2.G.F"].points is None, "nobody has assessed what the release adds"
        assert (result.items["2.3"].max, result.items["2.6"].max) == (80, 80)
        standing = database.session.execute(
            sa.select(Standing).where(Standing.site_id == site.id, Standing.standard == ahead.COPC)
        ).scalar_one()
        assert (standing.run_id, standing.verified, standing.verdict) == (run.id, run.total, "incomplete")
        event = database.session.execute(
            sa.select(HistoryEvent).where(HistoryEvent.event == "release_moved")
        ).scalar_one()
        assert (event.reason, event.changes) == ("Our client asks for 4.3.", {"release": [OLD, NEW]})

        services.move_site(lin, site, ahead.COPC, OLD, "And back.", current(site).version)
        last = runs_of(site)[-1]
        before = next(run for run in reversed(runs_of(site)) if run.number in start)
        assert (last.cause, last.total) == (Cause.RELEASE, before.total), (
            "what 4.3 added is kept and not scored"
        )
        assert all(start[run.number] == run.content_hash for run in runs_of(site) if run.number in start)
        database.session.commit()
        assert [found for found in check_runs() if found.differences] == []


def runs_of(site: Site) -> list[ScoringRun]:
    return list(
        database.session.execute(
            sa.select(ScoringRun)
            .where(ScoringRun.site_id == site.id, ScoringRun.standard == ahead.COPC)
            .order_by(ScoringRun.number)
        ).scalars()
    )


def test_a_stale_page_moves_nothing(demo_app: Flask) -> None:
    with ahead.inside(demo_app):
        site, lin = site_of("chengdu"), ahead.actor("lin")
        version = current(site).version
        services.move_site(lin, site, ahead.COPC, NEW, "First.", version)
        with pytest.raises(Conflict):
            services.move_site(lin, site, ahead.COPC, OLD, "Second.", version)
        with pytest.raises(InvalidInput, match="already"):
            services.move_site(lin, site, ahead.COPC, NEW, "Again.", None)
        with pytest.raises(InvalidInput, match="reason"):
            services.move_site(lin, site, ahead.COPC, OLD, " ", None)
        with pytest.raises(NotFound):
            services.move_site(lin, site, ahead.COPC, catalogue.SEE_CMM, "Other family.", None)


def test_a_gold_site_stays_where_gold_is(app: Flask, db: SQLAlchemy) -> None:
    site, lead = small_site()
    review = db.session.execute(sa.select(Review)).scalar_one()
    review.tier = Tier.GOLD
    db.session.flush()
    with pytest.raises(InvalidInput, match="tier"):
        services.move_site(make.actor_for(lead), site, ahead.COPC, NEW, "Why not?", None)


def small_site(slug: str = "east"):  # type: ignore[no-untyped-def]
    site, lead, _records = ahead.bundle(make.organisation())
    return site, lead


def test_the_next_review_judges_by_the_release_of_the_site(app: Flask, db: SQLAlchemy) -> None:
    site, lead = small_site()
    who = make.actor_for(lead)
    services.move_site(who, site, ahead.COPC, NEW, "Next year's release.", None)
    review = make.review(site, lead)
    assert "2.G.F" in scope.elements_of(review, ahead.COPC)
    assert releases.site_key(site.organisation_id, site.id, ahead.COPC) == NEW


# ---------------------------------------------------------------- a release of one's own


def test_own_release_is_loaded_and_scores_a_site(app: Flask, db: SQLAlchemy) -> None:
    site, lead = small_site()
    who = make.actor_for(lead)
    release = services.load_release(who, own_content(mark=1800).encode())
    assert (release.standard, release.content_hash) == (
        ahead.COPC,
        catalogue.parse(own_content(mark=1800)).content_hash,
    )
    made = services.move_site(who, site, ahead.COPC, release.key, "Our own marks.", None)
    result = json.loads(made[0].result)
    assert result["standard"] == "copc-2000-csp@own"
    assert result["conditions"][0]["needs"] == "1800"
    page = Pages(make_client(app)).sign_in(lead).get(f"/scores/?site={site.code}")
    assert "1800" in page.words.replace(",", "")
    assert not catalogue.known("copc-2000-csp@own"), "nothing is known outside the organisation"


def test_two_organisations_never_see_each_others_release(app: Flask, db: SQLAlchemy) -> None:
    (east, lin), (west, tang) = small_site(), small_site()
    assert east.organisation_id != west.organisation_id
    services.load_release(make.actor_for(lin), own_content(mark=1700).encode())
    with pytest.raises(NotFound):
        services.move_site(make.actor_for(tang), west, ahead.COPC, "copc-2000-csp@own", "Theirs.", None)
    page = Pages(make_client(app)).sign_in(tang).get("/standards/")
    assert "copc-2000-csp@own" not in page.words
    services.load_release(make.actor_for(tang), own_content(mark=1600).encode())
    needs = []
    for site, lead in ((east, lin), (west, tang)):
        made = services.move_site(make.actor_for(lead), site, ahead.COPC, "copc-2000-csp@own", "Ours.", None)
        needs.append(json.loads(made[0].result)["conditions"][0]["needs"])
    assert needs == ["1700", "1600"]
    db.session.commit()
    assert [found for found in check_runs() if found.differences] == []
    for site, lead in ((east, lin), (west, tang)):
        Pages(make_client(app)).sign_in(lead).get(f"/standards/sites/{site.code}")
        other = west if site is east else east
        if other.code != site.code:
            Pages(make_client(app)).sign_in(lead).get(f"/standards/sites/{other.code}", status=404)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "not empty"),
        (b"id = \xff", "Not UTF-8: byte 5"),
        (b"x" * (services.MAX_BYTES + 1), "larger than 512 KB"),
        (catalogue.source(OLD).encode(), "ships with Rescore"),
        (b"id = ", "not TOML"),
        (b"id = \"a@1\"\x00", "null character"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_is_refused(app: Flask, db: SQLAlchemy, data: bytes, said: str) -> None:
    _site, lead = small_site()
    before = db.session.scalar(sa.select(sa.func.count()).select_from(CatalogueRelease))
    with pytest.raises(InvalidInput, match=said):
        services.load_release(make.actor_for(lead), data)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(CatalogueRelease)) == before


def test_all_faults_of_a_file_stand_on_the_page(app: Flask, db: SQLAlchemy) -> None:
    _site, lead = small_site()
    browser = Pages(make_client(app)).sign_in(lead)
    wrong = own_content().replace("max = 2000", "max = 2001").replace("[[90, 100]", "[[90, 101]")
    wrong = wrong.replace("pass_points = 1900", "pass_points = false")
    page = browser.post("/standards/", {"file": (io.BytesIO(wrong.encode()), "own.toml")}, status=422)
    assert "The file has" in page.words
    assert "tiers[0].pass_points" in page.words
    assert "copc-2000-csp@own" not in page.words
    page = browser.post("/standards/", {"file": (io.BytesIO(own_content().encode()), "own.toml")})
    assert page.location == "/standards/"
    assert "copc-2000-csp@own" in browser.get("/standards/").words
    again = browser.post(
        "/standards/", {"file": (io.BytesIO(own_content().encode()), "own.toml")}, status=422
    )
    assert "loaded already" in again.words
    assert "Choose a file" in browser.post("/standards/", {}, status=422).words


# ---------------------------------------------------------------- the pages


def test_the_move_is_previewed_and_confirmed_in_the_browser(fresh_demo: Flask) -> None:
    browser = ahead.pages(fresh_demo)
    page = browser.get("/standards/sites/chengdu")
    assert OLD in page.words
    assert NEW in page.text
    address = f"/standards/sites/chengdu?standard={ahead.COPC}&release={NEW}"
    page = browser.get(address)
    assert "2.G.F" in page.words
    assert "Joins the tier" in page.words
    assert "Nothing has been saved yet." in page.words
    with fresh_demo.app_context():
        version = current(site_of("chengdu")).version
    form = {"standard": ahead.COPC, "release": NEW, "version": str(version), "reason": ""}
    assert "Write down the reason." in browser.post("/standards/sites/chengdu", form, status=422).words
    stale = form | {"reason": "Kept words.", "version": str(version + 1)}
    assert "Kept words." in browser.post("/standards/sites/chengdu", stale, status=409).text
    done = browser.post("/standards/sites/chengdu", form | {"reason": "Client."})
    assert done.location.startswith("/scores/?site=chengdu")
    assert NEW in browser.get("/standards/sites/chengdu").words
    score = browser.get("/scores/?site=chengdu")
    assert "Another release of the standard" in score.text
    browser.get("/scores/?site=chengdu&tier=gold", status=404)
    for place in ("worth", "what-if", "path"):
        browser.get(f"/scores/{place}?site=chengdu")
    assert "Moved to another release" in browser.get("/sites/chengdu").words


def test_only_managers_move_and_load(demo_app: Flask) -> None:
    browser = ahead.pages(demo_app, "gao")
    browser.get("/standards/sites/chengdu", status=403)
    browser.post("/standards/", {}, status=403)
    assert "Load release" not in browser.get("/standards/").words


def test_facts_of_the_old_release_are_kept(app: Flask, db: SQLAlchemy) -> None:
    site, lead = small_site()
    who = make.actor_for(lead)
    trimmed = own_content().replace('id = "1.1-2"', 'id = "1.1-9"')
    services.load_release(who, trimmed.encode())
    seen = queries.preview_move(site, ahead.COPC, "copc-2000-csp@own")
    assert [gap[1] for gap in seen.gaps] == ["NC-0002"]
    assert seen.parked == 1
    services.move_site(who, site, ahead.COPC, "copc-2000-csp@own", "Other lines.", None)
    facts = set(db.session.execute(sa.select(Fact.key).where(Fact.fact_set_id == current(site).id)).scalars())
    assert {"1.1/line/1.1-2", "1.1/line/1.1-9"} <= facts
    lines = loads(runs_of(site)[-1].sheet, catalogue.parse(trimmed)).items["1.1"].lines
    assert {name: line.status for name, line in lines.items()} == {
        "1.1-0": "met", "1.1-1": "not_met", "1.1-9": "not_assessed",
    }  # fmt: skip
