"""E.3 as a table: what each grade pins, who decides on exceptions, and which path it takes."""

from dataclasses import replace

import pytest

from tests.workflows.cases import facts_for
from workflows.guards.nonconformities import NEW_GRADE_FITS, PINS_FIT_GRADE
from workflows.kinds import AuditMode, AuditPurpose, Grade, Question
from workflows.machine import Refused, fire
from workflows.registry import MACHINES

NONCONFORMITY = MACHINES["nonconformity"]


@pytest.mark.parametrize(
    ("grade", "copc", "see_cmm", "isolated", "fits"),
    [
        (Grade.MAJOR, 1, 0, False, True),
        (Grade.MAJOR, 0, 1, False, True),
        (Grade.MAJOR, 0, 0, False, False),
        (Grade.MAJOR, 0, 0, True, False),
        (Grade.MINOR, 1, 0, False, True),
        (Grade.MINOR, 0, 0, False, False),
        (Grade.MINOR, 0, 0, True, True),
        (Grade.OBSERVATION, 0, 0, False, True),
        (Grade.OBSERVATION, 1, 0, False, False),
        (Grade.OBSERVATION, 0, 1, False, False),
        (Grade.OFI, 0, 0, False, True),
        (Grade.OFI, 0, 2, False, True),
        (Grade.OFI, 1, 0, False, False),
    ],
)
def test_a_grade_decides_what_is_pinned(grade, copc, see_cmm, isolated, fits):
    facts = replace(
        facts_for("nonconformity", "raise"),
        grade=grade,
        copc_pins=copc,
        see_cmm_pins=see_cmm,
        isolated_lapse=isolated,
    )

    assert PINS_FIT_GRADE.holds(facts) is fits


@pytest.mark.parametrize(
    ("grade", "see_cmm", "short"),
    [
        (Grade.OBSERVATION, 0, True),
        (Grade.OFI, 0, True),
        (Grade.OFI, 1, False),
        (Grade.MINOR, 0, False),
        (Grade.MAJOR, 0, False),
    ],
)
def test_only_what_pins_nothing_closes_short(grade, see_cmm, short):
    facts = replace(facts_for("nonconformity", "close_short"), grade=grade, see_cmm_pins=see_cmm)

    if short:
        assert fire(NONCONFORMITY, "open", "close_short", facts) == "closed"
    else:
        with pytest.raises(Refused) as refusal:
            fire(NONCONFORMITY, "open", "close_short", facts)
        assert refusal.value.guards == ("short_path_fits",)


@pytest.mark.parametrize(
    ("new_grade", "unsettled", "repeat", "fits"),
    [
        (Grade.MINOR, None, False, True),
        (Grade.OBSERVATION, (), False, True),
        (Grade.OBSERVATION, ("1.2-2a",), False, False),
        (Grade.OBSERVATION, None, False, False),
        (Grade.OFI, (), False, True),
        (Grade.MINOR, None, True, False),
    ],
)
def test_a_regrade_lets_no_fact_go_unnoticed(new_grade, unsettled, repeat, fits):
    facts = replace(
        facts_for("nonconformity", "regrade"),
        new_grade=new_grade,
        pins_unsettled=unsettled,
        repeat_of_closed=repeat,
    )

    assert NEW_GRADE_FITS.holds(facts) is fits


@pytest.mark.parametrize(
    ("grade", "approved_by", "closes"),
    [(Grade.MINOR, None, True), (Grade.MAJOR, None, False), (Grade.MAJOR, 3, True), (None, None, False)],
)
def test_a_major_needs_a_second_signature(grade, approved_by, closes):
    facts = replace(facts_for("nonconformity", "close"), grade=grade, closure_approved_by=approved_by)

    if closes:
        assert fire(NONCONFORMITY, "verifying", "close", facts) == "closed"
    else:
        with pytest.raises(Refused) as refusal:
            fire(NONCONFORMITY, "verifying", "close", facts)
        assert refusal.value.guards == ("major_approved",)


def test_whoever_approved_the_closure_does_not_close():
    facts = replace(
        facts_for("nonconformity", "close"), closure_approved_by=facts_for("audit", "start").actor
    )

    with pytest.raises(Refused) as refusal:
        fire(NONCONFORMITY, "verifying", "close", facts)

    assert refusal.value.guards == ("closer_not_approver",)


@pytest.mark.parametrize(("days", "opens"), [(None, False), (0, True), (90, True), (91, False), (-1, False)])
def test_a_closing_judgement_is_corrected_within_ninety_days(days, opens):
    facts = replace(facts_for("nonconformity", "reopen"), days_since_closed=days)

    if opens:
        assert fire(NONCONFORMITY, "closed", "reopen", facts) == "correcting"
    else:
        with pytest.raises(Refused):
            fire(NONCONFORMITY, "closed", "reopen", facts)


@pytest.mark.parametrize(
    ("mode", "major", "reasoned", "fits"),
    [
        (AuditMode.ON_SITE, True, False, True),
        (AuditMode.DESK, True, False, False),
        (AuditMode.DESK, True, True, True),
        (AuditMode.DESK, False, False, True),
        (None, False, True, False),
    ],
)
def test_a_major_is_audited_on_site_unless_reasoned(mode, major, reasoned, fits):
    facts = replace(facts_for("audit", "conclude"), mode=mode, covers_major=major, desk_reason_given=reasoned)

    if fits:
        assert fire(MACHINES["audit"], "in_progress", "conclude", facts) == "concluded"
    else:
        with pytest.raises(Refused) as refusal:
            fire(MACHINES["audit"], "in_progress", "conclude", facts)
        assert refusal.value.guards == ("major_on_site",)


def test_an_audit_of_effectiveness_answers_both_questions():
    assert AuditPurpose.IMPLEMENTATION.questions == (Question.IMPLEMENTED,)
    assert AuditPurpose.EFFECTIVENESS.questions == (Question.IMPLEMENTED, Question.EFFECTIVE)


def test_containment_is_by_the_owner_or_accepted_and_corrects_or_says_why_not():
    facts = facts_for("nonconformity", "contain")

    by_owner = replace(facts, accepted=False, actor=facts.owner)
    no_need = replace(facts, correction_given=False, no_correction_reason=True)

    assert fire(NONCONFORMITY, "open", "contain", by_owner) == "contained"
    assert fire(NONCONFORMITY, "open", "contain", no_need) == "contained"
