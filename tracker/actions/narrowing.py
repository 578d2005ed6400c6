"""What the address of a page of actions narrows it to: the same words for the register, timeline and board."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import request

from tracker.accounts.forms import strip
from tracker.accounts.queries import list_people
from tracker.actions import register
from tracker.i18n import gettext as _
from tracker.i18n import language, pick
from tracker.organisations.queries import list_sites
from tracker.permissions import Actor
from workflows.actions import ActionState


@dataclass(frozen=True)
class Narrowed:
    """The filters of the address, and the choices its form offers."""

    wanted: register.Filters
    sites: list[Any]
    people: list[tuple[int, str]]
    states: list[tuple[str, str]]
    mine: bool

    @property
    def site_code(self) -> str:
        """The code of the site chosen; empty for all."""
        return next((site.code for site in self.sites if site.id == self.wanted.site_id), "")

    def context(self) -> dict[str, Any]:
        """What the templates of the filters read."""
        return {
            "wanted": self.wanted,
            "sites": self.sites,
            "site_choices": [(site.code, pick(site.name_zh, site.name_en)) for site in self.sites],
            "site_code": self.site_code,
            "people": self.people,
            "states": self.states,
            "mine": self.mine,
        }


def read_address(actor: Actor, state: str = "", sort: str = "-number") -> Narrowed:
    """Read the filters of the address in two statements; `state` and `sort` stand in where it names none."""
    sites = list_sites(actor)
    people = [(view.id, pick(view.name_zh, view.name_en)) for view in list_people(actor.organisation_id)]
    by_code = {site.code: site.id for site in sites}
    wanted = _filters(actor, by_code, {str(key): key for key, _name in people}, state, sort)
    states = [("live", _("All that are not finished"))]
    states += [(each.value, each.of(language())) for each in ActionState]
    return Narrowed(wanted, list(sites), people, states, wanted.owner_id == actor.person_id)


def _filters(
    actor: Actor, sites: Mapping[str, int], people: Mapping[str, int], state: str, sort: str
) -> register.Filters:
    """The filters of the address; what cannot be read narrows nothing."""
    args = request.args
    given = args.get("state", state)
    owner = args.get("owner", "")
    order = args.get("sort", sort)
    return register.Filters(
        site_id=sites.get(args.get("site", "")),
        state=given if given == "live" or given in set(ActionState) else "",
        owner_id=actor.person_id if owner == "me" else people.get(owner),
        overdue=args.get("overdue") == "1",
        q=strip(args.get("q"))[:120],
        sort=order if order in register.SORTS else sort,
    )


def keys() -> tuple[str, str]:
    """The keys of the page before and after, as they stand in the address."""
    return strip(request.args.get("after"))[:40], strip(request.args.get("before"))[:40]
