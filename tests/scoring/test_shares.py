"""What closures are worth, held against the definition under every switch that ties facts together."""

from fractions import Fraction
from itertools import product
from typing import Any

import pytest

from scoring import attribution, closures
from scoring.sheet import parse
from tests.scoring import builders
from tests.scoring.builders import gap, item, lines
from tests.scoring.random_sheets import Maker
from tests.scoring.test_properties import share_by_definition, subsets, total

TIES = {
    "copc.note3_effect": ("waive_lines", "auto_trend"),
    "copc.c47_compliant": ("assessor", "computed"),
    "copc.cui_denominator": ("keep", "drop"),
}


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("switched", list(product(*TIES.values())), ids="-".join)
def test_every_share_is_the_one_by_definition(switched: tuple[str, ...], seed: int) -> None:
    """Few items with many open facts each: a practice, two of results, and the one whose word the others take."""
    maker = Maker(seed)
    plain = maker.sheet(rough=1, blank=0.1)
    kept = {name: entry for name, entry in plain["items"].items() if name in ("2.3", "4.1", "4.2", "4.7")}
    units = {name: plain[name] for name in ("programmes", "key_positions")}
    plain |= {"items": kept, "gaps": maker.gaps(maker.facts(kept, units), 4)}
    sheet = parse(plain | {"policy": dict(zip(TIES, switched, strict=True))})
    values = {closed: total(sheet, closed) for closed in subsets(sheet)}

    found = attribution.attribute(sheet)

    assert found.exact
    assert {name: worth.share for name, worth in found.gaps.items()} == {
        entry.id: share_by_definition(entry.id, values, len(sheet.gaps)) for entry in sheet.gaps
    }


@pytest.mark.parametrize("seed", range(6))
def test_shares_of_rows_are_those_by_definition(seed: int) -> None:
    sheet = parse(Maker(seed).rows(gaps=4, empty=0.2))
    values = {closed: total(sheet, closed) for closed in subsets(sheet)}

    found = attribution.attribute(sheet)

    model = closures.compile_sheet(sheet)
    bit = {entry.id: 1 << place for place, entry in enumerate(sheet.gaps)}
    assert all(model.total(sum(bit[name] for name in closed)) == value for closed, value in values.items())
    for entry in sheet.gaps:
        assert found.gaps[entry.id].share == share_by_definition(entry.id, values, len(sheet.gaps))


def different(item_id: str, players: int) -> tuple[dict[str, Any], list[list[dict[str, str]]]]:
    """An item of which each gap shares a line with the next one, and what each gap pins."""
    found = lines(item_id, 0, players)
    names = list(found)
    return item(item_id, lines=found), [
        [{"item": item_id, "line": names[at]} for at in (n, (n + 1) % players)] for n in range(players)
    ]


def test_errors_of_parts_add_up_as_variances_do() -> None:
    """The same game on two items, played in different orders; a lone gap beside them is worth what it is worth."""
    first, pins = different("1.2", 20)
    second, more = different("2.7", 20)
    plain = builders.sheet(
        _1_2=first,
        _2_7=second,
        _3_5=item("3.5", lines=lines("3.5", 3, 1)),
        gaps=[
            *(gap(f"NC-{n:02}", *pins[n], *more[n]) for n in range(20)),
            gap("lone", {"item": "3.5", "line": "3.5-3"}),
        ],
    )
    sheet = parse(plain)
    parts = list(attribution.parts_of(closures.compile_sheet(sheet)))
    one, two, three = (attribution.shapley(part, number) for number, part in enumerate(parts))

    found = attribution.attribute(sheet)

    assert not one.exact
    assert one.shares != two.shares
    assert three.exact
    assert found.gaps["lone"].error == 0
    for bit in range(20):
        error = found.gaps[f"NC-{bit:02}"].error
        variance = one.variances[bit] + two.variances[bit]
        assert error is not None
        assert error**2 <= variance < (error + Fraction(1, 10**6)) ** 2


def test_an_error_is_told_in_millionths() -> None:
    assert attribution._root(Fraction(2)) == Fraction(1_414_213, 10**6)
    assert attribution._root(Fraction(1, 9)) == Fraction(333_333, 10**6)
