"""The inbox: what the person signed in has been told."""

from flask import Blueprint, current_app, redirect, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response as BaseResponse

from tracker import fragments
from tracker.access import SIGNED_IN, actor, permission
from tracker.accounts.models import MailWish
from tracker.config import Settings
from tracker.database import db
from tracker.errors import NotFound
from tracker.fragments import go
from tracker.i18n import gettext as _
from tracker.notifications import queries, services, trail
from tracker.notifications.forms import MailForm, ReadForm, read_key

__all__ = ["blueprint", "trail"]  # the words of the history register when they are imported

blueprint = Blueprint("notifications", __name__, url_prefix="/notifications")


@blueprint.get("/")
@permission(SIGNED_IN)
def index() -> BaseResponse:
    """What I have been told, the newest first."""
    unread = request.args.get("unread") == "1"
    page = queries.get_inbox(actor(), unread=unread, before=read_key(request.args.get("before", "")))
    settings: Settings = current_app.config["SETTINGS"]
    form = MailForm(formdata=None, data={"mail": page.mail.value})
    return fragments.render(
        "notifications/index.html",
        "notifications/_inbox.html",
        page=page,
        unread=unread,
        unread_count=current_user.unread,
        form=form,
        has_mail=bool(settings.mail_host),
    )


@blueprint.post("/read")
@permission(SIGNED_IN)
def read() -> BaseResponse:
    """Mark a message as read, or all of them."""
    form = ReadForm()
    if form.validate_on_submit():
        services.mark_read(actor(), form.ids)
        db.session.commit()
    return go(url_for(".index", unread="1" if request.args.get("unread") == "1" else None))


@blueprint.post("/open/<key:message_id>")
@permission(SIGNED_IN)
def follow(message_id: int) -> BaseResponse:
    """Mark a message as read and go to what it is about."""
    path = queries.find_path(actor(), message_id)
    if path is None:
        raise NotFound
    services.mark_read(actor(), [message_id])
    db.session.commit()
    return redirect(path, 303)


@blueprint.post("/mail")
@permission(SIGNED_IN)
def mail() -> BaseResponse:
    """Choose what comes by mail."""
    form = MailForm()
    if not form.validate_on_submit():
        return go(url_for(".index"), _("Choose one of the three."), "danger")
    services.choose_mail(actor(), MailWish(form.mail.data))
    db.session.commit()
    return go(url_for(".index"), _("Saved."))
