"""The shortest path to certification: which to close, in what order, what each step moves, and what blocks."""

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from scoring import path, rescore
from scoring.certification import CONDITION_LABELS
from scoring.path import Plan
from scoring.rescore import Result
from scoring.results import CopcResult
from scoring.see_cmm import SeeResult
from tracker.i18n import gettext as _
from tracker.i18n import language
from tracker.permissions import Actor
from tracker.scores.charts import shown
from tracker.scores.ground import Ground, Now, read_ground
from tracker.scores.totals import mark_of
from tracker.scores.viewmodels import SiteChoice
from tracker.scores.whatif import verdict_of


@dataclass(frozen=True)
class PathStep:
    """One closure of the plan: what it moves when those before it are closed, and where that leaves the total."""

    number: int
    label: str
    title: str
    needs: tuple[str, ...]
    moved: tuple[tuple[str, Fraction], ...]
    change: Fraction
    alone: Fraction
    total: Fraction
    verdict: str
    turns: bool
    effort: Fraction
    effort_so_far: Fraction
    ready_on: date | None


@dataclass(frozen=True)
class Bundle:
    """Closures of a plan that pay more together on one element than each alone: `alone` is the sum of those."""

    element: str
    name: str
    numbers: tuple[tuple[int, str], ...]
    alone: Fraction
    together: Fraction


@dataclass(frozen=True)
class Shortfall:
    """An item or row that keeps a condition from holding, and what it lacks in words."""

    element: str
    name: str
    detail: str


@dataclass(frozen=True)
class Block:
    """A condition that no closing of gaps reaches."""

    id: str
    title: str
    detail: str
    short: tuple[Shortfall, ...] = ()


@dataclass(frozen=True)
class Found:
    """The answer: a plan, or the best that closing everything brings and what is missing even then."""

    feasible: bool
    goal: str
    steps: tuple[PathStep, ...]
    effort: Fraction
    ready_on: date | None
    before: Fraction
    after: Fraction
    verdict: str
    passes: bool
    alone: Fraction
    blocks: tuple[Block, ...]
    close: tuple[str, ...]
    bundles: tuple[Bundle, ...] = ()

    @property
    def gain(self) -> Fraction:
        return self.after - self.before


@dataclass(frozen=True)
class PathPage:
    """What was asked and what was found; `found` is None where nothing could be asked."""

    sites: tuple[SiteChoice, ...]
    site_code: str
    site_name: str
    standard: str
    scored: bool
    mark: Fraction
    maximum: Fraction
    wish: str
    target_level: int
    gaps: int
    found: Found | None = None
    solver_missing: bool = False


def read_path_ground(actor: Actor, site_code: str | None) -> Ground:
    """The ground of the page with the days and needs of every plan. Raises NotFound."""
    return read_ground(actor, site_code, plans=True)


def page_of(ground: Ground, standard: str) -> PathPage:
    """The page before anything is asked: the site, and what its certification would ask for."""
    now = ground.now.get(standard)
    target = ground.site.target_level if ground.site else 3
    if now is None:
        return PathPage(
            ground.sites,
            ground.site_code,
            ground.site_name,
            standard,
            False,
            *(Fraction(0),) * 2,
            "",
            target,
            0,
        )
    return PathPage(
        sites=ground.sites,
        site_code=ground.site_code,
        site_name=ground.site_name,
        standard=standard,
        scored=True,
        mark=mark_of(now.result),
        maximum=now.result.max,
        wish=path.goal_of(now.sheet, None).kind,
        target_level=target,
        gaps=len(now.sheet.gaps),
    )


def find(ground: Ground, standard: str, goal: str, by: str) -> Found:
    """The plan of least effort, or of the earliest day. Raises SolverMissing where the solver is not installed."""
    now = ground.now[standard]
    plan = path.find(now.sheet, goal, by)
    steps = tuple(_steps(ground, now, plan))
    closed = frozenset(plan.close) if plan.feasible else frozenset(gap.id for gap in now.sheet.gaps)
    return Found(
        feasible=plan.feasible,
        goal=goal,
        steps=steps,
        effort=plan.effort,
        ready_on=plan.ready_on,
        before=now.result.total,
        after=plan.result.total,
        verdict=verdict_of(plan.result),
        passes=isinstance(plan.result, CopcResult)
        and plan.result.verdict.passes(plan.result.policy.cert_policy),
        alone=sum((step.alone for step in steps), Fraction(0)),
        blocks=tuple(_block(text, plan.result) for text in plan.blocking),
        close=tuple(sorted(closed)),
        bundles=tuple(_bundles(now, plan.close)) if plan.feasible else (),
    )


def _bundles(now: Now, close: Collection[str]) -> Iterator[Bundle]:
    """Elements on which closures of the plan bring more together than the sum of what each brings there alone."""
    touching: dict[str, list[str]] = defaultdict(list)
    for gap in now.sheet.gaps:
        if gap.id in close:
            for element in dict.fromkeys(release.item for release in gap.releases):
                touching[element].append(gap.id)
    points = now.result.points_of()
    for element, names in sorted(touching.items()):
        if len(names) < 2 or element not in points:
            continue
        single = [_scored(now, frozenset({name})).points_of()[element] - points[element] for name in names]
        together = _scored(now, frozenset(names)).points_of()[element] - points[element]
        alone = sum(single, Fraction(0))
        if together > alone:
            numbers = tuple((int(name.rpartition("-")[2]), name) for name in names)
            yield Bundle(element, element_name(now.result, element), numbers, alone, together)


def element_name(result: Result, element: str) -> str:
    """The name of an item or criterion."""
    known = result.catalogue
    found = known.item(element) if isinstance(result, CopcResult) else known.criterion(element)
    return found.name.of(language())


def _steps(ground: Ground, now: Now, plan: Plan) -> Iterator[PathStep]:
    """Each closure in the order of the plan, scored with those before it closed."""
    before, spent, done = now.result, Fraction(0), frozenset[str]()
    gaps = {gap.id: gap for gap in now.sheet.gaps}
    for name in plan.order:
        done |= {name}
        after = _scored(now, done)
        spent += gaps[name].effort
        record = ground.records.get(name)
        yield PathStep(
            number=int(name.rpartition("-")[2]),
            label=name,
            title=record.title if record else "",
            needs=gaps[name].needs,
            moved=tuple(rescore.moved(before, after).items()),
            change=after.total - before.total,
            alone=_scored(now, frozenset({name})).total - now.result.total,
            total=after.total,
            verdict=verdict_of(after),
            turns=verdict_of(after) != verdict_of(before),
            effort=gaps[name].effort,
            effort_so_far=spent,
            ready_on=plan.days.get(name),
        )
        before = after


def _scored(now: Now, closed: frozenset[str]) -> Result:
    return rescore.score(rescore.close(now.sheet, closed), since=now.result)


# ---------------------------------------------------------------- what blocks, in words


def _block(text: str, best: Result) -> Block:
    """A blocking condition in words; its public form is `condition: what is short`."""
    kind, _colon, rest = text.partition(": ")
    if kind in ("total", "points"):
        has, _less, needs = rest.partition(" < ")
        return _points_block(kind, Fraction(has), Fraction(needs))
    names = rest.split(", ")
    if kind == "level":
        return Block(kind, _("Rows below the level"), "", tuple(_row_short(name, best) for name in names))
    if kind == "blank":
        short = tuple(_blank_short(name, best) for name in names)
        return Block(kind, _("Not assessed yet"), _("Without them there is no verdict."), short)
    title = CONDITION_LABELS[kind].of(language())
    return Block(kind, title, "", tuple(_item_short(name, best, kind) for name in names))


def _points_block(kind: str, has: Fraction, needs: Fraction) -> Block:
    title = CONDITION_LABELS["total"].of(language()) if kind == "total" else _("The points asked for")
    detail = _(
        "%(has)s of %(needs)s points with everything closed: %(short)s are missing.",
        has=shown(has, needs),
        needs=shown(needs),
        short=shown(needs - has),
    )
    return Block(kind, title, detail)


def _dimension_name(name: str) -> str:
    return {
        "approach": _("Approach"),
        "deployment": _("Deployment"),
        "level": _("Level (of results)"),
        "trend": _("Trend"),
    }[name]


def _item_short(name: str, best: Result, condition: str) -> Shortfall:
    title = best.catalogue.item(name).name.of(language())
    if not isinstance(best, CopcResult):
        return Shortfall(name, title, "")
    # Where only the approach is asked for, only that is what is short.
    asked = ("approach",) if condition != "category_4_full" else tuple(best.items[name].dimensions)
    dimensions = best.items[name].dimensions
    parts = [
        f"{_dimension_name(each)} {dimensions[each]} / 100"
        for each in asked
        if dimensions[each] is not None and dimensions[each] != 100
    ]
    return Shortfall(name, title, ("、" if language() == "zh" else ", ").join(parts))


def _row_short(text: str, best: Result) -> Shortfall:
    """`S1.feedback 1 < 3`: a row, the level it reaches and the level that is asked for."""
    place, _space, levels = text.partition(" ")
    has, _less, needs = levels.partition(" < ")
    return Shortfall(
        *_row_name(place, best), _("level %(has)s, asked for is %(needs)s", has=has, needs=needs)
    )


def _blank_short(name: str, best: Result) -> Shortfall:
    if isinstance(best, SeeResult):
        return Shortfall(*_row_name(name, best), "")
    return Shortfall(name, best.catalogue.item(name).name.of(language()), "")


def _row_name(place: str, best: Result) -> tuple[str, str]:
    """Criterion, and its name with that of the row, of `S1.feedback`."""
    criterion_id, _dot, row_id = place.partition(".")
    criterion, lang = best.catalogue.criterion(criterion_id), language()
    row = next(each.name.of(lang) for each in criterion.rows if each.id == row_id)
    return criterion_id, f"{criterion.name.of(lang)} · {row}"
