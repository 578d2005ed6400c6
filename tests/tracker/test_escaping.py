"""What people type is text on every page, never markup: also where a page escapes by hand to be fast."""

from flask import Flask

from tests import factories
from tests.conftest import make_client
from tests.pages import Pages
from tracker.accounts.models import Role
from tracker.database import db

EVIL = "<script>alert('x')</script>\"'><img src=x onerror=alert(1)>"


def test_a_title_a_name_and_a_site_are_shown_as_they_were_typed(app: Flask) -> None:
    with app.app_context():
        organisation = factories.organisation()
        site = factories.site(organisation, name_zh=EVIL, name_en=EVIL)
        owner = factories.person(organisation, Role.QUALITY_MANAGER, name_zh=EVIL[:100], name_en=EVIL[:100])
        record = factories.nonconformity(
            site, owner, owner_id=owner.id, title=EVIL, statement=EVIL, evidence=EVIL
        )
        db.session.commit()
        pages = Pages(make_client(app)).sign_in(owner)

    for path in ("/nonconformities/", f"/nonconformities/{record.number}", "/", "/sites/", "/people/"):
        text = pages.get(path).text

        assert "<script>alert" not in text, path
        assert "<img src=x" not in text, path
    assert "&lt;script&gt;alert" in pages.get("/nonconformities/").text
