"""Walks a non-conformity through the loop with the services that the pages use; nothing is written around them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from tracker import clock
from tracker.actions import services as actions
from tracker.actions.models import Action
from tracker.actions.queries import load_case
from tracker.audits import services as audits
from tracker.audits.models import Audit
from tracker.audits.queries import list_checks
from tracker.database import db
from tracker.demo.cast import PASSWORD, Cast
from tracker.moves import Signing
from tracker.nonconformities import life
from tracker.nonconformities.models import Nonconformity
from tracker.permissions import Actor
from workflows.kinds import AuditMode, AuditPurpose, CauseKind, Grade, VerificationMethod

# How far a story is told; each stage includes the ones before it.
STAGES = (
    "open",
    "accepted",
    "contained",
    "defining",
    "analysing",
    "planning",
    "plan_review",
    "implementing",
    "follow_up",
    "monitoring",
    "answered",
    "closed",
)


@dataclass(frozen=True)
class Story:
    """One problem-solving case: what was wrong, why, what was done, and how it is known to have worked."""

    title: str
    what: str
    where: str
    extent: str
    whys: tuple[str, ...]
    proof: str
    solution: str
    tasks: tuple[str, ...]
    criterion: str
    correction: str
    consequence: str = ""
    rib: str = "procedures"
    method: VerificationMethod = VerificationMethod.MEASUREMENT
    documents: str = "作业指导书已更新 Procedure updated"
    read_across: str = "已在其他方案查找，无同类情况 Looked for in the other programmes: no similar case"
    effect: str = "观察期数据达到准则 The data of the window meet the criterion"
    kept: str = "写入月度检查与新员工培训 Part of the monthly check and of new-hire training"
    effort: Fraction = field(default_factory=lambda: Fraction(3))


@dataclass(frozen=True)
class Hands:
    """Who does what in a story, by the keys of the cast; nobody verifies own work."""

    owner: str
    actor: str
    approver: str = "gao"
    auditor: str = "zhou"
    verifier: str = "han"


@contextmanager
def on(day: date) -> Iterator[None]:
    """A working day of the story: the clock stands there, and what is done is committed at its end."""
    with clock.at(day):
        yield
        db.session.commit()


def signing(**content: str) -> Signing:
    """A signature of the demo's people."""
    return Signing(PASSWORD, dict(content))


@dataclass(order=True)
class Moment:
    """Something that happens on a day; days come first, and within a day the order of writing."""

    day: date
    place: int
    happen: Callable[[], object] = field(compare=False)


class Diary:
    """All that happens at a site, told in the order of time whatever the order it was written down in."""

    def __init__(self) -> None:
        self._moments: list[Moment] = []

    def write(self, day: date, happen: Callable[[], object]) -> None:
        """Note something for a day."""
        self._moments.append(Moment(day, len(self._moments), happen))

    def tell(self) -> None:
        """Let everything happen, each under its own day and in a transaction of its own."""
        for moment in sorted(self._moments):
            with on(moment.day):
                moment.happen()


@dataclass
class Telling:
    """A story being told about one non-conformity, from the day it was opened."""

    cast: Cast
    record: Nonconformity
    story: Story
    hands: Hands
    opened_on: date
    window_days: int = 60
    action: Action | None = None
    audit: Audit | None = None

    def day(self, after: int) -> date:
        return self.opened_on + timedelta(days=after)

    def write(self, diary: Diary, stage: str, wait: int = 0) -> None:
        """Note the story up to a stage; `wait` puts its end off by so many days."""
        effect = 30 + self.window_days + 8 + wait
        chapters: tuple[tuple[str, int, Callable[[], object]], ...] = (
            ("accepted", 1, lambda: self._move(self.hands.owner, "accept")),
            ("contained", 2, self._contain),
            ("defining", 4, self._begin),
            ("analysing", 6, self._define),
            ("planning", 10, self._analyse),
            ("plan_review", 14, self._plan),
            ("implementing", 16, self._approve),
            ("follow_up", 30, self._implement),
            ("monitoring", 35, lambda: self._schedule(AuditPurpose.IMPLEMENTATION, self.day(38))),
            ("monitoring", 38, lambda: self._conduct(None)),
            ("answered", effect - 4, self._judge_effect),
            ("answered", effect - 3, lambda: self._schedule(AuditPurpose.EFFECTIVENESS, self.day(effect))),
            ("answered", effect, lambda: self._conduct(True)),
            ("closed", effect + 2, self._approve_closure),
            ("closed", effect + 3, self._close_action),
            ("closed", effect + 4, self._close),
        )
        last = STAGES.index(stage)
        for name, after, happen in chapters:
            if STAGES.index(name) <= last:
                diary.write(self.day(after), happen)

    def wait_for(self, first: "Telling") -> None:
        """Let the action of this story wait for that of another."""
        actions.add_dependency(self._actor(self.hands.actor), self.case, first.case)

    @property
    def case(self) -> Action:
        """The action of the story."""
        if self.action is None:
            raise LookupError("the story has no action yet")
        return self.action

    def _actor(self, key: str) -> Actor:
        return self.cast.actors[key]

    def _move(self, key: str, event: str, **more: Any) -> None:
        life.make_move(self._actor(key), self.record, event, **more)

    def _contain(self) -> None:
        self._move(
            self.hands.owner, "contain", correction=self.story.correction, consequence=self.story.consequence
        )

    def _begin(self) -> None:
        self.action = actions.create_action(
            self._actor(self.hands.owner),
            title=self.story.title,
            owner_id=self.cast.id(self.hands.actor),
            nonconformity_ids=[self.record.id],
        )

    def _work(self, event: str) -> None:
        actions.make_move(self._actor(self.hands.actor), self.case, event)

    def _edit(self, **fields: object) -> None:
        actions.edit_step(self._actor(self.hands.actor), self.case, fields)

    def _define(self) -> None:
        self._edit(
            problem_what=self.story.what,
            problem_where=self.story.where,
            problem_since=self.day(-40),
            problem_extent=self.story.extent,
        )
        self._work("define")

    def _analyse(self) -> None:
        """The whys one under another; the last is the root cause, shown to be one."""
        actor, cause = self._actor(self.hands.actor), None
        for text in self.story.whys:
            root = text == self.story.whys[-1]
            cause = actions.add_cause(
                actor,
                self.case,
                text,
                parent_id=None if cause is None else cause.id,
                kind=CauseKind.ROOT if root else CauseKind.CONTRIBUTING,
                evidence=self.story.proof if root else "",
                rib=self.story.rib if root else "process",
                no_task_reason="" if root else "随根本原因一并消除 Removed with its root",
            )
        if cause is not None:
            actions.verify_cause(actor, self.case, cause, self.story.method, self.story.proof)
        self._edit(analysis=self.story.proof)
        self._work("analyse")

    def _plan(self) -> None:
        root = next(cause for cause in load_case(self.case).causes if cause.kind == CauseKind.ROOT)
        for number, title in enumerate(self.story.tasks):
            actions.add_task(
                self._actor(self.hands.actor),
                self.case,
                title=title,
                owner_id=self.cast.id(self.hands.actor),
                due_on=self.day(24 + 4 * number),
                effort=1,
                cause_id=root.id,
            )
        self._edit(
            solution=self.story.solution,
            criterion=self.story.criterion,
            window_days=self.window_days,
            effort=self.story.effort,
        )
        self._work("submit_plan")

    def _approve(self) -> None:
        actions.make_move(
            self._actor(self.hands.approver),
            self.case,
            "approve_plan",
            signing=signing(plan=self.story.solution),
        )

    def _implement(self) -> None:
        for task in load_case(self.case).tasks:
            evidence = f"完成记录已归档 Record filed: {task.title}"
            actions.finish_task(self._actor(self.hands.actor), self.case, task, evidence)
        self._edit(
            documents_updated=True, documents_note=self.story.documents, read_across=self.story.read_across
        )
        self._work("implement")

    def _schedule(self, purpose: AuditPurpose, day: date) -> None:
        self.audit = audits.schedule(
            self._actor("chen"),
            nonconformity_ids=[self.record.id],
            purpose=purpose,
            mode=AuditMode.ON_SITE if self.record.grade == Grade.MAJOR else AuditMode.DESK,
            planned_on=day,
            auditor_id=self.cast.id(self.hands.auditor),
        )

    def _conduct(self, effective: bool | None) -> None:
        auditor, audit = self._actor(self.hands.auditor), self.audit
        if audit is None:
            raise LookupError("the story has no audit yet")
        audits.make_move(auditor, audit, "start")
        for check in list_checks(audit):
            audits.answer_check(auditor, audit, check, "yes", "现场查看记录 Records seen")
        sample = "5 个班组各抽 6 笔 Six cases from each of five teams"
        audits.set_sample(auditor, audit, sample=sample, summary=self.story.effect)
        audits.set_verdict(
            auditor,
            audit,
            self.record.id,
            implemented=True,
            effective=effective,
            note=self.story.effect if effective is not None else "",
            evidence="抽样记录与系统截图 Sample records and screenshots",
        )
        audits.make_move(auditor, audit, "conclude", signing=signing(summary=self.story.effect))

    def _judge_effect(self) -> None:
        self._edit(effect_result=self.story.effect, criterion_met=True, standardised=self.story.kept)

    def _approve_closure(self) -> None:
        if self.record.grade == Grade.MAJOR:
            self._move("lin", "approve_closure", signing=signing(record=self.record.title))

    def _close_action(self) -> None:
        actions.make_move(
            self._actor(self.hands.verifier), self.case, "close", signing=signing(effect=self.story.effect)
        )

    def _close(self) -> None:
        self._move(self.hands.verifier, "close", signing=signing(record=self.record.title))
