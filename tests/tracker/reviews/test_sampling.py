"""The sampled audit that a review rests on, and its checklist."""

from datetime import timedelta

import pytest
from flask import Flask
from flask_sqlalchemy import SQLAlchemy

from tests import factories
from tests.conftest import make_client
from tests.pages import Pages
from tests.tracker.reviews import ground as grounds
from tests.tracker.reviews.ground import TODAY, Ground
from tracker import clock
from tracker.accounts.models import Role
from tracker.database import add
from tracker.errors import Conflict, InvalidInput, NotFound, RefusedMove
from tracker.numbering import next_number
from tracker.processes.models import Process, ProcessKind
from tracker.reviews import sampling
from tracker.reviews.models import Review
from tracker.reviews.sampling import SampleView
from workflows.reviews import ReviewState


@pytest.fixture
def at(db: SQLAlchemy):
    with clock.at(TODAY):
        yield grounds.lay()


def process(at: Ground, kind: ProcessKind = ProcessKind.KCRP) -> Process:
    return add(
        Process(
            organisation_id=at.organisation.id,
            number=next_number(at.organisation.id, "process"),
            site_id=at.site.id,
            kind=kind,
            name_zh="接听来电",
            name_en="Call handling",
            owner_id=at.owner.id,
        )
    )


def begun(at: Ground, review: Review, **fields) -> SampleView:
    given = {"process_id": None, "process_name": "Call handling", "sampled_on": TODAY, "sample": "36 calls"}
    sampling.begin(at.actor(at.lead), review, **given | fields)
    return sampling.list_samples(review)[-1]


def answered(at: Ground, review: Review, sample: SampleView, value: str = "yes") -> None:
    answers = {check.id: (value, "Seen in the sample") for check in sample.checks}
    sampling.answer(at.actor(at.lead), review, sample.id, answers, "It is in control.", None)


def judged(at: Ground) -> Review:
    review = grounds.started(at, "2.7")
    grounds.judge_all(at, review)
    return review


def test_the_checklist_is_drawn_from_the_lines_of_2_2(at: Ground) -> None:
    sample = begun(at, grounds.started(at, "2.7"))

    assert [check.line for check in sample.checks if check.line] == ["2.2-1", "2.2-2a", "2.2-2b", "2.2-3"]
    assert len(sample.checks) == 5
    assert sample.open == 5


def test_the_report_rests_on_a_finished_checklist_only(at: Ground) -> None:
    review = judged(at)
    sample = begun(at, review)
    with pytest.raises(RefusedMove) as refused:
        grounds.report(at, review)
    assert any("sample audit is missing" in reason for reason in refused.value.reasons)

    answered(at, review, sample)
    grounds.report(at, review)

    assert review.state == ReviewState.REPORTED
    with pytest.raises(Conflict):
        answered(at, review, sample)
    with pytest.raises(Conflict):
        begun(at, review)


def test_answers_without_a_conclusion_are_not_finished(at: Ground) -> None:
    review = judged(at)
    sample = begun(at, review)
    answers = {check.id: ("yes", "") for check in sample.checks}

    sampling.answer(at.actor(at.lead), review, sample.id, answers, " ", None)

    assert not sampling.list_samples(review)[0].complete
    with pytest.raises(RefusedMove):
        grounds.report(at, review)


def test_a_process_of_the_register_is_named_as_it_is_there(at: Ground) -> None:
    found = process(at)
    sample = begun(at, grounds.started(at, "2.7"), process_id=found.id, process_name="")

    assert (sample.process, sample.process_number) == ("Call handling", found.number)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"process_name": " "}, "process_name"),
        ({"process_id": 1}, "process_id"),
        ({"sample": ""}, "sample"),
        ({"sampled_on": TODAY + timedelta(days=1)}, "sampled_on"),
    ],
)
def test_what_cannot_be_is_refused(at: Ground, fields, field) -> None:
    with pytest.raises(InvalidInput) as refused:
        begun(at, grounds.started(at, "2.7"), **fields)

    assert set(refused.value.fields) == {field}


def test_support_processes_other_sites_and_own_processes_are_not_sampled(at: Ground) -> None:
    review = grounds.started(at, "2.7")
    other = grounds.lay()
    own = process(at)
    own.owner_id = at.lead.id
    for key in (process(at, ProcessKind.KSP).id, process(other).id, own.id):
        with pytest.raises(InvalidInput):
            begun(at, review, process_id=key)


def test_a_no_says_what_was_seen_and_others_do_not_answer(at: Ground) -> None:
    review = grounds.started(at, "2.7")
    sample = begun(at, review)
    first = sample.checks[0].id
    lead = at.actor(at.lead)
    with pytest.raises(InvalidInput):
        sampling.answer(lead, review, sample.id, {first: ("no", " ")}, "", None)
    with pytest.raises(InvalidInput):
        sampling.answer(lead, review, sample.id, {first: ("perhaps", "")}, "", None)
    with pytest.raises(NotFound):
        sampling.answer(lead, review, sample.id, {1: ("yes", "")}, "", None)
    stranger = at.actor(factories.person(at.organisation, Role.AUDITOR))
    with pytest.raises(Conflict):
        sampling.answer(stranger, review, sample.id, {first: ("yes", "")}, "", None)
    sampling.answer(lead, review, sample.id, {first: ("no", "No procedure")}, "", sample.version)
    with pytest.raises(NotFound):
        sampling.answer(lead, grounds.started(at, "2.6"), sample.id, {}, "", None)


def test_it_goes_its_way_in_the_browser(at: Ground, app: Flask) -> None:
    review = judged(at)
    process(at)
    pages = Pages(make_client(app)).sign_in(at.lead)
    place = "/reviews/1/samples"
    typed = {
        "process_id": "",
        "process_name": "Call handling",
        "sampled_on": "2026-06-19",
        "sample": "36 calls",
    }
    assert pages.post(place, typed | {"sample": ""}, 422).errors()
    pages.post(place, typed | {"process_id": "x" * 40}, 422)
    pages.post(place, typed)
    sample = sampling.list_samples(review)[0]
    answers = {
        "check": [str(check.id) for check in sample.checks],
        "answer": ["no" for _check in sample.checks],
        "note": ["" for _check in sample.checks],
        "conclusion": "Typed already",
        "version": str(sample.version),
    }
    page = pages.post(f"{place}/{sample.id}", answers, 422)
    assert "Write beside each No" in page.words
    assert "Typed already" in page.words
    pages.post(f"{place}/{sample.id}", answers | {"answer": ["yes" for _check in sample.checks]})
    pages.post(f"{place}/{sample.id}", answers | {"answer": ["yes" for _check in sample.checks]}, 409)
    pages.post(f"{place}/{sample.id}", {"check": ["1"], "version": "1"}, 404)

    assert "complete" in pages.get(place).words
    assert "Sampled audit: Call handling" in pages.get("/reviews/1").words
    reader = Pages(make_client(app)).sign_in(factories.person(at.organisation, Role.VIEWER))
    assert "36 calls" in reader.get(place).words
    reader.post(place, typed, 403)
    Pages(make_client(app)).sign_in(grounds.lay().lead).get(place, 404)
