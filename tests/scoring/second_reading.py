"""A second reading of the rules, written apart from the engine: naive, slow, and sharing no code with it.

Plain JSON sheets in, plain answers out. Where the two readings differ, one of them has misread the rules. Numbers in
these sheets are whole or rational strings.
"""

from collections.abc import Iterable
from copy import deepcopy
from fractions import Fraction
from typing import Any

Plain = dict[str, Any]
SHARED = {
    "2.1": (60, 60), "2.2": (100, 120), "2.3": (100, 100), "2.4": (100, 100), "2.5": (100, 100), "2.6": (100, 100),
    "2.7": (40, 40), "3.1": (70, 100), "3.2": (70, 100), "3.3": (80, 130), "3.4": (40, 60), "3.5": (40, 60),
    "4.1": (100, 100), "4.2": (200, 300), "4.3": (150, 200), "4.4": (150, 200), "4.5": (150, 200), "4.6": (100, 100),
    "4.7": (150, 200), "1.1": (60, 70), "1.2": (40, 40),
}  # fmt: skip
GOLD_ONLY = {"1.G.A": 40, "2.G.A": 80, "2.G.B": 40, "2.G.C": 40, "2.G.D": 40, "2.G.E": 40, "2.G.F": 40, "4.G.A": 50,
             "4.G.B": 150}  # fmt: skip
POINTS = {
    "standard": {name: shared[0] for name, shared in sorted(SHARED.items())},
    "gold": dict(sorted({**{name: shared[1] for name, shared in SHARED.items()}, **GOLD_ONLY}.items())),
}
LIFTED = ("4.1", "4.2", "4.3", "4.4", "4.5", "4.6")
SWITCHES: Plain = {
    "copc.cert_policy": "strict", "copc.cui_denominator": "keep", "copc.note3_effect": "waive_lines",
    "copc.c47_compliant": "assessor", "copc.trend_one_metric": "literal", "copc.gold_pass_points": "2850",
    "metric.window": 6, "metric.meet_share": "2/3", "see.weighting": "halves", "see.level_rule": "weakest",
}  # fmt: skip


def switches(sheet: Plain) -> Plain:
    return {**SWITCHES, **sheet.get("policy", {})}


def target_of(metric: Plain, month: str) -> Any:
    target = metric.get("target")
    if not isinstance(target, dict) or "low" in target:
        return target
    started = [start for start in sorted(target) if start <= month]
    return target[started[-1]] if started else None


def month_meets(metric: Plain, month: str, value: Fraction) -> bool:
    target = target_of(metric, month)
    if target is None:
        return False
    if metric["better"] == "range":
        return Fraction(target["low"]) <= value <= Fraction(target["high"])
    return value >= Fraction(target) if metric["better"] == "higher" else value <= Fraction(target)


def improves(metric: Plain, series: list[tuple[str, Fraction]]) -> bool:
    """The last three of six against the mean of the first three, everything turned so that more is better."""
    if len(series) < 6:
        return False
    good = []
    for month, value in series[-6:]:
        if metric["better"] == "range":
            target = target_of(metric, month)
            if target is None:
                return False
            good.append(-max(Fraction(target["low"]) - value, value - Fraction(target["high"]), Fraction(0)))
        else:
            good.append(value if metric["better"] == "higher" else -value)
    base = sum(good[:3]) / Fraction(3)
    return sum(good[3:]) / Fraction(3) > base and all(value > base for value in good[3:])


def metric_facts(metric: Plain, policy: Plain) -> tuple[bool, bool, bool]:
    """Whether the data hold C, U and I; whether the metric counts as meeting target; as improving."""
    values, meets, better = metric.get("values"), metric.get("meets_target"), metric.get("improving")
    holds = [metric.get(name, True) for name in ("collected", "usable", "integrity")]
    if values is None and meets is None and better is None:
        holds.append(False)
    if values is not None and meets is None:
        holds += ["target" in metric, len(values) >= 3]
    series = sorted((month, Fraction(value)) for month, value in (values or {}).items())
    if meets is None:
        latest = series[-policy["metric.window"] :]
        hits = sum(month_meets(metric, month, value) for month, value in latest)
        meets = len(series) >= 3 and hits >= Fraction(policy["metric.meet_share"]) * len(latest)
    if better is None:
        better = improves(metric, series)
    sound = metric.get("released_cui", False) or all(holds)
    return sound, sound and meets, sound and better


def band(share: Fraction, deployment: bool = False) -> int:
    full = 90 if deployment else 100
    return 100 if share >= full else 75 if share >= 75 else 50 if share >= 50 else 25 if share >= 25 else 0


def practice(item: Plain, units: list[str]) -> dict[str, int | None]:
    scope, deployed = item.get("in_scope", units), item.get("deployed")
    reached = None
    if deployed is not None and scope:
        reached = band(Fraction(100 * len(set(scope) & set(deployed)), len(scope)), deployment=True)
    return {"approach": approach(item, waive=False), "deployment": reached}


def approach(item: Plain, waive: bool) -> int | None:
    lines = [(line, False) if isinstance(line, str) else (line["status"], line.get("improvement_approach", False))
             for line in item.get("lines", {}).values()]  # fmt: skip
    waived = [line for line in lines if waive and line == ("not_met", True)]
    judged = [status for status, flagged in lines if not (waive and flagged and status == "not_met")]
    judged = [status for status in judged if status != "not_applicable"]
    if "not_assessed" in judged:
        return None
    if judged:
        return band(Fraction(100 * judged.count("met"), len(judged)))
    return 100 if waived else None


def results(
    item: Plain, found: list[tuple[bool, bool, bool]], policy: Plain, tier: str
) -> dict[str, int | None]:
    counted = [fact for fact in found if fact[0] or policy["copc.cui_denominator"] == "keep"]
    share = Fraction(100 * sum(fact[1] for fact in found), len(counted)) if counted else None
    level = trend = None
    if share is not None:
        level = 100 if share >= (50 if tier == "standard" else 65) else 50 if share >= 25 else 0
    if found:
        full = min(2, len(found)) if policy["copc.trend_one_metric"] == "capped" else 2
        improving = sum(fact[2] for fact in found)
        trend = 100 if improving >= full else 50 if improving else 0
    note_3 = share is not None and share >= 75
    if note_3 and policy["copc.note3_effect"] == "auto_trend":
        trend = 100
    waive = note_3 and policy["copc.note3_effect"] == "waive_lines"
    return {"approach": approach(item, waive), "level": level, "trend": trend}


def dimensions(sheet: Plain) -> tuple[dict[str, dict[str, int | None]], dict[str, dict[str, int | None]]]:
    """Item → dimension scores in force, and item → what was computed where an assessor overruled."""
    policy, tier = switches(sheet), sheet["tier"]
    measured = {
        name: [metric_facts(each, policy) for each in item.get("metrics", []) if each.get("required", True)]
        for name, item in sheet["items"].items()
        if name.startswith("4") and name in POINTS[tier]
    }
    if "4.7" in measured:
        measured["4.7"] = [fact for name, facts in measured.items() if name != "4.7" for fact in facts]
    scores, computed = {}, {}
    for name in POINTS[tier]:
        item = sheet["items"].get(name)
        kind = ("approach", "level", "trend") if name.startswith("4") else ("approach", "deployment")
        if item is None:
            scores[name] = dict.fromkeys(kind)
            continue
        units = sheet["key_positions" if name.startswith("3") else "programmes"]
        own = results(item, measured[name], policy, tier) if name.startswith("4") else practice(item, units)
        said = {key: value for key, value in item.get("overrule", {}).items() if key != "reason"}
        if said:
            computed[name] = {key: own[key] for key in said}
        scores[name] = {**own, **said}
    if tier == "standard" and "4.7" in sheet["items"]:
        word = sheet["items"]["4.7"].get("compliant", False)
        if policy["copc.c47_compliant"] == "computed":
            word = set(scores["4.7"].values()) == {100}
        for name in LIFTED:
            if word and name in sheet["items"]:
                scores[name]["trend"] = 100
    return scores, computed


def score(sheet: Plain) -> Plain:
    """What must agree with the public result."""
    tier = sheet["tier"]
    scores, computed = dimensions(sheet)
    items: Plain = {}
    for name, full in POINTS[tier].items():
        known = [value for value in scores[name].values() if value is not None]
        percent = None
        if len(known) == len(scores[name]):
            percent = Fraction(sum(known), 3) if name.startswith("4") else Fraction(min(known))
        points = None if percent is None else percent * full / 100
        items[name] = {**scores[name], "percent": percent, "points": points, "max": Fraction(full)}
        if name in computed:
            items[name]["computed"] = computed[name]
    total = sum((item["points"] or Fraction(0) for item in items.values()), Fraction(0))
    blank = [name for name, item in items.items() if item["percent"] is None]
    return {"items": items, "total": total, "blank": blank, **judged(sheet, items, total, blank)}


def judged(sheet: Plain, items: Plain, total: Fraction, blank: list[str]) -> Plain:
    tier = sheet["tier"]
    needs = Fraction(1900) if tier == "standard" else Fraction(switches(sheet)["copc.gold_pass_points"])
    one = [name for name in items if not name.startswith("4")]
    four = [name for name in items if name.startswith("4")]
    unsure = (None, 100)
    found: list[Plain] = [{"id": "total", "holds": total >= needs, "needs": needs, "has": total}]
    short = {
        "approach_1_3": [name for name in one if items[name]["approach"] not in unsure],
        "category_4_full": [
            name
            for name in four
            if any(items[name][key] not in unsure for key in ("approach", "level", "trend"))
        ],
        "category_4_approach": [name for name in four if items[name]["approach"] not in unsure],
    }
    found += [{"id": name, "holds": not listed, "items": listed} for name, listed in short.items()]
    ranges = (list(items), one, four, four)
    for condition, inside in zip(found, ranges, strict=True):
        if set(inside) & set(blank):
            condition["holds"] = None
    holds = {condition["id"]: condition["holds"] for condition in found}
    both = holds["total"] and holds["approach_1_3"]
    verdict = "meets_lenient_only" if both and holds["category_4_approach"] else "not_met"
    verdict = "meets" if both and holds["category_4_full"] else verdict
    return {"conditions": found, "verdict": "incomplete" if blank else verdict}


def closed(sheet: Plain, closing: Iterable[str]) -> Plain:
    """The sheet with every fact met that is named by gaps of which all are closed."""
    after, done = deepcopy(sheet), set(closing)
    named = [(gap["id"] in done, release) for gap in sheet["gaps"] for release in gap["releases"]]
    for shut, release in named:
        item = after["items"].get(release["item"])
        if not shut or item is None or any(other == release and not over for over, other in named):
            continue
        if "line" in release:
            line = item["lines"][release["line"]]
            if line == "not_met":
                item["lines"][release["line"]] = "met"
            elif isinstance(line, dict) and line["status"] == "not_met":
                line["status"] = "met"
        elif "unit" in release:
            if "deployed" in item:
                item["deployed"].append(release["unit"])
        elif "metric" in release:
            key = {"cui": "released_cui", "meets": "meets_target", "improves": "improving"}[release["fact"]]
            for metric in item["metrics"]:
                metric[key] = True if metric["id"] == release["metric"] else metric.get(key)
        else:
            item["compliant"] = True
    return after


# Sheets of rows


CRITERIA = {f"S{n}": ("approach", "deployed", "feedback") for n in range(1, 6)} | {
    f"S{n}": ("trends", "targets", "comparisons", "causes", "scope") for n in range(6, 9)
}


def score_rows(sheet: Plain) -> Plain:
    policy = switches(sheet)
    criteria: Plain = {}
    blank = []
    for name, rows in CRITERIA.items():
        marks = [sheet["rows"].get(name, {}).get(row) for row in rows]
        blank += [f"{name}.{row}" for row, mark in zip(rows, marks, strict=True) if mark is None]
        known = [mark for mark in marks if mark is not None]
        full = Fraction(100) if len(rows) == 3 else Fraction(500, 3)
        full = Fraction(125) if policy["see.weighting"] == "eighths" else full
        level = percent = points = None
        if len(known) == len(rows):
            level = min(known) if policy["see.level_rule"] == "weakest" else sum(known) // len(known)
            percent = Fraction(25 * sum(known), len(known))
            points = percent * full / 100
        criteria[name] = {"level": level, "percent": percent, "points": points, "max": full}
    halves = [
        sum(
            (criteria[name]["points"] or Fraction(0) for name in CRITERIA if (name < "S6") is first),
            Fraction(0),
        )
        for first in (True, False)
    ]
    levels = [entry["level"] for entry in criteria.values()]
    overall = None if None in levels else min(levels)
    below = None if overall is None else [
        {"criterion": name, "row": row, "level": sheet["rows"][name][row]}
        for name, rows in CRITERIA.items() for row in rows if sheet["rows"][name][row] <= overall < 4
    ]  # fmt: skip
    return {"criteria": criteria, "enabler_points": halves[0], "result_points": halves[1], "total": sum(halves),
            "overall_level": overall, "next": below, "blank": blank}  # fmt: skip


def closed_rows(sheet: Plain, closing: Iterable[str]) -> Plain:
    after, done = deepcopy(sheet), set(closing)
    named = [(gap["id"], release) for gap in sheet["gaps"] for release in gap["releases"]]
    for _, release in named:
        place = (release["criterion"], release["row"])
        lower = {
            gap for gap, other in named
            if (other["criterion"], other["row"]) == place and other["level"] <= release["level"]
        }  # fmt: skip
        if lower <= done:
            marks = after["rows"].setdefault(place[0], {})
            marks[place[1]] = max(marks.get(place[1]) or 0, release["level"])
    return after
