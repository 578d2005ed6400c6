"""Key processes as pages see them."""

from dataclasses import dataclass
from datetime import date

from tracker.metrics.viewmodels import VariationView
from tracker.numbering import label


@dataclass(frozen=True)
class AuditView:
    """A sampled audit of a process."""

    id: int
    version: int
    on: date
    auditor: str
    auditor_id: int
    result: str
    result_label: str
    tone: str
    sample: str
    checklist: str
    notes: str


@dataclass(frozen=True)
class MetricView:
    """A metric that speaks of a process, with the three rules of item 2.2 on it."""

    number: int
    id: int
    name: str
    item: str
    meets: bool
    variation: tuple[VariationView, ...]

    @property
    def flagged(self) -> bool:
        """Whether any of the rules fires."""
        return any(rule.tone == "danger" for rule in self.variation)


@dataclass(frozen=True)
class ProcessRow:
    """A line of the register."""

    number: int
    kind: str
    kind_label: str
    name: str
    site_code: str
    site_name: str
    unit: str
    procedure: str
    owner: str
    metrics: int
    flagged: int
    audited_on: date | None
    result_label: str
    tone: str
    due_on: date | None
    overdue: bool
    active: bool

    @property
    def label(self) -> str:
        return label("process", self.number)


@dataclass(frozen=True)
class ProcessPage:
    """Everything on the page of a process."""

    row: ProcessRow
    version: int
    outsourced: bool
    audit_months: int
    metrics: tuple[MetricView, ...]
    audits: tuple[AuditView, ...]
    owner_id: int | None = None

    @property
    def flagged(self) -> tuple[MetricView, ...]:
        """The metrics on which a rule of variation fires."""
        return tuple(metric for metric in self.metrics if metric.flagged)
