"""The policy switches in words: what each value means, in the language of the request."""

from collections.abc import Mapping
from typing import Any

from scoring.policy import DEFAULT, SWITCHES
from tracker.i18n import gettext as _
from tracker.i18n import language
from tracker.organisations.viewmodels import SwitchView


def choice_meaning(key: str, value: str) -> str:
    """What a value of a switch does to the score; the value itself where it needs no words."""
    return {
        ("copc.cert_policy", "strict"): _("Strict: category 4 must be full."),
        ("copc.cert_policy", "lenient"): _("Lenient: approach must be full in category 4."),
        ("copc.cui_denominator", "keep"): _("Keep it: bad data cost points."),
        ("copc.cui_denominator", "drop"): _("Drop it: only metrics with good data count."),
        ("copc.note3_effect", "waive_lines"): _("The lines on improvement are waived."),
        ("copc.note3_effect", "auto_trend"): _("The trend counts as full."),
        ("copc.c47_compliant", "assessor"): _("An assessor gives the word, with a reason."),
        ("copc.c47_compliant", "computed"): _("It is computed from the lines."),
        ("copc.trend_one_metric", "literal"): _("As written: one improving metric is enough."),
        ("copc.trend_one_metric", "capped"): _("Capped: a single metric cannot fill the trend."),
        ("copc.sd_kind", "sample"): _("Of a sample (n − 1)."),
        ("copc.sd_kind", "population"): _("Of the whole population (n)."),
        ("copc.sigma_shift", "1.5"): _("With the customary shift of 1.5 sigma."),
        ("copc.sigma_shift", "0"): _("Without a shift."),
        ("see.weighting", "halves"): _("Enablers and results half each."),
        ("see.weighting", "eighths"): _("Every criterion one eighth."),
        ("see.level_rule", "weakest"): _("The weakest row decides."),
        ("see.level_rule", "mean_floor"): _("The mean of the rows, rounded down."),
    }.get((key, value), value)


def switches_of(policy: Mapping[str, Any]) -> tuple[SwitchView, ...]:
    """Every switch as it is in force under `policy`, which holds only what differs from the defaults."""
    defaults = DEFAULT.to_json()
    views = []
    for key, switch in SWITCHES.items():
        default = str(defaults[key])
        value = str(policy.get(key, default))
        views.append(
            SwitchView(
                key=key,
                rule=switch.rule,
                title=switch.about.of(language()),
                value=value,
                meaning=choice_meaning(key, value),
                is_default=value == default,
            )
        )
    return tuple(views)
