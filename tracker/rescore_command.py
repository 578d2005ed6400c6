"""The command `rescore`: compute every stored run again and compare, or bring sites up to date with their facts."""

import json
import sys
from collections.abc import Iterator, Mapping

import click
import sqlalchemy as sa
from flask.cli import with_appcontext

DIFFERS = 1


@click.command("rescore")
@click.option("--check", is_flag=True, help="Change nothing: compute every stored run again and compare.")
@click.option("--site", "site_code", metavar="CODE", help="Only the sites with this code.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line; the last one counts.")
@with_appcontext
def rescore_command(check: bool, site_code: str | None, as_json: bool) -> None:
    """Renew the scores of sites from their facts, or with --check verify every stored run.

    A stored run is computed again from the facts and the release that are stored with it. Exit status: 0 all
    agree, 1 a difference. Without --check a run is stored only where something has moved, in the name of the
    first administrator.
    """
    if not _site_is_known(site_code):
        click.echo(f"tracker: no site {site_code!r}", err=True)
        sys.exit(2)
    if check:
        sys.exit(_check(site_code, as_json))
    _renew(site_code, as_json)


def _site_is_known(code: str | None) -> bool:
    from tracker.database import db
    from tracker.organisations.models import Site

    return (
        code is None
        or db.session.execute(sa.select(Site.id).where(Site.code == code).limit(1)).first() is not None
    )


def _check(site_code: str | None, as_json: bool) -> int:
    from tracker.scores.checking import check_runs

    runs = differing = 0
    for found in check_runs(site_code):
        runs += 1
        if not found.differences:
            continue
        differing += 1
        if as_json:
            places = [
                {"where": each.where, "stored": each.stored, "recomputed": each.recomputed}
                for each in found.differences
            ]
            _line(
                {
                    "organisation": found.organisation,
                    "site": found.site,
                    "run": found.run,
                    "differences": places,
                }
            )
            continue
        for each in found.differences:
            click.echo(f"{found.organisation} {found.site} {found.run}  {each}")
    if as_json:
        _line({"runs": runs, "agree": runs - differing, "differ": differing})
    else:
        click.echo(f"{runs} runs computed again: {runs - differing} agree, {differing} differ.")
    return DIFFERS if differing else 0


def _renew(site_code: str | None, as_json: bool) -> None:
    from tracker.accounts.queries import get_actor
    from tracker.database import db
    from tracker.numbering import label
    from tracker.scores.models import Cause
    from tracker.scores.services import Why, rescore_site

    sites = stored = 0
    for organisation_id, site_id, slug, code in _scored_sites(site_code):
        person_id = _administrator(organisation_id)
        if person_id is None:
            click.echo(f"tracker: {slug} has no active administrator to make a run", err=True)
            continue
        actor = get_actor(organisation_id, person_id)
        made = rescore_site(organisation_id, site_id, Why(Cause.DATA), actor, thorough=True)
        lines = [
            {"organisation": slug, "site": code, "run": label("run", run.number), "standard": run.standard}
            for run in made
        ]
        db.session.commit()
        sites, stored = sites + 1, stored + len(lines)
        for line in lines:
            if as_json:
                _line(line)
            else:
                click.echo("{organisation} {site} {run}  {standard}".format(**line))
        db.session.remove()
    if as_json:
        _line({"sites": sites, "stored": stored})
    else:
        click.echo(f"{sites} sites renewed, {stored} runs stored.")


def _line(value: Mapping[str, object]) -> None:
    click.echo(json.dumps(value, ensure_ascii=False))


def _scored_sites(code: str | None) -> Iterator[tuple[int, int, str, str]]:
    """The active sites that have been reported on, of every organisation."""
    from tracker.database import db
    from tracker.organisations.models import Organisation, Site
    from tracker.reviews.models import FactSet, FactSetKind

    statement = (
        sa.select(Site.organisation_id, Site.id, Organisation.slug, Site.code)
        .join(Organisation, Organisation.id == Site.organisation_id)
        .where(
            Site.active,
            sa.exists().where(
                FactSet.organisation_id == Site.organisation_id,
                FactSet.site_id == Site.id,
                FactSet.kind == FactSetKind.CURRENT,
            ),
        )
        .order_by(Organisation.slug, Site.code)
    )
    if code is not None:
        statement = statement.where(Site.code == code)
    for row in db.session.execute(statement).all():
        yield row.organisation_id, row.id, row.slug, row.code


def _administrator(organisation_id: int) -> int | None:
    """The first active administrator of an organisation: somebody must stand for a run."""
    from tracker.accounts.models import Person, Role, RoleGrant
    from tracker.database import db

    return db.session.execute(
        sa.select(Person.id)
        .join(
            RoleGrant,
            (RoleGrant.organisation_id == Person.organisation_id) & (RoleGrant.person_id == Person.id),
        )
        .where(
            Person.organisation_id == organisation_id,
            Person.active,
            RoleGrant.role == Role.ADMINISTRATOR,
            RoleGrant.site_id.is_(None),
        )
        .order_by(Person.id)
        .limit(1)
    ).scalar_one_or_none()
