"""The page of causes across the register."""

from typing import Any

from flask import Blueprint, Response, request, url_for

from tracker import fragments
from tracker.access import allow, permission
from tracker.causes import queries
from tracker.causes.queries import PERIODS, Filter
from tracker.causes.viewmodels import Category
from tracker.charts import ParetoWords, pareto_chart
from tracker.i18n import gettext as _
from tracker.i18n import language, pick
from tracker.nonconformities import wording
from tracker.organisations.queries import list_sites
from tracker.scores.releases import Known, in_use
from workflows.kinds import CauseKind

blueprint = Blueprint("causes", __name__, url_prefix="/causes")


@blueprint.get("/")
@permission("cause:view")
def index() -> Response:
    """Which categories of causes come back, which causes they are, and where the same one is shared."""
    actor = allow("cause:view")
    known = in_use(actor.organisation_id)
    wanted = queries.read_filter(request.args, known)
    categories = queries.count_categories(actor, wanted)
    sites = [(site.code, pick(site.name_zh, site.name_en)) for site in list_sites(actor)]
    return fragments.render(
        "causes/index.html",
        "causes/_causes.html",
        wanted=wanted,
        categories=categories,
        chart=_chart(categories),
        rows=_numbers(categories),
        told=_told(categories),
        causes=queries.list_causes(actor, wanted),
        limit=queries.LISTED,
        shared=queries.list_shared(actor, wanted, known),
        chips=_chips(wanted, dict(sites), known),
        sites=sites,
        items=wording.element_choices(language(), known),
        periods=_periods(),
        kinds=[*((kind.value, kind.of(language())) for kind in CauseKind), ("all", _("All kinds"))],
        base=url_for(".index"),
    )


def _periods() -> list[tuple[str, str]]:
    return [(key, _("last %(days)s days", days=days)) for key, days in PERIODS.items()]


def _chart(categories: tuple[Category, ...]) -> Any:
    words = ParetoWords(_("Causes"), _("Cumulative share"), _("four fifths"))
    return pareto_chart([(each.title, each.count, each.vital) for each in categories], words)


def _numbers(categories: tuple[Category, ...]) -> list[tuple[str, ...]]:
    return [(each.title, str(each.count), each.share, each.cumulative) for each in categories]


def _told(categories: tuple[Category, ...]) -> str:
    """The chart in one sentence."""
    total = sum(each.count for each in categories)
    vital = [each.title for each in categories if each.vital]
    return _(
        "%(vital)s of %(all)s categories hold at least four fifths of the %(total)s causes: %(names)s.",
        vital=len(vital),
        all=len(categories),
        total=total,
        names=("、" if language() == "zh" else ", ").join(vital),
    )


def _chips(wanted: Filter, sites: dict[str, str], known: Known) -> list[tuple[str, str, str]]:
    lang = language()
    said = (
        ("site", _("Site"), sites.get(wanted.site, wanted.site)),
        ("item", _("Item / criterion"), f"{wanted.item} {wording.element_name(wanted.item, lang, known)}"),
        ("period", _("Period"), dict(_periods()).get(wanted.period, "")),
        ("category", _("Category"), queries.category_title(wanted.category)),
        ("verified", _("Verified"), _("Yes")),
    )
    return [
        (title, value, fragments.here(**{name: None})) for name, title, value in said if getattr(wanted, name)
    ]
