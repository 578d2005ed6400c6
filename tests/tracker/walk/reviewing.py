"""People at a second review of the site: one item is judged, reported, taken back, reported again, accepted, closed."""

from tests.tracker.nonconformities import ground
from tests.tracker.walk.company import Company, Dice
from tracker.nonconformities.models import Nonconformity
from tracker.reviews.models import Fact, FactSet, FactSetKind, Review
from workflows.nonconformities import NonconformityState
from workflows.reviews import ReviewState

ITEM = "2.7"
OPEN_ENDED = (ReviewState.PLANNED, ReviewState.IN_PROGRESS, ReviewState.REPORTED)


class Reviewing:
    """Reviews beyond the one that the company began with."""

    def __init__(self, company: Company, dice: Dice) -> None:
        self.company, self.dice = company, dice
        self.move, self.press, self.fresh = company.move, company.press, company.fresh

    def reviews(self) -> list[Review]:
        """Those that were planned in this walk, oldest first."""
        return self.company.rows(Review, Review.number > 1)

    def go_on(self) -> None:
        """The next step of the newest review; a new one where none is under way."""
        found = self.reviews()
        if not found or found[-1].state not in OPEN_ENDED:
            if len(found) < 3:
                self._plan()
            return
        {
            ReviewState.PLANNED: self._start,
            ReviewState.IN_PROGRESS: self._judge,
            ReviewState.REPORTED: self._settle,
        }[found[-1].state](found[-1])

    def _plan(self) -> None:
        fields = {
            "title": "Half-year review",
            "site_id": self.company.site_id,
            "copc": "y",
            "tier": "standard",
            "whole": "no",
            "scope": [ITEM],
            "period_start": "2026-01-01",
            "period_end": self.company.day.isoformat(),
            "lead_auditor_id": self.company.at.lead.id,
        }
        self.press("manager", "/reviews/new", fields)

    def _start(self, review: Review) -> None:
        event = self.dice.weighed((9, "start"), (1, "cancel"))
        self.move("lead", "reviews", review, event)

    def _judge(self, review: Review) -> None:
        """Judge what is not judged yet, have the gaps carried, and sign."""
        if self.dice.often(5):
            self.move("lead", "reviews", review, "cancel")
            return
        keys = self._unjudged(review)
        if keys:
            gaps = [key for key in keys if key.endswith(ground.LINES[0]) and self.dice.often(60)]
            self._same(review, [key for key in keys if key not in gaps], "met")
            if gaps:
                self._same(review, gaps, "not_met")
        self._carry(review)
        details = {"version": self.fresh(review).version, "sampled_kcrp": "Call handling, 3 June, by Li"}
        self.press("lead", f"/reviews/{review.number}/details", details)
        closed = self.company.rows(Nonconformity, Nonconformity.state == NonconformityState.CLOSED)
        if closed:
            numbers = [each.number for each in closed]
            self.press("lead", f"/reviews/{review.number}/closures", {"number": numbers})
        self.move("lead", "reviews", self.fresh(review), "report")
        self._perhaps_undo("lead", review)

    def _perhaps_undo(self, who: str, review: Review) -> None:
        """A slip of the hand, where it can be taken back."""
        if self.company.can_undo("reviews") and self.dice.often(12):
            self.company.undo(who, "reviews", review)

    def _unjudged(self, review: Review) -> list[str]:
        sets = self.company.rows(FactSet, FactSet.review_id == review.id, FactSet.kind == FactSetKind.REVIEW)
        where = Fact.fact_set_id.in_([each.id for each in sets])
        return [fact.key for fact in self.company.rows(Fact, where) if not fact.value]

    def _same(self, review: Review, keys: list[str], value: str) -> None:
        fields = {"key": keys, "value": value, "note": "Seen", "evidence": "E-1"}
        self.press("lead", f"/reviews/{review.number}/items/{ITEM}/same", fields)

    def _carry(self, review: Review) -> None:
        """A record for each item with gaps, with everything that it takes to open it."""
        self.press("auditor", f"/reviews/{review.number}/gaps", {"element": ITEM})
        drafts = self.company.rows(
            Nonconformity,
            Nonconformity.review_id == review.id,
            Nonconformity.state == NonconformityState.DRAFT,
        )
        for record in drafts:
            fields = {
                "version": record.version,
                "title": record.title,
                "grade": self.dice.weighed((4, "minor"), (1, "major")),
                "source": "review",
                "owner": self.company.at.process_owner.id,
                "evidence": "E-1",
                "effort": "2",
                "pins": [f"copc-2000-csp|{ground.LINE}|"],
            }
            self.press("auditor", f"/nonconformities/{record.number}/edit", fields)

    def _settle(self, review: Review) -> None:
        """Take it back, accept it, or close it."""
        event = self.dice.weighed((3, "accept"), (2, "withdraw"), (3, "close"))
        who = "manager" if event == "accept" else "lead"
        self.move(who, "reviews", review, event)
        self._perhaps_undo(who, review)
