"""The options of a drop-down: escaped, in the language of the request, the chosen one marked."""

from flask import Flask
from markupsafe import Markup

from tracker.options import options


def test_what_is_chosen_is_marked_and_only_that(app: Flask) -> None:
    with app.test_request_context():
        assert options([("a", "One"), ("ab", "Two")], "a") == Markup(
            '<option value="a" selected>One</option><option value="ab">Two</option>'
        )
        assert "selected" not in options([("a", "One")], "b")
        assert "selected" not in options([("a", "One")], None)


def test_a_number_chooses_its_text(app: Flask) -> None:
    with app.test_request_context():
        assert '<option value="7" selected>' in options([(7, "Seven"), (70, "Seventy")], 7)


def test_what_people_typed_is_escaped_in_value_and_text(app: Flask) -> None:
    with app.test_request_context():
        shown = options([('"><script>', "<b>& Co</b>")], '"><script>')
    assert shown == '<option value="&#34;&gt;&lt;script&gt;" selected>&lt;b&gt;&amp; Co&lt;/b&gt;</option>'


def test_another_name_is_shown_at_once(app: Flask) -> None:
    with app.test_request_context():
        assert "Lin" in options([(1, "Lin")])
        assert "Lin" not in options([(1, "Chen")])
