"""A sheet of rows and a goal as an integer program."""

from collections.abc import Iterator, Sequence
from fractions import Fraction

from scoring.closures import Entity, SeeModel
from scoring.path_writer import Writer
from scoring.program import Linear, constant, variable

# A row of a criterion: by how much each step raises it, with its switch, and the level as it stands (none: empty).
_Row = tuple[list[tuple[int, Linear]], int | None]


class RowWriter:
    """The rows of a sheet: for every level that a row can rise to, a switch that needs the level below."""

    def __init__(self, writer: Writer, model: SeeModel) -> None:
        self.writer = writer
        self.program = writer.program
        self.model = model

    def write(self) -> None:
        """Every condition of the goal."""
        terms: list[tuple[Fraction, Linear]] = []
        for criterion in self.model.criteria.values():
            rows = [
                self._climb(criterion.entities[row]) if row in criterion.entities else ([], mark)
                for row, mark in criterion.rows.items()
            ]
            if self.writer.goal.kind == "level":
                self._reach_level(rows)
            else:
                weight = criterion.full / (4 * len(rows))
                terms += [(weight * rise, switch) for rise, switch in self._unless_empty(rows)]
        if self.writer.goal.kind == "points":
            self.writer.reach(terms, self.writer.goal.value)

    def _climb(self, entity: Entity) -> _Row:
        """A row as steps, each of which needs the one below: its pins hold one another."""
        steps: list[tuple[int, Linear]] = []
        below, closed = constant(1), 0
        for place, pin in enumerate(entity.pins):
            new = [variable(bit) for bit in range(len(self.writer.gaps)) if (pin & ~closed) >> bit & 1]
            below, closed = self.program.both(below, *new), pin
            before, after = entity.table[(1 << place) - 1], entity.table[(2 << place) - 1]
            steps.append((after[0] - before[0], below))
        mark, empty = entity.table[0]
        return steps, None if empty else mark

    def _unless_empty(self, rows: Sequence[_Row]) -> Iterator[tuple[int, Linear]]:
        """What the rows of a criterion add up to, as long as none of them is empty."""
        filled = self.program.both(*self._filled(rows))
        for steps, mark in rows:
            yield mark or 0, filled
            for rise, switch in steps:
                if rise:
                    yield rise, self.program.both(switch, filled)

    def _filled(self, rows: Sequence[_Row]) -> Iterator[Linear]:
        for steps, mark in rows:
            if mark is None:
                yield steps[0][1] if steps else constant(0)

    def _reach_level(self, rows: Sequence[_Row]) -> None:
        level = int(self.writer.goal.value)
        for switch in self._filled(rows):
            self.writer.demand(switch)
        totals = []
        for steps, mark in rows:
            total = constant((mark or 0) - level)
            for rise, switch in steps:
                total = total.add(switch, rise)
            totals.append(total)
        if self.model.sheet.policy.level_rule == "weakest":
            for total in totals:
                self.program.at_least_zero(total)
        else:
            together = Linear()
            for total in totals:
                together = together.add(total)
            self.program.at_least_zero(together)
