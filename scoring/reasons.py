"""Reasons and hints as values: a code with parameters, worded in either language when somebody reads it."""

from dataclasses import dataclass
from fractions import Fraction

from scoring import numbers
from scoring.text import Names, Text

Value = str | int | Fraction | tuple[str | Text, ...] | Text | None

_TEMPLATES: dict[str, Text] = {
    "not_assessed": Text(en="not assessed", zh="未评分"),
    "approach": Text(
        en="approach {score}: {met} of {count} lines met ({rule}); not met: {missing}",
        zh="方式 {score}：{count} 条要求满足 {met} 条（{rule}）；未满足：{missing}",
    ),
    "approach_no_lines": Text(en="approach blank: no requirement line is given", zh="方式空白：没有要求行"),
    "approach_not_assessed": Text(
        en="approach blank: not assessed: {missing}", zh="方式空白：尚未评定：{missing}"
    ),
    "approach_not_applicable": Text(
        en="approach blank: no line is applicable (C-ARITH-5)", zh="方式空白：没有适用的要求行（C-ARITH-5）"
    ),
    "waived": Text(
        en="note 3: {met} of {count} required metrics meet target, so these unmet lines do not count (C-N3): {missing}",
        zh="注 3：{count} 个要求指标中 {met} 个达成目标，以下未满足的要求行不计（C-N3）：{missing}",
    ),
    "deployment": Text(
        en="deployment {score}: {met} of {count} units fully deployed (C-13-DEP); not deployed: {missing}",
        zh="部署 {score}：{count} 个单位中 {met} 个全面部署（C-13-DEP）；未部署：{missing}",
    ),
    "deployment_missing": Text(en="deployment blank: not recorded", zh="部署空白：未记录"),
    "deployment_no_units": Text(
        en="deployment blank: no unit is in scope (C-ARITH-5)", zh="部署空白：范围内没有单位（C-ARITH-5）"
    ),
    "level": Text(
        en="level {score}: {met} of {count} required metrics meet target (C-LEVEL); not met: {missing}",
        zh="水平 {score}：{count} 个要求指标中 {met} 个达成目标（C-LEVEL）；未达成：{missing}",
    ),
    "trend": Text(
        en="trend {score}: {met} of {count} required metrics in sustained improvement (C-TREND)",
        zh="趋势 {score}：{count} 个要求指标中 {met} 个持续改善（C-TREND）",
    ),
    "level_none": Text(
        en="level blank: no required metric (C-ARITH-5)", zh="水平空白：没有要求指标（C-ARITH-5）"
    ),
    "trend_none": Text(
        en="trend blank: no required metric (C-ARITH-5)", zh="趋势空白：没有要求指标（C-ARITH-5）"
    ),
    "level_dropped": Text(
        en="level blank: every required metric fails CUI and leaves the denominator (C-N1)",
        zh="水平空白：全部要求指标的数据不可信并退出分母（C-N1）",
    ),
    "cui": Text(
        en="data fail {letters} of CUI, so {metric} counts neither as met nor as improving (C-N1)",
        zh="{metric} 的数据不满足 CUI 的 {letters}，既不计为达标也不计为改善（C-N1）",
    ),
    "trend_note3": Text(
        en="trend 100 by note 3: {met} of {count} required metrics meet target (C-N3)",
        zh="趋势按注 3 为 100：{count} 个要求指标中 {met} 个达成目标（C-N3）",
    ),
    "trend_note4": Text(
        en="trend 100 by note 4: item 4.7 is compliant (C-N4)", zh="趋势按注 4 为 100：条目 4.7 合规（C-N4）"
    ),
    "overruled": Text(
        en="{dimension} overruled to {score} (computed {computed}): {reason}",
        zh="{dimension}由评分员改定为 {score}（计算值 {computed}）：{reason}",
    ),
    "lost_min": Text(
        en="{lost} of {max} points lost: the lower of approach {approach} and deployment {deployment} counts "
        "(C-13-ITEM)",
        zh="失去 {max} 分中的 {lost} 分：取方式 {approach} 与部署 {deployment} 的较低者（C-13-ITEM）",
    ),
    "lost_mean": Text(
        en="{lost} of {max} points lost: the mean of approach {approach}, level {level} and trend {trend} counts "
        "(C-4-ITEM)",
        zh="失去 {max} 分中的 {lost} 分：取方式 {approach}、水平 {level}、趋势 {trend} 的平均值（C-4-ITEM）",
    ),
    # Hints
    "hint_cui": Text(
        en="required metric {metric} of {item} fails {letters} of CUI: a finding on 2.6 is suggested",
        zh="{item} 的要求指标 {metric} 不满足 CUI 的 {letters}：建议对 2.6 开具发现",
    ),
    "hint_cui_own": Text(
        en="required metric {metric} of {item} fails {letters} of CUI",
        zh="{item} 的要求指标 {metric} 不满足 CUI 的 {letters}",
    ),
    "hint_missing": Text(
        en="required metric {metric} of {item} is not collected: a finding on 2.6 is suggested, and the approach line "
        "of {item} that asks for it is not met (C-N1b)",
        zh="{item} 的要求指标 {metric} 未收集：建议对 2.6 开具发现，{item} 中要求该指标的要求行应判为未满足（C-N1b）",
    ),
    "hint_provisional": Text(
        en="metric {metric} of {item} is judged on {periods} periods only: provisional",
        zh="{item} 的指标 {metric} 只有 {periods} 个周期：结论为暂定",
    ),
    "hint_one_metric": Text(
        en="item {item} has a single required metric, so its trend cannot exceed 50 (copc.trend_one_metric)",
        zh="条目 {item} 只有一个要求指标，趋势最多为 50（copc.trend_one_metric）",
    ),
    "hint_c47": Text(
        en="item 4.7 has 100 in approach, level and trend: an assessor may record it as compliant; older test "
        "(50 % at target, 75 % at target or improving): {older}",
        zh="条目 4.7 的方式、水平、趋势均为 100：评分员可记为合规；旧版判据（50% 达标且 75% 达标或改善）：{older}",
    ),
    "hint_overruled_gap": Text(
        en="closing {gap} moves nothing in the {dimension} of {item}: it is overruled",
        zh="关闭 {gap} 不会改变 {item} 的{dimension}：该分值由评分员改定",
    ),
    "hint_minors": Text(
        en="{count} open minor non-conformities on {item} ({missing}): together they may be a major",
        zh="{item} 上有 {count} 个未关闭的一般不符合（{missing}）：合起来可能构成严重不符合",
    ),
    "warn_rows": Text(
        en="{criterion}: {row} {level} lies above {other} {other_level} (S-WARN)",
        zh="{criterion}：{row} {level} 高于{other} {other_level}（S-WARN）",
    ),
    "row_empty": Text(en="{row} not assessed", zh="{row}未评定"),
    "row": Text(en="{row} at level {level} of 4", zh="{row}为 {level} 级（满级 4）"),
    "criterion_lost": Text(
        en="{lost} of {max} points lost: the mean of the rows is {percent} % (S-PTS)",
        zh="失去 {max} 分中的 {lost} 分：各行平均为 {percent}%（S-PTS）",
    ),
}

DIMENSION_NAMES = {
    "approach": Text(zh="方式", en="approach"),
    "deployment": Text(zh="部署", en="deployment"),
    "level": Text(zh="水平", en="level"),
    "trend": Text(zh="趋势", en="trend"),
}
CODED = ("metric", "missing")
"""The parameters that hold codes of a sheet: a metric, and lines, units or metrics in a row."""
YES = Text(zh="满足", en="passed")
NO = Text(zh="不满足", en="not passed")
_BLANK = Text(zh="空白", en="blank")
_NONE = Text(zh="无", en="none")


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a score is what it is, or a hint; `params` are plain values in a fixed order."""

    code: str
    params: tuple[tuple[str, Value], ...] = ()

    def text(self, lang: str = "en", names: Names | None = None) -> str:
        """The reason in words; `names` holds the names of metrics and units by the codes that a sheet uses."""
        worded = {
            key: _word(_named(value, names) if names and key in CODED else value, lang)
            for key, value in self.params
        }
        return _TEMPLATES[self.code].of(lang).format_map(worded)

    def __getitem__(self, key: str) -> Value:
        """One parameter by name, `KeyError` when the reason has none of that name."""
        return dict(self.params)[key]


def because(code: str, **params: Value) -> Reason:
    """A reason from its code and parameters.

    >>> because("trend", score=50, met=1, count=4).text("en")
    'trend 50: 1 of 4 required metrics in sustained improvement (C-TREND)'
    """
    return Reason(code, tuple(params.items()))


def _named(value: Value, names: Names) -> Value:
    """A code, or codes in a row, as the names they have."""
    if isinstance(value, tuple):
        return tuple(names.get(code, code) if isinstance(code, str) else code for code in value)
    return names.get(value, value) if isinstance(value, str) else value


def _word(value: Value, lang: str) -> str:
    if isinstance(value, (str, int)):
        return str(value)
    if isinstance(value, Text):
        return value.of(lang)
    if value is None:
        return _BLANK.of(lang)
    if isinstance(value, tuple):
        words = [_word(each, lang) for each in value]
        return ("、" if lang.startswith("zh") else ", ").join(words) if words else _NONE.of(lang)
    return str(value) if value.denominator == 1 else numbers.show(value)
