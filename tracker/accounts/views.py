"""Sign-in, sign-out, the first run, preferences and one's own account."""

import time
from typing import Any
from urllib.parse import urlsplit

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_login import current_user, login_user, logout_user
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect
from werkzeug.wrappers import Response as BaseResponse

from tracker.access import PUBLIC, SIGNED_IN, actor, permission
from tracker.accounts import services
from tracker.accounts.forms import FirstRunForm, OwnPasswordForm, SignInForm
from tracker.accounts.models import Role
from tracker.accounts.queries import any_organisation, get_candidates, get_grants, get_signed_in
from tracker.accounts.roles import role_meaning, role_title
from tracker.accounts.rules import normal_email
from tracker.accounts.viewmodels import Candidate
from tracker.attempts import refuse
from tracker.database import db
from tracker.errors import InvalidInput, WrongPassword
from tracker.extensions import htmx
from tracker.fragments import go
from tracker.i18n import LANGUAGES
from tracker.i18n import gettext as _
from tracker.organisations.models import CspType

blueprint = Blueprint("accounts", __name__)

THEMES = ("auto", "light", "dark")
# How long somebody who belongs to several organisations may think about which.
CHOICE_SECONDS = 300


def local_path(target: str | None) -> str | None:
    """`target` if it is a path of this server; None for everything that could lead elsewhere."""
    if not target or not target.startswith("/") or target.startswith(("//", "/\\")) or len(target) > 2000:
        return None
    if any(ord(sign) < 33 or ord(sign) == 127 or sign == "\\" for sign in target):
        return None
    parts = urlsplit(target)
    return None if parts.scheme or parts.netloc else target


def readable(target: str) -> str:
    """`target`, or the nearest address above it that can be fetched: a form's own address often cannot."""
    path, mark, query = target.partition("?")
    routes = current_app.url_map.bind("")
    while path.strip("/"):
        try:
            routes.match(path, method="GET")
        except RequestRedirect:
            pass
        except HTTPException:
            path, mark, query = path.rstrip("/").rpartition("/")[0], "", ""
            continue
        return f"{path}{mark}{query}"
    return url_for("dashboard.index")


# ---------------------------------------------------------------- sign-in


@blueprint.get("/sign-in")
@permission(PUBLIC)
def sign_in() -> BaseResponse | str:
    """Ask who it is; a new installation is set up first."""
    target = local_path(request.args.get("next"))
    if current_user.is_authenticated:
        return redirect(target or url_for("dashboard.index"), 303)
    if not any_organisation():
        return redirect(url_for("accounts.first_run"), 303)
    form = SignInForm(formdata=None, data={"next": target or ""})
    return render_template("accounts/sign_in.html", form=form)


@blueprint.post("/sign-in")
@permission(PUBLIC)
def sign_in_post() -> BaseResponse:
    """Let in whoever gives the right password; everybody else gets one and the same answer."""
    form = SignInForm()
    if not form.validate_on_submit():
        return make_response(render_template("accounts/sign_in.html", form=form), 422)
    attempt = services.count_attempt(form.email.data, request.remote_addr or "")
    db.session.commit()
    try:
        candidates = services.candidates_for(attempt)
    except services.TooManyAttempts as error:
        db.session.commit()
        form.form_errors.append(error.message)
        answer = make_response(render_template("accounts/sign_in.html", form=form), 429)
        answer.headers["Retry-After"] = str(error.minutes * 60)
        return answer
    db.session.commit()  # hashing takes long, and must not hold the database's write lock
    found = services.recognise(candidates, form.password.data)
    if not found:
        form.form_errors.append(_("The e-mail address or the password is wrong."))
        return make_response(render_template("accounts/sign_in.html", form=form), 422)
    services.forget_attempts(attempt)
    db.session.commit()
    target = local_path(form.next.data)
    if len(found) > 1:
        return _ask_which(found, target)
    return _enter(found[0].session_id, target)


def _ask_which(found: tuple[Candidate, ...], target: str | None) -> BaseResponse:
    _new_session()
    session["choosing"] = {
        "until": int(time.time()) + CHOICE_SECONDS,
        "people": [candidate.session_id for candidate in found],
        "email": normal_email(request.form.get("email", "")),
        "next": target or "",
    }
    return redirect(url_for("accounts.choose"), 303)


@blueprint.get("/sign-in/organisation")
@permission(PUBLIC)
def choose() -> BaseResponse | str:
    """Ask in which of several organisations; the password has been right for each of them."""
    choosing = _choosing()
    if choosing is None:
        return redirect(url_for("accounts.sign_in"), 303)
    known = {candidate.session_id: candidate for candidate in get_candidates(str(choosing["email"]))}
    offered = [known[key] for key in choosing["people"] if key in known]
    return render_template("accounts/choose.html", candidates=offered)


@blueprint.post("/sign-in/organisation")
@permission(PUBLIC)
def choose_post() -> BaseResponse:
    """Enter the organisation that was chosen."""
    choosing = _choosing()
    wanted = request.form.get("person", "")
    if choosing is None or wanted not in choosing["people"]:
        return redirect(url_for("accounts.sign_in"), 303)
    return _enter(wanted, local_path(choosing["next"]))


def _choosing() -> dict[str, Any] | None:
    choosing = session.get("choosing")
    if not isinstance(choosing, dict) or choosing.get("until", 0) < time.time():
        session.pop("choosing", None)
        return None
    return choosing


def _enter(session_id: str, target: str | None) -> BaseResponse:
    """Begin a new session for a recognised person: nothing of the one before it is carried over."""
    person = get_signed_in(session_id)
    if person is None:
        return redirect(url_for("accounts.sign_in"), 303)
    _new_session()
    session.permanent = True
    if person.language in LANGUAGES:
        session["language"] = person.language
    login_user(person)
    return redirect(target or url_for("dashboard.index"), 303)


def _new_session() -> None:
    spoken = session.get("language")
    session.clear()
    if spoken in LANGUAGES:
        session["language"] = spoken


@blueprint.post("/sign-out")
@permission(PUBLIC)
def sign_out() -> BaseResponse:
    """End the session."""
    logout_user()
    _new_session()
    return redirect(url_for("accounts.sign_in"), 303)


# ---------------------------------------------------------------- preferences


@blueprint.post("/preferences")
@permission(PUBLIC)
def preferences() -> BaseResponse:
    """Language and theme: of the person when signed in, of the browser otherwise."""
    spoken = request.form.get("language")
    theme = request.form.get("theme")
    if spoken not in (None, *LANGUAGES) or theme not in (None, *THEMES):
        abort(400)
    if spoken:
        session["language"] = spoken
    if current_user.is_authenticated:
        services.set_preferences(actor(), language=spoken, theme=theme)
        db.session.commit()
    target = readable(local_path(request.form.get("next")) or "/")
    # Text and colours change everywhere, so htmx has to load the page anew as well.
    answer: BaseResponse = (
        Response(status=204, headers={"HX-Redirect": target}) if htmx else redirect(target, 303)
    )
    if theme:
        answer.set_cookie("theme", theme, max_age=365 * 86400, samesite="Lax", httponly=True)
    return answer


# ---------------------------------------------------------------- first run


@blueprint.get("/first-run")
@permission(PUBLIC)
def first_run() -> str:
    """Ask what a new installation needs; gone once there is an organisation."""
    if any_organisation():
        abort(404)
    return render_template("accounts/first_run.html", form=FirstRunForm(formdata=None))


@blueprint.post("/first-run")
@permission(PUBLIC)
def first_run_post() -> BaseResponse:
    """Make the organisation, its first site and its administrator, who is signed in at once."""
    if any_organisation():
        abort(404)
    form = FirstRunForm()
    if not form.validate_on_submit():
        return make_response(render_template("accounts/first_run.html", form=form), 422)
    try:
        person = services.set_up(_read_first_run(form), form.token.data)
    except InvalidInput as error:
        db.session.rollback()
        return _refuse(form, error, "accounts/first_run.html")
    db.session.commit()
    return _enter(f"{person.organisation_id}:{person.id}:{person.session_epoch}", None)


def _read_first_run(form: FirstRunForm) -> services.FirstRun:
    return services.FirstRun(
        organisation_zh=form.organisation_zh.data,
        organisation_en=form.organisation_en.data,
        single_person=form.single_person.data,
        site_code=form.site_code.data,
        site_zh=form.site_zh.data,
        site_en=form.site_en.data,
        csp_type=CspType(form.csp_type.data),
        name_zh=form.name_zh.data,
        name_en=form.name_en.data,
        email=form.email.data,
        password=form.password.data,
    )


def _refuse(
    form: FirstRunForm | OwnPasswordForm, error: InvalidInput, template: str, **context: object
) -> Response:
    """The form again, each message beside its field."""
    refuse(form, error)
    return make_response(render_template(template, form=form, **context), 422)


# ---------------------------------------------------------------- one's own account


@blueprint.get("/account")
@permission(SIGNED_IN)
def account() -> str:
    """Oneself: roles, password, sessions."""
    return render_template("accounts/account.html", form=OwnPasswordForm(formdata=None), **_own())


def _own() -> dict[str, object]:
    me = actor()
    grants = get_grants(me.organisation_id, [me.person_id]).get(me.person_id, ())
    return {"grants": grants, "role_title": role_title, "role_meaning": role_meaning, "Role": Role}


@blueprint.post("/account/password")
@permission(SIGNED_IN)
def change_password() -> BaseResponse:
    """A new password of one's own; other sessions lapse, this one goes on."""
    form = OwnPasswordForm()
    if not form.validate_on_submit():
        return make_response(render_template("accounts/account.html", form=form, **_own()), 422)
    me = actor()
    try:
        person = services.change_own_password(me, form.current.data, form.password.data)
    except WrongPassword as error:
        db.session.rollback()
        form.current.errors = [error.message]
        return make_response(render_template("accounts/account.html", form=form, **_own()), 422)
    except InvalidInput as error:
        db.session.rollback()
        return _refuse(form, error, "accounts/account.html", **_own())
    db.session.commit()
    _enter(f"{person.organisation_id}:{person.id}:{person.session_epoch}", None)
    return go(url_for("accounts.account"), _("Your password has been changed. Other devices are signed out."))


@blueprint.post("/account/sessions")
@permission(SIGNED_IN)
def sign_out_everywhere() -> BaseResponse:
    """Let every other session of one's own lapse."""
    person = services.sign_out_everywhere(actor())
    db.session.commit()
    _enter(f"{person.organisation_id}:{person.id}:{person.session_epoch}", None)
    return go(url_for("accounts.account"), _("Every other device is signed out."))
