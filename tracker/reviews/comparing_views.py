"""The page that puts two reviews of a site side by side."""

from flask import Response, request

from tracker.access import allow, permission
from tracker.errors import NotFound
from tracker.fragments import render
from tracker.reviews import comparing
from tracker.reviews.blueprint import blueprint
from tracker.reviews.comparing import Choice, Comparison, ElementChange
from tracker.scores.sheets import COPC, SEE_CMM


@blueprint.get("/compare")
@permission("review:view")
def compare() -> Response:
    """Two reviews item by item: points, dimensions, facts, and what was found in between."""
    actor = allow("review:view")
    choices = comparing.list_choices(actor, (_number("first"), _number("second")))
    first, second = _pair(choices)
    sites = {choice.site_id for choice in choices if choice.number in (first, second)}
    found: Comparison | None = None
    if first and second and first != second and len(sites) == 1:
        found = comparing.compare(actor.organisation_id, first, second)
    standard = request.args.get("standard", "")
    only = request.args.get("only", "changed")
    return render(
        "reviews/compare.html",
        "reviews/_compare.html",
        choices=choices,
        first=first,
        second=second,
        found=found,
        elements=_shown(found, standard, only),
        standard=standard,
        only=only,
    )


def _pair(choices: tuple[Choice, ...]) -> tuple[int | None, int | None]:
    """The two reviews asked for; where one is missing, its neighbour at the same site; the newest two without any."""
    known = {choice.number: choice for choice in choices}
    first, second = _number("first"), _number("second")
    if any(number is not None and number not in known for number in (first, second)):
        raise NotFound
    if first is None and second is None and choices:
        second = choices[0].number
    if first is not None and second is None:
        later = [each.number for each in _beside(choices, known[first]) if each.number > first]
        second = later[-1] if later else None
    if second is not None and first is None:
        earlier = [each.number for each in _beside(choices, known[second]) if each.number < second]
        first = earlier[0] if earlier else None
    return first, second


def _beside(choices: tuple[Choice, ...], chosen: Choice) -> list[Choice]:
    """The reviews of the same site, newest first."""
    return [each for each in choices if each.site_id == chosen.site_id]


def _number(name: str) -> int | None:
    text = request.args.get(name, "")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise NotFound
    return int(text)


def _shown(found: Comparison | None, standard: str, only: str) -> list[ElementChange]:
    if found is None:
        return []
    rows = list(found.elements)
    if standard in (COPC, SEE_CMM):
        rows = [row for row in rows if row.standard == standard]
    if only == "changed":
        rows = [row for row in rows if row.changed]
    elif only == "worse":
        rows = [row for row in rows if row.moved is not None and row.moved < 0]
    elif only == "better":
        rows = [row for row in rows if row.moved is not None and row.moved > 0]
    return rows
