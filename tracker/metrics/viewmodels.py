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
    hints: tuple["HintView", ...] = ()

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
    provisional: bool = False
    rolled: bool = False
    left_out: tuple[str, ...] = ()
    # The value for reading, where what was typed (or follows) is long.
    shown: str = ""


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
    hints: tuple["HintView", ...] = ()
    control: "ControlView | None" = None
    variation: tuple["VariationView", ...] = ()
    windows: tuple["WindowView", ...] = ()
    roll_up: "RollUpView | None" = None
    counted: bool = False

    @property
    def label(self) -> str:
        return label("metric", self.number)


@dataclass(frozen=True)
class HintView:
    """Something about a metric that people should look at before it costs points; it changes nothing.

    `kind` is `drop` (a band falls if the next month is as the last), `edge` (the next month decides), `cui`,
    `stale` or `gap`.
    """

    kind: str
    tone: str
    short: str
    text: str
    month: str = ""


@dataclass(frozen=True)
class VariationView:
    """One of the three rules of item 2.2: its result in words."""

    name: str
    formula: str
    shown: str
    verdict: str
    tone: str
    note: str = ""


@dataclass(frozen=True)
class SignalView:
    """A month of the control chart with the rules that fire there; `number` stands at the point."""

    number: int
    month: str
    words: tuple[str, ...]


@dataclass(frozen=True)
class ControlView:
    """The individuals chart with its moving ranges; without charts, `why` says what is missing."""

    why: str = ""
    note: str = ""
    individuals: dict[str, object] | None = None
    ranges: dict[str, object] | None = None
    facts: tuple[tuple[str, str], ...] = ()
    signals: tuple[SignalView, ...] = ()
    rows: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True)
class WindowView:
    """A rule's window: the months it reads, what it found there, and which months lie missing between."""

    name: str
    holds: bool
    months: str
    words: str
    missing: str = ""


@dataclass(frozen=True)
class PartView:
    """What one programme measured in a month."""

    code: str
    version: int
    value: str = ""
    numerator: str = ""
    denominator: str = ""
    shown: str = ""
    provisional: bool = False
    wanted: bool = True
    error: str = ""
    saved: bool = False


@dataclass(frozen=True)
class ProgrammeView:
    """A programme as a column of the grid."""

    code: str
    name: str
    ended: str = ""


@dataclass(frozen=True)
class RolledMonth:
    """A month of a rolled-up metric: what each programme has, and what follows for the site."""

    month: str
    parts: tuple[PartView, ...]
    rolled: str
    left_out: tuple[str, ...] = ()
    provisional: bool = False


@dataclass(frozen=True)
class RollUpView:
    """The grid of programmes of a metric with a declared rule; `asks` is which numbers a cell takes."""

    rule: str
    label: str
    asks: str
    programmes: tuple[ProgrammeView, ...]
    months: tuple[RolledMonth, ...]
