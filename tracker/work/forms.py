"""What may be typed about comments, absences and handing over."""

from datetime import date, timedelta
from typing import Any

from flask_wtf import FlaskForm
from wtforms import DateField, SelectMultipleField, StringField, TextAreaField

from tracker.accounts.forms import at_most, pairs, required, strip
from tracker.actions.forms import IdSelect
from tracker.i18n import lazy_gettext as _l

LONGEST = 4000


class CommentForm(FlaskForm):
    """What somebody says about a record, and who is to be told."""

    text = TextAreaField(
        _l("Comment"),
        [required(_l("Write something first.")), at_most(LONGEST)],
        filters=[strip],
        description=_l("@ and a name tells that person."),
    )
    mention = SelectMultipleField(_l("Tell"), coerce=str, validate_choice=False)

    def offer(self, people: list[tuple[int, str]]) -> None:
        """The people who may be told."""
        self.mention.choices = pairs(*((str(key), name) for key, name in people))

    def chosen(self) -> tuple[int, ...]:
        """Those of the people offered who were chosen; others are not there to be told."""
        known = {choice.value for choice in self.mention.choices}
        return tuple(int(key) for key in self.mention.data or () if key in known)


class AbsenceForm(FlaskForm):
    """Who is away, who stands in, from when until when."""

    person_id = IdSelect(_l("Who is away"), need=True)
    deputy_id = IdSelect(_l("Deputy"), need=True)
    from_on = DateField(_l("First day"), [required()])
    until_on = DateField(_l("Last day"), [required()])
    reason = StringField(_l("Reason"), [at_most(300)], filters=[strip])

    @classmethod
    def fresh(cls, person_id: int, today: date) -> "AbsenceForm":
        """A form for somebody's next two weeks."""
        return cls(
            formdata=None,
            data={"person_id": str(person_id), "from_on": today, "until_on": today + timedelta(days=13)},
        )


class HandOverForm(FlaskForm):
    """To whom everything unfinished goes, and why."""

    to_id = IdSelect(_l("To whom"), need=True)
    reason = TextAreaField(_l("Reason"), [required(), at_most(LONGEST)], filters=[strip])

    def offer(self, people: list[tuple[int, str]], empty: Any) -> None:
        """The people it may go to."""
        self.to_id.offer(people, empty)
