"""The small vocabularies that facts are made of: grades, sources, purposes and modes."""

from workflows.text import Worded


class Grade(Worded):
    """How severe a finding is (E.3)."""

    MAJOR = "major", "严重不符合", "major"
    MINOR = "minor", "一般不符合", "minor"
    OBSERVATION = "observation", "观察项", "observation"
    OFI = "ofi", "改进机会", "opportunity for improvement"


class Source(Worded):
    """Where a non-conformity was found."""

    REVIEW = "review", "评审", "review"
    FOLLOW_UP_AUDIT = "follow_up_audit", "跟进审核", "follow-up audit"
    METRIC_ALERT = "metric_alert", "指标预警", "metric alert"
    COMPLAINT = "complaint", "投诉", "complaint"
    MONITORING = "monitoring", "交易监控", "transaction monitoring"
    CLIENT = "client", "客户", "client"
    EXTERNAL_AUDIT = "external_audit", "外部审核", "external audit"


class Question(Worded):
    """What a follow-up audit answers for each non-conformity (ISO 19011)."""

    IMPLEMENTED = "implemented", "已实施？", "implemented?"
    EFFECTIVE = "effective", "有效？", "effective?"


class AuditPurpose(Worded):
    """Why a follow-up audit is held."""

    IMPLEMENTATION = "implementation", "核实实施", "implementation"
    EFFECTIVENESS = "effectiveness", "核实有效性", "effectiveness"

    @property
    def questions(self) -> tuple[Question, ...]:
        """What it answers: an audit of effectiveness, held after the window, answers both."""
        if self is AuditPurpose.IMPLEMENTATION:
            return (Question.IMPLEMENTED,)
        return (Question.IMPLEMENTED, Question.EFFECTIVE)


class AuditMode(Worded):
    """How a follow-up audit is held."""

    ON_SITE = "on_site", "现场审核", "on-site audit"
    DESK = "desk", "资料审核", "desk audit"


class TaskState(Worded):
    """Where a task of a corrective action stands."""

    OPEN = "open", "未完成", "open"
    DONE = "done", "已完成", "done"
    DROPPED = "dropped", "已放弃", "dropped"


class CauseKind(Worded):
    """What a cause is to the problem (E.5). A why on the way to a cause has no kind."""

    ROOT = "root", "根本原因", "root cause"
    CONTRIBUTING = "contributing", "促成原因", "contributing cause"
    ESCAPE = "escape", "逃逸原因", "escape cause"


class VerificationMethod(Worded):
    """How a cause was shown to be one."""

    MEASUREMENT = "measurement", "测量", "measurement"
    OBSERVATION = "observation", "观察", "observation"
    REPRODUCTION = "reproduction", "重现", "reproduction"


class Control(Worded):
    """Whether the organisation can do something about a cause (2.1-2c)."""

    CONTROLLABLE = "controllable", "可控", "controllable"
    UNCONTROLLABLE = "uncontrollable", "不可控", "uncontrollable"
