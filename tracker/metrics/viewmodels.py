"""Metrics as pages see them."""

from dataclasses import dataclass, field
from datetime import date

from tracker.numbering import label


@dataclass(frozen=True)
class VerdictView:
    """What follows from a metric's series and from what is stated of it (C-METRIC)."""

    failing: tuple[str, ...]
    meets: bool
    improving: bool
    periods_met: int
    periods: int
    provisional: bool
    stated: tuple[str, ...] = ()


@dataclass(frozen=True)
class MetricRow:
    """A line of the register."""

    number: int
    item: str
    item_name: str
    code: str
    name: str
    unit: str
    required: bool
    better: str
    measure: str
    last_month: str
    last_value: str
    target: str
    owner: str
    verdict: VerdictView
    spark: tuple[tuple[str, str, bool | None], ...] = ()
    pinned_by: tuple[int, ...] = ()

    @property
    def label(self) -> str:
        return label("metric", self.number)


@dataclass(frozen=True)
class MonthView:
    """One month of the series: its value as text, the target in force, and whether it was met."""

    month: str
    value: str = ""
    version: int | None = None
    numerator: str = ""
    denominator: str = ""
    target: str = ""
    meets: bool | None = None
    error: str = ""
    saved: bool = False


@dataclass(frozen=True)
class TargetView:
    """A target and the month from which it is in force."""

    id: int
    version: int
    from_month: str
    text: str
    value: str
    low: str
    high: str


@dataclass(frozen=True)
class CheckView:
    """A letter of CUI with how it stands: from the data, or from a recorded check."""

    letter: str
    name: str
    holds: bool
    why: str
    aspect: str = ""
    note: str = ""
    evidence: str = ""
    version: int | None = None
    who: str = ""
    on: date | None = None


@dataclass(frozen=True)
class GridRow:
    """A metric as a row of the grid of months."""

    number: int
    version: int
    code: str
    name: str
    unit: str
    better: str
    measure: str
    required: bool
    verdict: VerdictView
    months: tuple[MonthView, ...]
    target: TargetView | None = None

    @property
    def label(self) -> str:
        return label("metric", self.number)


@dataclass(frozen=True)
class MetricPage:
    """Everything on the page of a metric."""

    number: int
    version: int
    site_code: str
    site_name: str
    site_id: int
    item: str
    item_name: str
    code: str
    name_zh: str
    name_en: str
    unit: str
    required: bool
    better: str
    measure: str
    owner: str
    owner_id: int | None
    verdict: VerdictView
    months: tuple[MonthView, ...]
    targets: tuple[TargetView, ...]
    checks: tuple[CheckView, ...]
    has_facts: bool
    chart: dict[str, object] | None = None
    pinned_by: tuple[int, ...] = field(default=())

    @property
    def label(self) -> str:
        return label("metric", self.number)
