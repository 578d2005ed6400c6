"""Pages of releases: those of the organisation, and a site's move to another one."""

from flask import Blueprint, request, url_for
from werkzeug.wrappers import Response

from tracker import fragments
from tracker.access import actor, allow, permission
from tracker.attempts import attempt
from tracker.database import db
from tracker.errors import InvalidInput, NotFound
from tracker.i18n import gettext as _
from tracker.i18n import ngettext
from tracker.organisations.models import Site
from tracker.organisations.queries import find_site
from tracker.permissions import Actor, Subject
from tracker.standards import queries, services, trail
from tracker.standards.forms import MoveForm, ReleaseFile
from tracker.standards.viewmodels import StandardHere

blueprint = Blueprint("standards", __name__, url_prefix="/standards")

__all__ = ["blueprint", "trail"]


@blueprint.get("/")
@permission("site:view")
def index() -> Response:
    """The releases that sites can be scored by."""
    who = allow("site:view")
    return _index(who, ReleaseFile(formdata=None), 200)


def _index(who: Actor, form: ReleaseFile, status: int, faults: tuple[str, ...] = ()) -> Response:
    rows = queries.list_releases(who)
    return fragments.render("standards/index.html", rows=rows, form=form, faults=faults, status=status)


@blueprint.post("/")
@permission("standard:load")
def load() -> Response:
    """Load a release of the organisation's own; a file with faults changes nothing and shows them all."""
    who = allow("standard:load")
    form = ReleaseFile()
    if not form.validate_on_submit():
        return _index(who, form, 422)
    data = form.file.data.stream.read(services.MAX_BYTES + 1)
    try:
        release = services.load_release(who, data)
    except InvalidInput as error:
        db.session.rollback()
        faults = tuple(error.fields["file"])
        several = ngettext("The file has %(num)d fault:", "The file has %(num)d faults:", len(faults))
        form.file.errors = list(faults) if len(faults) == 1 else [several]
        return _index(who, form, error.status, faults if len(faults) > 1 else ())
    db.session.commit()
    return fragments.go(url_for("standards.index"), _("%(key)s has been loaded.", key=release.key))


@blueprint.get("/sites/<code>")
@permission("standard:move")
def show_site(code: str) -> Response:
    """The release that a site is scored by, and what a move to another would change."""
    site = find_site(actor(), code)
    allow("standard:move", Subject(site.id))
    here = queries.standards_here(site)
    form = MoveForm(formdata=None)
    wanted = request.args.get("standard", "")
    chosen = next((each for each in here if each.standard == wanted), None)
    if wanted and chosen is None:
        raise NotFound
    key = request.args.get("release", "")
    preview = None
    if chosen is not None and key:
        form = MoveForm(formdata=None, data={"standard": wanted, "release": key, "version": chosen.version})
        try:
            preview = queries.preview_move(site, wanted, key)
        except InvalidInput as error:
            form.release.errors = error.fields["release"]
    status = 422 if form.release.errors else 200
    return _site(site, here, form, chosen, preview, status)


def _site(
    site: Site,
    here: tuple[StandardHere, ...],
    form: MoveForm,
    chosen: StandardHere | None,
    preview: object,
    status: int,
) -> Response:
    form.offer(chosen.choices if chosen else ())
    return fragments.render(
        "standards/site.html",
        site=site,
        here=here,
        form=form,
        chosen=chosen,
        preview=preview,
        status=status,
    )


@blueprint.post("/sites/<code>")
@permission("standard:move")
def move_site(code: str) -> Response:
    """Move a site to another release, with the reason; what is wrong comes back with what was typed."""
    site = find_site(actor(), code)
    who = allow("standard:move", Subject(site.id))
    form = MoveForm()
    standard, key = form.standard.data or "", form.release.data or ""
    if form.validate_on_submit():
        status = attempt(
            form,
            lambda: services.move_site(who, site, standard, key, form.reason.data or "", form.version.data),
        )
        if status == 200:
            return fragments.go(
                url_for("scores.index", site=code, standard=standard),
                _("The site is now scored by %(key)s.", key=key),
            )
    else:
        status = 422
    site = find_site(who, code)
    here = queries.standards_here(site)
    chosen = next((each for each in here if each.standard == standard), None)
    if chosen is None:
        raise NotFound
    try:
        preview = queries.preview_move(site, standard, key)
    except InvalidInput as error:
        preview = None
        form.release.errors = error.fields["release"]
    form.version.data = chosen.version
    return _site(site, here, form, chosen, preview, status)
