"""Writes: a site moves to another release by a run of its own; an organisation loads a release of its own."""

import sqlalchemy as sa

from scoring import catalogue
from scoring.catalogue import CatalogueError
from tracker import clock, history
from tracker.database import add, db
from tracker.errors import InvalidInput
from tracker.history import Record
from tracker.i18n import gettext as _
from tracker.i18n import ngettext
from tracker.moves import check_version
from tracker.organisations.models import Site, Unit
from tracker.organisations.services import record_of
from tracker.permissions import Actor
from tracker.reviews import scope
from tracker.reviews.models import Fact, FactSet
from tracker.scores import releases, sheets
from tracker.scores.models import CatalogueRelease, Cause, ScoringRun
from tracker.scores.services import Why, ensure_release, rescore_site
from tracker.standards.moving import missing, moving, unreported_sets

MAX_BYTES = 512 * 1024
# More faults than this are not read by anybody; the count says how many there are.
FAULTS_SHOWN = 100


def load_release(actor: Actor, data: bytes) -> CatalogueRelease:
    """Keep a release of the organisation's own, whole or not at all. Raises InvalidInput (`file`) with every fault."""
    content = _text(data)
    try:
        known = releases.read(content)
    except CatalogueError as refused:
        raise InvalidInput({"file": _said(refused)}) from None
    if known.id in catalogue.FILES:
        raise InvalidInput(
            {"file": [_("id: %(key)s ships with Rescore and cannot be replaced.", key=known.id)]}
        )
    if len(known.id) > 80 or len(known.id.partition("@")[0]) > 40:
        raise InvalidInput({"file": [_("id: longer than 80 characters, or 40 before the @.")]})
    taken = db.session.execute(
        sa.select(CatalogueRelease.content_hash).where(
            CatalogueRelease.organisation_id == actor.organisation_id, CatalogueRelease.key == known.id
        )
    ).scalar_one_or_none()
    if taken is not None:
        raise InvalidInput(
            {
                "file": [
                    _(
                        "id: %(key)s has been loaded already. Give a changed release another name.",
                        key=known.id,
                    )
                ]
            }
        )
    release = add(
        CatalogueRelease(
            organisation_id=actor.organisation_id,
            key=known.id,
            standard=known.id.partition("@")[0],
            content_hash=known.content_hash,
            content=content,
            created_at=clock.now(),
        )
    )
    history.record(
        Record(actor.organisation_id, "release", release.id, 0),
        "release_loaded",
        actor.person_id,
        changes={"release": [None, known.id], "content_hash": [None, known.content_hash]},
    )
    return release


def _text(data: bytes) -> str:
    if not data:
        raise InvalidInput({"file": [_("Choose a file that is not empty.")]})
    if len(data) > MAX_BYTES:
        raise InvalidInput({"file": [_("The file is larger than %(size)d KB.", size=MAX_BYTES // 1024)]})
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInput(
            {"file": [_("Not UTF-8: byte %(place)d cannot be read.", place=error.start)]}
        ) from None
    if "\x00" in text:
        raise InvalidInput({"file": [_("The file holds a null character; it is not a text.")]})
    return text


def _said(refused: CatalogueError) -> list[str]:
    """The faults as the reader words them, each with its path."""
    found = [str(fault) for fault in refused.faults[:FAULTS_SHOWN]]
    more = len(refused.faults) - len(found)
    if more:
        found.append(ngettext("%(num)d more fault", "%(num)d more faults", more))
    return found


def move_site(
    actor: Actor, site: Site, standard: str, key: str, reason: str, version: int | None
) -> list[ScoringRun]:
    """Score a site by another release from now on, by a run of its own; reviews not yet reported move along.

    Facts that the release adds stand as not assessed, those that it does not know are kept and not scored; runs
    made before keep theirs. Raises NotFound, Conflict, and InvalidInput (`release`, `reason`).
    """
    if not reason.strip():
        raise InvalidInput({"reason": [_("Write down the reason.")]})
    current = sheets.current_set(site.organisation_id, site.id, standard)
    if current is not None:
        check_version(current, version)
    move = moving(site, standard, key)
    was = move.before.result.standard
    release = ensure_release(site.organisation_id, key)
    _move_set(move.fact_set, release, list(move.blanks))
    today = clock.today()
    for fact_set, review in unreported_sets(site, standard):
        facts = tuple(
            db.session.execute(
                sa.select(Fact).where(
                    Fact.organisation_id == site.organisation_id, Fact.fact_set_id == fact_set.id
                )
            ).scalars()
        )
        units = tuple(
            db.session.execute(
                sa.select(Unit)
                .where(
                    Unit.organisation_id == site.organisation_id,
                    Unit.site_id == site.id,
                    sa.or_(Unit.starts_on.is_(None), Unit.starts_on <= today),
                    sa.or_(Unit.ends_on.is_(None), Unit.ends_on >= today),
                )
                .order_by(Unit.position, Unit.code)
            ).scalars()
        )
        _move_set(fact_set, release, missing(move.known, fact_set, facts, review, units, site))
    scope.forget_contents()
    history.record(
        record_of(site),
        "release_moved",
        actor.person_id,
        reason=reason.strip(),
        changes={"release": [was, key]},
    )
    return rescore_site(site.organisation_id, site.id, Why(Cause.RELEASE), actor)


def _move_set(fact_set: FactSet, release: CatalogueRelease, blanks: list[dict[str, object]]) -> None:
    fact_set.release_id = release.id
    db.session.flush()
    if blanks:
        db.session.execute(sa.insert(Fact), blanks)
