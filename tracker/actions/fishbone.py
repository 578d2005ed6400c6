"""The fishbone of an action: the address of the form that chooses its ribs."""

from werkzeug.wrappers import Response as BaseResponse

from tracker.access import actor as present_actor
from tracker.access import allow, permission
from tracker.actions import causes, forms
from tracker.actions.blueprint import blueprint
from tracker.actions.queries import get_action, subject_of
from tracker.actions.steps import Place, write
from tracker.i18n import gettext as _


@blueprint.post("/<record:number>/ribs")
@permission("action:work")
def set_ribs(number: int) -> BaseResponse:
    """Choose the ribs of the fishbone."""
    action = get_action(present_actor(), number)
    actor = allow("action:work", subject_of(action))
    form = forms.RibsForm(prefix="ribs-")

    def change() -> None:
        own = (form.own.data or "").splitlines()
        causes.set_ribs(actor, action, form.ribs.data or [], own, form.version.data)

    return write(actor, action, Place("fishbone", "ribs"), form, change, _("The ribs have been saved."))
