"""The words of the history of a non-conformity."""

from tracker import timeline
from tracker.i18n import lazy_gettext
from tracker.nonconformities.naming import key_words, keys_words
from workflows.repeats import SimilarAnswer

timeline.TITLES.update(
    {
        "facts_settled": lazy_gettext("Reasons given for the facts"),
        "fact_judged": lazy_gettext("Fact judged again by an assessor"),
        "facts_judged_again": lazy_gettext("Judgement taken over into the facts"),
        "facts_let_go": lazy_gettext("Facts let go"),
        "merged_into": lazy_gettext("Merged into another record"),
        "merged_from": lazy_gettext("Took over from a duplicate"),
        "split_from": lazy_gettext("Split off from another record"),
        "split_off": lazy_gettext("Split"),
        "similar_asked": lazy_gettext("Looked for elsewhere"),
        "similar_answered": lazy_gettext("Answer from elsewhere"),
        "similar_found": lazy_gettext("Found by looking elsewhere"),
    }
)
timeline.FIELD_LABELS.update(
    {
        "title": lazy_gettext("Title"),
        "grade": lazy_gettext("Grade"),
        "source": lazy_gettext("Source"),
        "statement": lazy_gettext("What was found"),
        "evidence": lazy_gettext("Objective evidence"),
        "effort": lazy_gettext("Effort"),
        "owner_id": lazy_gettext("Owner"),
        "due_on": lazy_gettext("Due"),
        "pins": lazy_gettext("Facts it holds"),
        "elements": lazy_gettext("Touches"),
        "unpinned_reason": lazy_gettext("Why it is an isolated lapse"),
        "repeat_of_id": lazy_gettext("Repeat of"),
        "duplicate_of": lazy_gettext("Duplicate of"),
        "record": lazy_gettext("Record"),
        "places": lazy_gettext("Places"),
        "similar_answer": lazy_gettext("Answer"),
    }
)
timeline.VALUE_WORDS["similar_answer"] = SimilarAnswer
timeline.VALUE_VIEWS["pins"] = keys_words
timeline.KEY_WORDS.append(key_words)
