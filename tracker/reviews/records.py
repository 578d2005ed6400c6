"""A review as history, signatures and messages point to it."""

from tracker.history import Record
from tracker.reviews.models import Review


def record_of(review: Review) -> Record:
    """The review as history and signatures point to it."""
    return Record(review.organisation_id, "review", review.id, review.number)
