"""Every number opens: one item or criterion of a stored run, down to its facts and what holds them."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from scoring import catalogue, explain, explain_rows, rescore
from scoring.certification import CONDITIONS_OF
from scoring.results import CopcResult
from scoring.see_cmm import SeeResult
from scoring.sheet import CopcSheet, Gap, SeeSheet
from scoring.text import Text
from tracker import clock
from tracker.actions.models import Action, ActionNonconformity
from tracker.database import db
from tracker.errors import NotFound
from tracker.i18n import language, pick
from tracker.metrics.models import Metric
from tracker.nonconformities.models import Nonconformity
from tracker.numbering import label
from tracker.offers import state_view
from tracker.organisations.models import Site, Unit
from tracker.permissions import Actor
from tracker.reviews.models import Fact, FactSet, FactSetKind
from tracker.scores import charts, itemfacts, releases, sheets
from tracker.scores.itemfacts import Known, Written
from tracker.scores.itemviews import ActionLink, DimensionRow, HeldCondition, ItemPage, OpenGap
from tracker.scores.models import ScoringRun, Standing
from tracker.scores.queries import list_site_choices
from tracker.scores.stored import Stored, read
from tracker.scores.viewmodels import SiteChoice

RULES = {
    ("approach", True): "C-13-APP",
    ("deployment", True): "C-13-DEP",
    ("approach", False): "C-4-APP",
    ("level", False): "C-LEVEL",
    ("trend", False): "C-TREND",
}


@dataclass(frozen=True)
class _Opened(Stored):
    """A stored run of a site; `newest` says whether it is the site's score now."""

    site: Site
    newest: bool


def get_item_page(
    actor: Actor, element: str, site_code: str | None, standard: str, tier: str | None, run: int | None = None
) -> ItemPage:
    """One item of a site's newest score, or of a stored run. Raises NotFound for what this person does not see."""
    choices, found = _open(actor, site_code, standard, run)
    if tier is not None and isinstance(found.sheet, CopcSheet) and tier != found.sheet.tier:
        found = found.in_tier(tier)
    elements = found.result.items if isinstance(found.result, CopcResult) else found.result.criteria
    if element not in elements:
        raise NotFound
    known = _known(found, element)
    return _page(choices, found, element, known)


def _open(
    actor: Actor, site_code: str | None, standard: str, number: int | None
) -> tuple[tuple[SiteChoice, ...], _Opened]:
    sites, choices, site = list_site_choices(actor, site_code)
    statement = sa.select(ScoringRun, Standing.run_id).outerjoin(
        Standing,
        (Standing.organisation_id == ScoringRun.organisation_id) & (Standing.run_id == ScoringRun.id),
    )
    if number is not None:
        statement = statement.where(ScoringRun.number == number)
    elif site is not None:
        statement = statement.where(Standing.site_id == site.id, Standing.standard == standard)
    row = db.session.execute(
        statement.where(ScoringRun.organisation_id == actor.organisation_id).limit(1)
    ).one_or_none()
    home = None if row is None else next((each for each in sites if each.id == row[0].site_id), None)
    if row is None or home is None:
        raise NotFound
    run: ScoringRun = row[0]
    facts = read(run, releases.content_of(run.organisation_id, run.release_id))
    return choices, _Opened(run, *facts, site=home, newest=row.run_id is not None)


# ---------------------------------------------------------------- what the rows add


def _known(found: _Opened, element: str) -> Known:
    """Names and notes: three statements for an item, one for a criterion, none of them growing with the register."""
    written = _written(found, element) if found.newest else {}
    if isinstance(found.result, SeeResult):
        return Known(written=written)
    of_site = (Unit.organisation_id == found.site.organisation_id, Unit.site_id == found.site.id)
    units = db.session.execute(sa.select(Unit.code, Unit.name_zh, Unit.name_en).where(*of_site))
    metrics = db.session.execute(
        sa.select(
            Metric.item, Metric.code, Metric.number, Metric.name_zh, Metric.name_en, Metric.measure
        ).where(Metric.organisation_id == found.site.organisation_id, Metric.site_id == found.site.id)
    )
    return Known(
        units={row.code: Text(zh=row.name_zh, en=row.name_en) for row in units},
        metrics={(row.item, row.code): row for row in metrics},
        written=written,
    )


def _written(found: _Opened, element: str) -> dict[tuple[str, str, str], Written]:
    rows = db.session.execute(
        sa.select(Fact.kind, Fact.subject, Fact.aspect, Fact.value, Fact.note, Fact.evidence, Fact.sampled)
        .join(FactSet, (FactSet.organisation_id == Fact.organisation_id) & (FactSet.id == Fact.fact_set_id))
        .where(
            Fact.organisation_id == found.site.organisation_id,
            FactSet.site_id == found.site.id,
            FactSet.kind == FactSetKind.CURRENT,
            FactSet.standard == found.run.standard,
            Fact.element == element,
        )
    )
    return {
        (row.kind.value, row.subject, row.aspect): Written(row.value, row.note, row.evidence, row.sampled)
        for row in rows
    }


# ---------------------------------------------------------------- the page


def _page(choices: tuple[SiteChoice, ...], found: _Opened, element: str, known: Known) -> ItemPage:
    result, lang = found.result, language()
    order = list(result.items if isinstance(result, CopcResult) else result.criteria)
    place = order.index(element)
    common: dict[str, Any] = {
        "sites": choices,
        "site_code": found.site.code,
        "site_name": pick(found.site.name_zh, found.site.name_en),
        "standard": found.run.standard,
        "element": element,
        "run": found.run.number,
        "run_label": label("run", found.run.number),
        "newest": found.newest,
        "as_of": found.run.as_of,
        "total": result.total,
        "total_maximum": result.max,
        "gaps": _gaps(found, element, known),
        "policy": tuple((key, str(value)) for key, value in result.policy.to_json().items()),
        "before": order[place - 1] if place else "",
        "after": order[place + 1] if place + 1 < len(order) else "",
    }
    if isinstance(result, CopcResult) and isinstance(found.sheet, CopcSheet):
        return _item_page(found.sheet, result, element, known, common)
    if isinstance(result, SeeResult) and isinstance(found.sheet, SeeSheet):
        criterion = result.criteria[element]
        said = explain_rows.explain(found.sheet, result, element)
        return ItemPage(
            **common,
            tier="standard",
            name=result.catalogue.criterion(element).name.of(lang),
            category=criterion.kind,
            percent=criterion.percent,
            points=criterion.points,
            maximum=criterion.max,
            level=criterion.level,
            why=tuple(text.of(lang) for text in said.why),
            change=tuple(text.of(lang) for text in said.change),
            marks=tuple(itemfacts.marks_of(found.sheet, result, element, known)),
        )
    raise NotFound


def _item_page(
    sheet: CopcSheet, result: CopcResult, element: str, known: Known, common: dict[str, Any]
) -> ItemPage:
    item, entry, lang = result.items[element], result.catalogue.item(element), language()
    said = explain.explain(sheet, result, element, known.names)
    return ItemPage(
        **common,
        tier=result.tier,
        name=entry.name.of(lang),
        category=f"{item.category}.0 {result.catalogue.category(item.category).name.of(lang)}",
        percent=item.percent,
        points=item.points,
        maximum=item.max,
        level=None,
        dimensions=tuple(_dimensions(result, element, known)),
        why=tuple(text.of(lang) for text in said.why),
        change=tuple(text.of(lang) for text in said.change),
        lines=tuple(itemfacts.lines_of(sheet, result, element, known)),
        units=tuple(itemfacts.units_of(sheet, result, element, known)),
        unit_kind=entry.unit_kind or "",
        metrics=tuple(itemfacts.metrics_of(sheet, result, element, known)),
        pooled=itemfacts.reads_all(result, element),
        conditions=tuple(_conditions(result, element)),
    )


def _dimensions(result: CopcResult, element: str, known: Known) -> Iterable[DimensionRow]:
    item, judgement, names = result.items[element], result.judgements[element], known.names
    practice = "deployment" in item.dimensions
    for name, score in item.dimensions.items():
        tally = judgement.tallies.get(name)
        yield DimensionRow(
            name=name,
            score=score,
            met=0 if tally is None else tally.met,
            count=0 if tally is None else tally.count,
            rule=RULES[name, practice],
            missing=()
            if tally is None
            else tuple(names[code].of(language()) if code in names else code for code in tally.missing),
            computed=item.computed.get(name, judgement.scores[name]),
            overruled=name in item.computed,
            by_note=judgement.scores[name] != score,
        )


def _conditions(result: CopcResult, element: str) -> Iterable[HeldCondition]:
    lost = result.items[element].percent != 100
    for condition in result.conditions:
        by_points = condition.has is not None and condition.needs is not None
        blocked = lost and condition.holds is False if by_points else element in condition.items
        yield HeldCondition(
            id=condition.id,
            title=condition.label.of(language()),
            status={True: "holds", False: "fails", None: "unknown"}[condition.holds],
            blocked_here=blocked,
            detail=f"{charts.shown(condition.has, condition.needs)} / {charts.shown(condition.needs)}"
            if condition.has is not None and condition.needs is not None
            else "",
            strict=condition.id in CONDITIONS_OF["strict"],
            lenient=condition.id in CONDITIONS_OF["lenient"],
        )


# ---------------------------------------------------------------- what is open


def _gaps(found: _Opened, element: str, known: Known) -> tuple[OpenGap, ...]:
    """The open non-conformities that hold facts of the item, with their actions: two statements."""
    wide = isinstance(found.result, CopcResult) and itemfacts.reads_all(found.result, element)
    mine = [gap for gap in found.sheet.gaps if _touches(gap, element, wide)]
    numbers = {int(gap.id.rpartition("-")[2]): gap for gap in mine}
    if not numbers:
        return ()
    rows = {
        row.number: row
        for row in db.session.execute(
            sa.select(
                Nonconformity.id,
                Nonconformity.number,
                Nonconformity.title,
                Nonconformity.state,
                Nonconformity.effort,
                Nonconformity.due_on,
            ).where(
                Nonconformity.organisation_id == found.site.organisation_id, Nonconformity.number.in_(numbers)
            )
        )
    }
    actions = _actions(found.site.organisation_id, [row.id for row in rows.values()])
    return tuple(
        _gap(found, gap, rows.get(number), actions, known) for number, gap in sorted(numbers.items())
    )


def _touches(gap: Gap, element: str, wide: bool) -> bool:
    """Whether a gap holds a fact of the element; item 4.7 reads every metric."""
    return any(each.item == element or (wide and each.kind == "metric") for each in gap.releases)


def _gap(
    found: _Opened, gap: Gap, row: Any, actions: dict[int, tuple[ActionLink, ...]], known: Known
) -> OpenGap:
    after = rescore.score(rescore.close(found.sheet, frozenset({gap.id})), since=found.result)
    return OpenGap(
        number=int(gap.id.rpartition("-")[2]),
        label=gap.id,
        title="" if row is None else row.title,
        state=None if row is None else state_view("nonconformity", row.state),
        holds=tuple(itemfacts.fact_words(each, known, found.result) for each in gap.releases),
        alone=after.total - found.result.total,
        effort=gap.effort if row is None else row.effort,
        due_on=None if row is None else row.due_on,
        days_left=(row.due_on - clock.today()).days if row is not None and row.due_on else None,
        actions=() if row is None else actions.get(row.id, ()),
    )


def _actions(organisation_id: int, records: list[int]) -> dict[int, tuple[ActionLink, ...]]:
    rows = db.session.execute(
        sa.select(ActionNonconformity.nonconformity_id, Action.number, Action.title, Action.state)
        .join(
            Action,
            (Action.organisation_id == ActionNonconformity.organisation_id)
            & (Action.id == ActionNonconformity.action_id),
        )
        .where(
            ActionNonconformity.organisation_id == organisation_id,
            ActionNonconformity.nonconformity_id.in_(records),
        )
        .order_by(Action.number)
    )
    found: dict[int, list[ActionLink]] = defaultdict(list)
    for row in rows:
        link = ActionLink(row.number, label("action", row.number), row.title, state_view("action", row.state))
        found[row.nonconformity_id].append(link)
    return {record: tuple(links) for record, links in found.items()}


def standard_of(element: str, asked: str | None) -> str:
    """The standard that an address means: the one it names, else the one that has the element."""
    of_rows = catalogue.load(releases.FIRST[sheets.SEE_CMM]).has_criterion(element)
    return asked or (sheets.SEE_CMM if of_rows else sheets.COPC)
