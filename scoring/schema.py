"""JSON Schema (2020-12) of the sheet and of the result, made from the same tables that the reader uses.

A schema cannot say everything (units that exist, needs without a circle); `scoring.sheet.parse` does.
"""

from collections.abc import Sequence
from typing import Any

from scoring import catalogue, policy, sheet
from scoring.catalogue import Item, Standard

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_DECIMAL = r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,4})?"
_RATIONAL = r"[+-]?[0-9]+/0*[1-9][0-9]*"
_MONTH = r"^[0-9]{4}-(0[1-9]|1[0-2])$"

Schema = dict[str, Any]


def _object(properties: Schema, required: tuple[str, ...] = ()) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _list(items: Schema, unique: bool = False) -> Schema:
    return {"type": "array", "items": items, **({"uniqueItems": True} if unique else {})}


def _months(values: Schema) -> Schema:
    return {"type": "object", "propertyNames": {"pattern": _MONTH}, "additionalProperties": values}


_DEFS: Schema = {
    "number": {
        "description": "An exact number: decimal or rational text, or a JSON number read as a decimal",
        "anyOf": [{"type": "number"}, {"type": "string", "pattern": f"^({_DECIMAL}|{_RATIONAL})$"}],
    },
    "identifier": {"type": "string", "pattern": r"\S"},
    "day": {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"},
    "status": {"enum": list(sheet.STATUSES)},
    "line": {
        "anyOf": [
            _ref("status"),
            _object({"status": _ref("status"), "improvement_approach": {"type": "boolean"}}, ("status",)),
        ]
    },
    "lines": {"type": "object", "additionalProperties": _ref("line")},
    "range": _object({"low": _ref("number"), "high": _ref("number")}, ("low", "high")),
    "one_target": {"anyOf": [_ref("number"), _ref("range")]},
    "target": {"anyOf": [_ref("one_target"), {**_months(_ref("one_target")), "minProperties": 1}]},
    "metric": {
        **_object(
            {
                "id": _ref("identifier"),
                "required": {"type": "boolean", "default": True},
                "collected": {"type": "boolean", "default": True},
                "usable": {"type": "boolean", "default": True},
                "integrity": {"type": "boolean", "default": True},
                "better": {"enum": ["higher", "lower", "range"]},
                "target": _ref("target"),
                "values": _months(_ref("number")),
                "meets_target": {"type": "boolean"},
                "improving": {"type": "boolean"},
            },
            ("id",),
        ),
        "dependentRequired": {"values": ["better"]},
    },
}


def _standards(own: Sequence[Standard]) -> list[Standard]:
    return [*map(catalogue.load, catalogue.FILES), *own]


def score_sheet(own: Sequence[Standard] = ()) -> Schema:
    """The schema of a score sheet of any standard that ships, and of standards of one's own."""
    standards = _standards(own)
    return {
        "$schema": DIALECT,
        "title": sheet.FORMAT,
        "type": "object",
        "required": ["format", "standard", "as_of"],
        "oneOf": [_copc_sheet(each) if each.family == "items" else _see_sheet(each) for each in standards],
        "$defs": {**_DEFS, "policy": _policy(), **_gap_defs(standards)},
    }


def _policy() -> Schema:
    keys: Schema = {}
    for key, switch in policy.SWITCHES.items():
        known: Schema = {"description": f"{switch.about.en} ({switch.rule})"}
        default = policy.DEFAULT.to_json()[key]
        if switch.choices and key != "copc.sigma_shift":
            known["enum"] = list(switch.choices)
        else:
            known |= _ref("number")
        keys[key] = {**known, "default": default}
    return _object(keys)


def _common(standard: Standard) -> Schema:
    return {
        "format": {"const": sheet.FORMAT},
        "standard": {"const": standard.id},
        "site": {"type": "string"},
        "as_of": _ref("day"),
        "policy": _ref("policy"),
    }


def _copc_sheet(standard: Standard) -> Schema:
    units = _list(_ref("identifier"), unique=True)
    return _object(
        {
            **_common(standard),
            "tier": {"enum": list(standard.tiers), "default": standard.default_tier},
            "programmes": units,
            "key_positions": units,
            "items": _object({item.id: _item(item, standard.copc) for item in standard.items}),
            "gaps": _list(_gap("copc_release" if standard.copc else "item_release")),
        },
        ("format", "standard", "as_of", "items"),
    )


def _overrule(*dimensions: str) -> Schema:
    scores = {name: {"enum": list(sheet.DIMENSIONS[name])} for name in dimensions}
    return _object({**scores, "reason": {"type": "string", "pattern": r"\S"}}, ("reason",))


def _item(item: Item, copc: bool) -> Schema:
    shared: Schema = {"lines": _ref("lines")}
    if item.unit_kind is not None:
        units = _list(_ref("identifier"), unique=True)
        own = {"in_scope": units, "deployed": units, "overrule": _overrule("approach", "deployment")}
    elif copc and item.id == sheet.ACHIEVING_RESULTS:
        own = {"compliant": {"type": "boolean"}, "overrule": _overrule("approach", "level", "trend")}
    else:
        own = {"metrics": _list(_ref("metric")), "overrule": _overrule("approach", "level", "trend")}
    return {"title": item.name.en, **_object({**shared, **own})}


def _gap(release: str) -> Schema:
    return _object(
        {
            "id": _ref("identifier"),
            "grade": {"enum": ["major", "minor"]},
            "effort": {"allOf": [_ref("number")], "default": "1"},
            "ready_on": _ref("day"),
            "needs": _list(_ref("identifier")),
            "releases": _list(_ref(release)),
        },
        ("id",),
    )


def _gap_defs(standards: Sequence[Standard]) -> Schema:
    item, name = {"item": _ref("identifier")}, _ref("identifier")
    facts = [
        _object({**item, "line": name}, ("item", "line")),
        _object({**item, "unit": name}, ("item", "unit")),
        _object(
            {**item, "metric": name, "fact": {"enum": list(sheet.METRIC_FACTS)}},
            ("item", "metric", "fact"),
        ),
    ]
    word = _object(
        {"item": {"const": sheet.ACHIEVING_RESULTS}, "fact": {"const": "compliant"}}, ("item", "fact")
    )
    rows = {_row_release(each): {"oneOf": _row_releases(each)} for each in standards if each.criteria}
    return {"copc_release": {"oneOf": [*facts, word]}, "item_release": {"oneOf": facts}, **rows}


def _row_release(standard: Standard) -> str:
    return "row_release" if standard.id == catalogue.SEE_CMM else f"row_release_{standard.content_hash[:12]}"


def _row_releases(standard: Standard) -> list[Schema]:
    return [
        _object(
            {"criterion": {"const": criterion.id}, "row": {"enum": [row.id for row in criterion.rows]},
             "level": {"type": "integer", "minimum": 0, "maximum": 4}},
            ("criterion", "row", "level"),
        )
        for criterion in standard.criteria
    ]  # fmt: skip


def _see_sheet(standard: Standard) -> Schema:
    mark = {"type": ["integer", "null"], "minimum": 0, "maximum": 4}
    criteria = {
        criterion.id: {
            "title": criterion.name.en,
            "anyOf": [{"type": "null"}, _object({row.id: mark for row in criterion.rows})],
        }
        for criterion in standard.criteria
    }
    return _object(
        {
            **_common(standard),
            "part": {"type": "string"},
            "target_level": {"type": "integer", "minimum": 1, "maximum": 4, "default": 3},
            "rows": _object(criteria),
            "gaps": _list(_gap(_row_release(standard))),
        },
        ("format", "standard", "as_of", "rows"),
    )


# The result

_EXACT: Schema = {"type": "string", "pattern": "^-?[0-9]+(/[1-9][0-9]*)?$"}
_EXACT_OR_BLANK: Schema = {"anyOf": [{"type": "null"}, _EXACT]}
_TEXTS = _list({"type": "string"})


def score_result(own: Sequence[Standard] = ()) -> Schema:
    """The schema of a score result of any standard that ships, and of standards of one's own."""
    return {
        "$schema": DIALECT,
        "title": "score-result/1",
        "type": "object",
        "oneOf": [
            _copc_result(each) if each.family == "items" else _see_result(each) for each in _standards(own)
        ],
    }


def _closed(properties: Schema, optional: tuple[str, ...] = ()) -> Schema:
    return _object(properties, tuple(key for key in properties if key not in optional))


def _result_head(standard: Standard) -> Schema:
    return {
        "format": {"const": "score-result/1"},
        "standard": {"const": standard.id},
        "policy": {"type": "object", "required": list(policy.SWITCHES)},
    }


def _copc_result(standard: Standard) -> Schema:
    condition = {"id": {"type": "string"}, "holds": {"type": ["boolean", "null"]}}
    total = _closed({**condition, "id": {"const": "total"}, "needs": _EXACT, "has": _EXACT})
    others = _closed({**condition, "id": {"enum": ["approach_1_3", "category_4_full", "category_4_approach"]},
                      "items": _TEXTS})  # fmt: skip
    return _closed(
        {
            **_result_head(standard),
            "tier": {"enum": list(standard.tiers)},
            "items": _object({item.id: _item_result(item) for item in standard.items}),
            "categories": _object(
                {category.id: _closed({"points": _EXACT, "max": _EXACT}) for category in standard.categories}
            ),
            "total": _EXACT,
            "max": _EXACT,
            "verdict": {"enum": ["incomplete", "not_met", "meets_lenient_only", "meets"]},
            "conditions": {
                "type": "array",
                "items": {"oneOf": [total, others]},
                "minItems": 4,
                "maxItems": 4,
            },
            "blank": _TEXTS,
            "hints": _TEXTS,
        }
    )


def _item_result(item: Item) -> Schema:
    names = ("approach", "level", "trend") if item.unit_kind is None else ("approach", "deployment")
    scores = {name: {"enum": [None, *sheet.DIMENSIONS[name]]} for name in names}
    return _closed(
        {
            **scores,
            "percent": _EXACT_OR_BLANK,
            "points": _EXACT_OR_BLANK,
            "max": _EXACT,
            "why": _TEXTS,
            "computed": _object(scores),
        },
        optional=("computed",),
    )


def _see_result(standard: Standard) -> Schema:
    level = {"type": ["integer", "null"], "minimum": 0, "maximum": 4}
    row = _closed({"criterion": {"type": "string"}, "row": {"type": "string"}, "level": {"type": "integer"}})
    criterion = _closed(
        {"level": level, "percent": _EXACT_OR_BLANK, "points": _EXACT_OR_BLANK, "max": _EXACT}
    )
    return _closed(
        {
            **_result_head(standard),
            "criteria": _closed({entry.id: criterion for entry in standard.criteria}),
            "enabler_points": _EXACT,
            "result_points": _EXACT,
            "total": _EXACT,
            "max": _EXACT,
            "overall_level": level,
            "next": {"anyOf": [{"type": "null"}, _list(row)]},
            "warnings": _TEXTS,
            "blank": _TEXTS,
        }
    )
