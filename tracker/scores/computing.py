"""From the facts in the database to a score: reads only, nothing is stored here."""

from dataclasses import dataclass
from datetime import date

from scoring import rescore
from scoring.hold import hold
from scoring.rescore import Result
from scoring.results import CopcResult
from scoring.sheet import Sheet, parse
from tracker.database import db
from tracker.reviews.models import FactSet, Review
from tracker.scores import releases, sheets
from tracker.signatures import content_hash

# What a site starts with; `releases` knows what it has moved to since.
RELEASES = releases.FIRST


@dataclass(frozen=True)
class Computed:
    """Rows, the sheet they make with open non-conformities holding their facts, and what it is worth."""

    material: sheets.Material
    sheet: Sheet
    result: Result


def compute(fact_set: FactSet, tier: str, as_of: date) -> Computed:
    """Score a fact set as it stands on `as_of`: the site's current facts, or a review's running copy."""
    return compute_material(sheets.gather(fact_set, as_of), tier, as_of)


def compute_material(material: sheets.Material, tier: str, as_of: date) -> Computed:
    """Score rows that are at hand, by the release that they come with."""
    known = releases.standard_of(material.release)
    sheet = hold(parse(sheets.build(material, tier, as_of), known))
    return Computed(material, sheet, rescore.score(sheet))


def tier_of(fact_set: FactSet) -> str:
    """The tier that the site is scored in: that of the review its facts come from."""
    if fact_set.standard != sheets.COPC:
        return "standard"
    review = db.session.get_one(Review, (fact_set.organisation_id, fact_set.review_id))
    return str(review.tier.value)


def result_level(result: Result) -> int | None:
    """The overall level of a standard of criteria; None for a standard of items."""
    return None if isinstance(result, CopcResult) else result.overall_level


def result_verdict(result: Result) -> str:
    """The verdict on certification of a standard of items; empty for a standard of criteria."""
    return result.verdict.value if isinstance(result, CopcResult) else ""


def run_hash(release_hash: str, sheet_text: str, result_text: str) -> str:
    """The content hash of a run: over the release it was made with, its facts and its result."""
    return content_hash([release_hash, sheet_text, result_text])
