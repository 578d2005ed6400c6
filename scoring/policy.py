"""The policy switches: every contested rule is a named setting that is stored with the scoring run."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from typing import Any

from scoring import numbers
from scoring.text import Text


class BadValue(ValueError):
    """The value does not fit the switch; the message says what would."""


@dataclass(frozen=True, slots=True)
class Policy:
    """All switches with their defaults; `to_json` gives the full set by key."""

    cert_policy: str = "strict"
    cui_denominator: str = "keep"
    note3_effect: str = "waive_lines"
    c47_compliant: str = "assessor"
    trend_one_metric: str = "literal"
    gold_pass_points: Fraction = Fraction(2850)
    sd_kind: str = "sample"
    sigma_shift: str = "1.5"
    window: int = 6
    meet_share: Fraction = Fraction(2, 3)
    weighting: str = "halves"
    level_rule: str = "weakest"

    def to_json(self) -> dict[str, str | int]:
        """Key → value, defaults filled in; exact numbers as strings."""
        return dict(_as_json(self))

    def with_keys(self, changes: Mapping[str, object]) -> "Policy":
        """This policy with some switches set by key; raises `KeyError` and `BadValue`."""
        values: dict[str, Any] = {
            SWITCHES[key].name: SWITCHES[key].read(value) for key, value in changes.items()
        }
        return replace(self, **values)


@dataclass(frozen=True, slots=True)
class Switch:
    """One switch: its attribute of `Policy`, its reader, the rule it belongs to, and what it decides."""

    name: str
    read: Callable[[object], object]
    rule: str
    about: Text
    choices: tuple[str, ...] = ()


def _one_of(*choices: str) -> Callable[[object], object]:
    def read(value: object) -> object:
        if not isinstance(value, str) or value not in choices:
            raise BadValue(f"must be {' or '.join(choices)}, not {numbers.describe(value)}")
        return value

    return read


def _number(value: object) -> Fraction:
    try:
        return numbers.parse(value)
    except numbers.NotANumber as error:
        raise BadValue(str(error)) from None


def _read_points(value: object) -> object:
    points = _number(value)
    if points < 0:
        raise BadValue("must not be negative")
    return points


def _read_shift(value: object) -> object:
    shift = _number(value)
    if shift not in (0, Fraction(3, 2)):
        raise BadValue(f"must be 1.5 or 0, not {numbers.describe(value)}")
    return "1.5" if shift else "0"


def _read_window(value: object) -> object:
    periods = _number(value)
    if periods.denominator != 1 or periods < 3:
        raise BadValue(f"must be a whole number of at least 3 periods, not {numbers.describe(value)}")
    return int(periods)


def _read_share(value: object) -> object:
    share = _number(value)
    if not 0 < share <= 1:
        raise BadValue("must be above 0 and at most 1")
    return share


def _choice(name: str, rule: str, about: Text, *choices: str) -> Switch:
    return Switch(name, _one_of(*choices), rule, about, choices)


SWITCHES: Mapping[str, Switch] = {
    "copc.cert_policy": _choice(
        "cert_policy",
        "C-CERT",
        Text(zh="仪表板以哪种读法为通过", en="Which reading counts as a pass"),
        "strict",
        "lenient",
    ),
    "copc.cui_denominator": _choice(
        "cui_denominator",
        "C-N1",
        Text(zh="数据不可信的指标是否留在分母", en="Whether a metric with bad data stays in the denominator"),
        "keep",
        "drop",
    ),
    "copc.note3_effect": _choice(
        "note3_effect",
        "C-N3",
        Text(zh="75% 规则的作用", en="What the 75 % rule does"),
        "waive_lines",
        "auto_trend",
    ),
    "copc.c47_compliant": _choice(
        "c47_compliant",
        "C-N4",
        Text(zh="4.7 是否合规由谁判定", en="Who says that 4.7 is compliant"),
        "assessor",
        "computed",
    ),
    "copc.trend_one_metric": _choice(
        "trend_one_metric",
        "C-TREND",
        Text(zh="只有一个指标的条目的趋势", en="The trend of an item with a single metric"),
        "literal",
        "capped",
    ),
    "copc.gold_pass_points": Switch(
        "gold_pass_points", _read_points, "C-GOLD", Text(zh="黄金标准参考线", en="The indicative Gold mark")
    ),
    "copc.sd_kind": _choice(
        "sd_kind",
        "C-VAR2",
        Text(zh="标准差的种类", en="The kind of standard deviation"),
        "sample",
        "population",
    ),
    "copc.sigma_shift": Switch(
        "sigma_shift",
        _read_shift,
        "C-VAR3",
        Text(zh="流程西格玛的偏移", en="The shift of process sigma"),
        ("1.5", "0"),
    ),
    "metric.window": Switch(
        "window",
        _read_window,
        "C-METRIC",
        Text(zh="判定达标的周期数", en="Periods that decide meeting target"),
    ),
    "metric.meet_share": Switch(
        "meet_share",
        _read_share,
        "C-METRIC",
        Text(zh="判定达标的比例", en="The share of periods that must meet"),
    ),
    "see.weighting": _choice(
        "weighting",
        "S-PTS",
        Text(zh="推动因素与结果的权重", en="How enablers and results weigh"),
        "halves",
        "eighths",
    ),
    "see.level_rule": _choice(
        "level_rule",
        "S-LEVEL",
        Text(zh="大项等级的规则", en="How a criterion gets its level"),
        "weakest",
        "mean_floor",
    ),
}

DEFAULT = Policy()


@lru_cache(maxsize=256)
def _as_json(policy: Policy) -> tuple[tuple[str, str | int], ...]:
    values = ((key, getattr(policy, switch.name)) for key, switch in SWITCHES.items())
    return tuple(
        (key, numbers.exact(value) if isinstance(value, Fraction) else value) for key, value in values
    )
