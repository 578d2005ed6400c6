"""What the templates of non-conformities are given: contexts put together from queries and forms."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from flask import url_for
from markupsafe import Markup

from tracker import fragments
from tracker.accounts.queries import get_names, list_people
from tracker.accounts.viewmodels import PersonView
from tracker.attempts import problem_of
from tracker.database import db
from tracker.errors import DomainError, InvalidInput, NotFound
from tracker.i18n import gettext as _
from tracker.i18n import language, pick
from tracker.nonconformities import alerts, cases, proposals, queries, reading, register, wording
from tracker.nonconformities.advice import Advice, Typed, advise
from tracker.nonconformities.choices import list_choices
from tracker.nonconformities.drafts import Draft, decode_pin, encode_pin
from tracker.nonconformities.facts import subject_of
from tracker.nonconformities.forms import (
    FORMS,
    DraftForm,
    ExtendForm,
    FoundForm,
    LookForm,
    SplitForm,
    read_record_number,
)
from tracker.nonconformities.models import Nonconformity
from tracker.nonconformities.register import Filter, list_places
from tracker.nonconformities.services import prefill
from tracker.nonconformities.viewmodels import NonconformityView, RegisterPage
from tracker.numbering import label
from tracker.organisations.models import Site
from tracker.organisations.queries import find_site, list_sites
from tracker.permissions import Actor, Subject, can
from tracker.reviews.facts import parse_key
from tracker.reviews.models import Review
from tracker.scores.releases import Known, first, in_use, of_site
from workflows.kinds import Grade, Source
from workflows.nonconformities import NONCONFORMITY, NonconformityState
from workflows.svg import svg

# ---------------------------------------------------------------- the register


def register_context(actor: Actor, wanted: Filter, found: RegisterPage, *, whole: bool) -> dict[str, Any]:
    """The register; the choices of the filter only for the whole page."""
    lang = language()
    asks = whole or wanted.element or (wanted.site and not found.rows)
    sites, known = list_places(actor) if asks else ([], first())
    people = list_people(actor.organisation_id) if whole else []
    context: dict[str, Any] = {
        "wanted": wanted,
        "page": found,
        "lang_columns": columns(lang),
        "base": url_for(".index"),
        "chips": _chips(actor, wanted, _site_names(sites, found), known),
        "previous": fragments.here(before=found.previous, after=None) if found.previous else None,
        "next": fragments.here(after=found.next, before=None) if found.next else None,
        "summary": _summary(found),
    }
    if whole:
        context |= {
            "sites": [(code, pick(zh, en)) for code, zh, en in sites],
            "people": _people_choices(people, lang),
            "elements": wording.element_choices(lang, known),
            "grades": _grades(lang),
            "sources": _sources(lang),
            "states": _states(lang),
        }
    return context


def _people_choices(people: list[PersonView], lang: str) -> list[tuple[str, str]]:
    """By id and name; the language is asked for once, not five hundred times."""
    if lang == "zh":
        return [(str(person.id), person.name_zh or person.name_en) for person in people]
    return [(str(person.id), person.name_en or person.name_zh) for person in people]


def _site_names(sites: list[tuple[str, str, str]], found: RegisterPage) -> dict[str, str]:
    """Code → name of the sites, those that the rows name at no further cost."""
    named = {code: pick(zh, en) for code, zh, en in sites}
    return named | {row.site: row.site_name for row in found.rows}


@lru_cache(maxsize=4)
def _grades(lang: str) -> list[tuple[str, str]]:
    return [(grade.value, grade.of(lang)) for grade in Grade]


@lru_cache(maxsize=4)
def _sources(lang: str) -> list[tuple[str, str]]:
    return [(source.value, source.of(lang)) for source in Source]


@lru_cache(maxsize=4)
def _states(lang: str) -> list[tuple[str, str]]:
    unsettled = "未了结" if lang == "zh" else "not settled"
    return [(register.UNSETTLED, unsettled), *((state.value, state.of(lang)) for state in NonconformityState)]


def columns(lang: str) -> list[tuple[str, str, str]]:
    """(label, key to sort by, class) of each column."""
    return [
        (_("Number"), "number", ""),
        (_("Title"), "", ""),
        (_("Item / criterion"), "", ""),
        (_("Site"), "", ""),
        (_("Grade"), "grade", ""),
        (_("State"), "state", ""),
        (_("Owner"), "", ""),
        (_("Due"), "due", ""),
        (_("Points"), "points", "num"),
    ]


def _summary(found: RegisterPage) -> str:
    if found.count is None:
        return _("More than %(count)s records", count=f"{found.limit:,}")
    if found.count == 1:
        return _("1 record")
    return _("%(count)s records", count=found.count)


def _chips(
    actor: Actor, wanted: Filter, sites: Mapping[str, str], known: Known
) -> list[tuple[str, str, str]]:
    """The active filters: label, value, and the address without it."""
    return [
        (label, value, fragments.here(**{name: None, "after": None, "before": None}))
        for name, label, value in _active(actor, wanted, sites, known)
    ]


def _active(
    actor: Actor, wanted: Filter, sites: Mapping[str, str], known: Known
) -> Iterator[tuple[str, str, str]]:
    lang = language()
    element = f"{wanted.element} {wording.element_name(wanted.element, lang, known)}"
    names_one = known.standard_of(wanted.element) is not None
    said = (
        ("q", _("Search"), wanted.q),
        ("site", _("Site"), sites.get(wanted.site, wanted.site)),
        ("element", _("Item / criterion"), element if names_one else wanted.element),
        ("grade", _("Grade"), Grade(wanted.grade).of(lang) if wanted.grade else ""),
        ("source", _("Source"), Source(wanted.source).of(lang) if wanted.source else ""),
        ("state", _("State"), dict(_states(lang)).get(wanted.state, "")),
        ("owner", _("Owner"), "" if wanted.owner is None else _owner_name(actor, wanted.owner)),
        ("review", _("Review"), "" if wanted.review is None else label("review", wanted.review)),
        ("overdue", _("Due"), _("Overdue") if wanted.overdue else ""),
        ("mine", _("Owner"), _("me") if wanted.mine else ""),
    )
    return (each for each in said if each[2])


def _owner_name(actor: Actor, person_id: int) -> str:
    person = get_names(actor.organisation_id, [person_id]).get(person_id)
    return pick(person.name_zh, person.name_en) if person else str(person_id)


# ---------------------------------------------------------------- the record


def record_context(
    dossier: reading.Dossier,
    actor: Actor,
    *,
    event: str = "",
    error: DomainError | None = None,
    form: Any = None,
) -> dict[str, Any]:
    """The record's page; after a refusal with the dialog of that move open and what was typed in it."""
    view = queries.get_view(dossier, actor)
    lang = language()
    forms = {move.event: FORMS[move.event](formdata=None) for move in view.moves if move.event in FORMS}
    if form is not None and event in forms:
        forms[event] = form
    split = form if event == "split" and form is not None else SplitForm(formdata=None)
    extend = form if event == "extend" and form is not None else ExtendForm(formdata=None)
    return {
        "record": view,
        "drawing": _drawing(view.state.id, lang),
        "meaning": view.state.meaning,
        "forms_of": forms,
        "extend": extend,
        "split": split,
        "open": event,
        "problem": "" if error is None else problem_of(error),
        "answered": error.status if error is not None else 200,
        "lost": form.reason.data if event and not _is_open(view, event) and hasattr(form, "reason") else "",
        "typed": {"reason": form.reason.data or ""} if form is not None and hasattr(form, "reason") else {},
        "addresses": {
            move.event: url_for(".move", number=view.number, event=move.event) for move in view.moves
        },
        "effects": _effects(view),
        "signer": actor.name(lang),
    }


def similar_context(
    actor: Actor,
    record: Nonconformity,
    look: LookForm | None = None,
    answered: tuple[int, FoundForm] | None = None,
) -> dict[str, Any]:
    """The places where the same was looked for, with a form for each that waits and one to ask elsewhere."""
    lines = cases.list_cases(record.organisation_id, [record.id])
    asked = {f"{line.site_id}-{line.unit_id}" if line.unit_id else str(line.site_id) for line in lines}
    look = look or LookForm(formdata=None)
    look.places.choices = [each for each in cases.list_places(actor, record) if each[0] not in asked]
    forms = {}
    for line in lines:
        if line.open and can(actor, "nonconformity:look", Subject(site_id=line.site_id)):
            kept = answered[1] if answered is not None and answered[0] == line.id else None
            forms[line.id] = kept or FoundForm(
                formdata=None, prefix=f"case-{line.id}-", data={"version": line.version}
            )
    raised = record.state not in (NonconformityState.DRAFT, NonconformityState.VOID)
    return {
        "record": record,
        "label": label("nonconformity", record.number),
        "cases": lines,
        "forms_of": forms,
        "look": look,
        "may_look": raised and can(actor, "nonconformity:look", subject_of(record)),
    }


def _is_open(view: NonconformityView, event: str) -> bool:
    """Whether the page still has the dialog of a move, with what was typed in it."""
    return event in ("extend", "split", "similar") or any(
        move.event == event and move.allowed for move in view.moves
    )


@lru_cache(maxsize=64)
def _drawing(state: str, lang: str) -> Markup:
    return Markup(svg(NONCONFORMITY, lang, current=state, compact=True))  # noqa: S704  made by us, from data


def _effects(view: NonconformityView) -> dict[str, list[tuple[str, str]]]:
    """What the signing dialogs list: the facts that are released, and the points that moves."""
    facts = queries.list_labels(view.pins_held)
    return {"close": facts, "approve_closure": facts}


def done(event: str) -> str:
    """What is said after a move."""
    title = NONCONFORMITY.event_title(event)
    return _("Done: %(move)s.", move=title.of(language()) if title else event)


# ---------------------------------------------------------------- the form


@dataclass(frozen=True)
class Start:
    """Where a new record begins: its site, the elements whose facts are shown, and what is prefilled."""

    site: Site | None
    elements: tuple[str, ...] = ()
    review_id: int | None = None
    review_number: int | None = None
    draft: Draft | None = None
    known: Known = field(default_factory=first)


def read_start(actor: Actor, args: Any) -> Start:
    """Where the address says that a new record begins. Raises NotFound, InvalidInput."""
    found = _read_place(actor, args)
    known = (
        in_use(actor.organisation_id) if found.site is None else of_site(actor.organisation_id, found.site.id)
    )
    asked = (element for element in args.getlist("element") if known.standard_of(element))
    return replace(found, elements=tuple(dict.fromkeys((*found.elements, *asked))), known=known)


def _read_place(actor: Actor, args: Any) -> Start:
    """The review, metric, process or site that a new record is about."""
    number = args.get("review", "").strip()
    if number:
        return _from_review(actor, number, args.getlist("key"))
    for name, proposed in (("metric", alerts.of_metric), ("process", alerts.of_process)):
        given = args.get(name, "").strip()
        if given:
            site, own, draft = proposed(actor, _read_number(given))
            return Start(site, tuple(own), draft=draft)
    code = args.get("site", "").strip()
    if code:
        return Start(find_site(actor, code))
    sites = list_sites(actor)
    return Start(find_site(actor, sites[0].code) if len(sites) == 1 else None)


def _read_number(text: str) -> int:
    """A record's number in an address. Raises NotFound."""
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise NotFound
    return int(text)


def _from_review(actor: Actor, number: str, keys: list[str]) -> Start:
    from tracker.reviews.queries import gaps_of, get_review

    review: Review = get_review(actor.organisation_id, _read_number(number))
    sites = actor.sites()
    if sites is not None and review.site_id not in sites:
        raise NotFound
    site = db.session.get_one(Site, (actor.organisation_id, review.site_id))
    gaps = [gap for gap in gaps_of(review) if gap.key in keys]
    if keys and not gaps:
        raise InvalidInput({"key": [_("This is no gap of the review any more.")]})
    elements = tuple(dict.fromkeys(gap.element for gap in gaps))
    draft = prefill(review, gaps) if gaps else None
    return Start(site, elements, review.id, review.number, draft)


def defaults(start: Start) -> dict[str, Any]:
    """The values a new form starts with."""
    draft = start.draft
    if draft is None:
        return {
            "source": (Source.REVIEW if start.review_id else Source.MONITORING).value,
            "grade": Grade.MINOR.value,
        }
    return _values(draft)


def _values(draft: Draft) -> dict[str, Any]:
    return {
        "title": draft.title,
        "grade": draft.grade.value,
        "source": draft.source.value,
        "owner": str(draft.owner_id) if draft.owner_id else "",
        "statement": draft.statement,
        "evidence": draft.evidence,
        "effort": draft.effort,
        "unpinned_reason": draft.unpinned_reason,
        "pins": [encode_pin(pin.standard, pin.key, pin.level) for pin in draft.pins],
        "also": [element for _standard, element in draft.links],
    }


def defaults_of(dossier: reading.Dossier) -> dict[str, Any]:
    """The values of a record that is there."""
    record = dossier.record
    pinned = {pin.element for pin in dossier.pins}
    touched = [part.split(" ", 1)[1] for part in (dossier.names.links or "").split("|") if part]
    return {
        "version": record.version,
        "title": record.title,
        "grade": record.grade.value,
        "source": record.source.value,
        "owner": str(record.owner_id) if record.owner_id else "",
        "statement": record.statement,
        "evidence": record.evidence,
        "effort": record.effort,
        "unpinned_reason": record.unpinned_reason,
        "repeat_of": f"NC-{dossier.names.repeated:04d}" if dossier.names.repeated else "",
        "pins": [encode_pin(pin.standard, pin.key, pin.level) for pin in dossier.pins],
        "also": [element for element in touched if element not in pinned],
    }


def typed_so_far(form: DraftForm, site_id: int, review_id: int | None, but: int | None = None) -> Typed:
    """What the form says now, for advice on it."""
    try:
        repeats = read_record_number(form.repeat_of.data or "") is not None
    except ValueError:
        repeats = False
    return Typed(
        site_id=site_id,
        title=(form.title.data or "")[:200],
        grade=form.grade.data or "",
        pins=form.typed_pins(),
        also=tuple(each for each in form.also.data or [] if form.known.standard_of(each)),
        cause=(form.cause.data or "")[:40],
        repeats=repeats,
        asked=frozenset(form.asked.data or []),
        review_id=review_id,
        but=but,
    )


def use_help(form: DraftForm, pressed: Mapping[str, str]) -> bool:
    """Take over what a button of the advice says: a repeat with its grade, or a grade; whether one was pressed."""
    number = pressed.get("use_repeat", "")
    grade = pressed.get("use_grade", "")
    if number.isascii() and number.isdigit() and len(number) < 10:
        form.repeat_of.data = label("nonconformity", int(number))
        form.grade.data = Grade.MAJOR.value
        return True
    if grade in set(Grade):
        form.grade.data = grade
        return True
    return False


def address_of(start: Start) -> dict[str, Any]:
    """What an address says about where a new record begins."""
    if start.review_number is not None:
        return {"review": start.review_number}
    return {"site": start.site.code} if start.site is not None else {}


def draft_context(actor: Actor, form: DraftForm, start: Start) -> dict[str, Any]:
    """The form of a new record."""
    query = address_of(start)
    form.offer(list_people(actor.organisation_id, start.site.id) if start.site else [], start.known)
    groups = _groups(start.site, start.elements, form, start.review_id)
    return {
        "form": form,
        "start": start,
        "proposals": _proposals(groups, form.known),
        "sites": [(site.code, pick(site.name_zh, site.name_en)) for site in list_sites(actor)],
        "elements": wording.element_choices(language(), start.known),
        "groups": groups,
        "action": url_for(".create", **query),
        "advice": _advice(actor, form, start.site, start.review_id),
        "ask": url_for(".advice", **query),
        "raised": False,
        "record": None,
        "conflict": None,
    }


def _advice(
    actor: Actor, form: DraftForm, site: Site | None, review_id: int | None, but: int | None = None
) -> Advice | None:
    return None if site is None else advise(actor, typed_so_far(form, site.id, review_id, but))


def edit_context(
    actor: Actor, form: DraftForm, dossier: reading.Dossier, *, conflict: bool = False
) -> dict[str, Any]:
    """The form of a record that is there; after a conflict with what stands in it now beside what was typed."""
    record = dossier.record
    site = db.session.get_one(Site, (record.organisation_id, record.site_id))
    form.offer(
        list_people(actor.organisation_id, record.site_id), of_site(record.organisation_id, record.site_id)
    )
    elements = {pin.element for pin in dossier.pins} or {record.element}
    raised = record.state != NonconformityState.DRAFT
    if conflict:
        form.version.raw_data, form.version.data = None, record.version
    groups = [] if raised else _groups(site, elements, form, record.review_id)
    return {
        "form": form,
        "start": Start(site, tuple(sorted(elements))),
        "proposals": _proposals(groups, form.known),
        "record": record,
        "label": f"NC-{record.number:04d}",
        "groups": groups,
        "action": url_for(".save", number=record.number),
        "advice": None if raised else _advice(actor, form, site, record.review_id, record.id),
        "ask": url_for(".advice", site=site.code, but=record.number),
        "raised": raised,
        "conflict": _differences(form, defaults_of(dossier)) if conflict else None,
    }


def _groups(
    site: Site | None, elements: Any, form: DraftForm, review_id: int | None
) -> list[tuple[str, list[Any]]]:
    if site is None:
        return []
    ticked = [value for value in form.pins.data or [] if _is_pin(value)]
    choices = list_choices(site, elements, ticked, form.known, review_id)
    return [(group, list(found)) for group, found in groupby(choices, key=lambda choice: choice.group)]


def _proposals(groups: list[tuple[str, list[Any]]], known: Known) -> tuple[proposals.ProposalView, ...]:
    """The rows that the ticked facts speak to; where none is ticked, those that are unmet."""
    choices = [choice for _group, found in groups for choice in found]
    ticked = [choice.value for choice in choices if choice.ticked]
    return proposals.propose(
        [decode_pin(value) for value in ticked or [choice.value for choice in choices if choice.unmet]], known
    )


def _is_pin(value: str) -> bool:
    try:
        parse_key(value.split("|")[1])
    except (ValueError, IndexError):
        return False
    return value.count("|") == 2


def _differences(form: DraftForm, now: dict[str, Any]) -> list[tuple[str, str]]:
    """Field and present text of what differs from what was typed."""
    texts = ("title", "statement", "evidence", "unpinned_reason")
    return [(str(form[name].label.text), now[name]) for name in texts if (form[name].data or "") != now[name]]


def fix_what_stays(form: DraftForm, dossier: reading.Dossier) -> None:
    """After the raising grade, source and pins are not the form's to change, whatever was sent."""
    if dossier.record.state != NonconformityState.DRAFT:
        now = defaults_of(dossier)
        for name in ("grade", "source", "pins", "unpinned_reason", "repeat_of"):
            form[name].data = now[name]


def find_repeated(actor: Actor, form: DraftForm) -> int | None:
    """The record that was named as repeated. Raises InvalidInput where there is none."""
    try:
        number = read_record_number(form.repeat_of.data or "")
    except ValueError:
        raise InvalidInput({"repeat_of": [_("This is not the number of a record.")]}) from None
    if number is None:
        return None
    found = db.session.execute(
        sa.select(Nonconformity.id).where(
            Nonconformity.organisation_id == actor.organisation_id, Nonconformity.number == number
        )
    ).scalar_one_or_none()
    if found is None:
        raise InvalidInput({"repeat_of": [_("There is no such record at this site.")]})
    return int(found)
