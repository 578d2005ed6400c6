"""Mail, handed to a real SMTP server on this machine: what arrives, what is tried again, and never twice."""

import re
import socket
import threading
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
import sqlalchemy as sa
from aiosmtpd.controller import Controller
from flask import Flask

from tests import factories as make
from tests.tracker.notifications.ground import Ground, lay
from tracker import clock, doctor
from tracker.accounts.models import MailWish, Role
from tracker.config import SettingsError, load_settings
from tracker.database import db
from tracker.history import Record
from tracker.notifications import sender
from tracker.notifications.mail import Letter, compose
from tracker.notifications.models import MailState, OutboxMessage
from tracker.notifications.services import tell
from tracker.notifications.words import HEADLINES

NOW = "2026-07-15"


class Post:
    """What an SMTP server was handed; `answers` are given in turn to the next letters, then all is taken."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.answers: list[str] = []
        self.refused: set[str] = set()

    async def handle_RCPT(  # noqa: N802 (the library's name)
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        if address in self.refused:
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        if self.answers:
            return self.answers.pop(0)
        found = message_from_bytes(envelope.content, policy=default)
        assert isinstance(found, EmailMessage)
        self.letters.append(found)
        self.recipients += envelope.rcpt_tos
        return "250 taken"


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture
def post() -> Post:
    return Post()


@pytest.fixture
def app(fresh_app: Flask, post: Post) -> Iterator[Flask]:
    """The application with a mail server that listens."""
    controller = Controller(post, hostname="127.0.0.1", port=free_port())
    controller.start()
    configure(fresh_app, controller.port)
    try:
        with clock.at(make.day(NOW)):
            yield fresh_app
    finally:
        controller.stop()


def configure(app: Flask, port: int, **more: object) -> None:
    wanted: dict[str, object] = {
        "testing": True,
        "instance": app.config["SETTINGS"].instance,
        "mail_host": "127.0.0.1",
        "mail_port": port,
        "mail_security": "none",
        "mail_from": "Rescore <rescore@example.com>",
        "base_url": "https://rescore.example.com/",
    }
    app.config["SETTINGS"] = load_settings(wanted | more)


@pytest.fixture
def ground(app: Flask) -> Iterator[Ground]:
    with app.app_context():
        yield lay()
        db.session.remove()


def write(ground: Ground, count: int = 1, kind: str = "nonconformity-opened", **payload: str) -> None:
    record = Record(ground.company.id, "nonconformity", 7, 7)
    for _ in range(count):
        tell(
            [ground.owner.id], kind, record, {"title": "Callbacks are late", "due_on": "2026-07-20"} | payload
        )
    db.session.commit()


def messages() -> list[OutboxMessage]:
    db.session.rollback()
    statement = sa.select(OutboxMessage).order_by(OutboxMessage.id).execution_options(populate_existing=True)
    found = list(db.session.execute(statement).scalars())
    db.session.commit()
    return found


def body(letter: EmailMessage, kind: str) -> str:
    part = letter.get_body((kind,))
    assert part is not None
    return str(part.get_content())


# ---------------------------------------------------------------- what arrives


def test_a_message_arrives_as_text_and_html_in_the_language_of_the_person(ground: Ground, post: Post) -> None:
    ground.owner.language = "en"
    write(ground)

    assert sender.send_waiting() == 1

    (letter,) = post.letters
    assert letter["Subject"] == "NC-0007 has been raised, and you own it"
    assert letter["To"] == f"Owner <{ground.owner.email}>"
    assert letter["From"] == "Rescore <rescore@example.com>"
    assert letter["Auto-Submitted"] == "auto-generated"
    for kind in ("plain", "html"):
        text = body(letter, kind)
        assert "Callbacks are late" in text
        assert "Due on 20 Jul 2026" in text
        assert "https://rescore.example.com/nonconformities/7" in text


def test_people_read_chinese_unless_they_chose_otherwise(ground: Ground, post: Post) -> None:
    write(ground)
    ground.owner.language = "en"
    record = Record(ground.company.id, "nonconformity", 7, 7)
    tell([ground.manager.id], "overdue", record, {"title": "回访超时", "due_on": "2026-07-10"})
    db.session.commit()

    assert sender.send_waiting() == 2

    english, chinese = post.letters
    assert english["Subject"].startswith("NC-0007 has been raised")
    assert "NC-0007" in chinese["Subject"]
    assert "逾期" in chinese["Subject"]
    assert "回访超时" in body(chinese, "plain")
    assert 'lang="zh-CN"' in body(chinese, "html")


def test_words_of_people_stay_words(ground: Ground, post: Post) -> None:
    write(ground, title="<b>5 < 6</b> & more")

    sender.send_waiting()

    assert "<b>5 < 6</b> & more" in body(post.letters[0], "plain")
    assert "&lt;b&gt;5 &lt; 6&lt;/b&gt; &amp; more" in body(post.letters[0], "html")


def test_a_line_break_in_a_title_opens_no_header(ground: Ground, post: Post) -> None:
    write(
        ground,
        kind="escalated-manager",
        owner_en="Eve\r\nBcc: all@example.com",
        owner_zh="Eve\r\nBcc: all@example.com",
    )

    assert sender.send_waiting() == 1

    assert post.letters[0]["Bcc"] is None
    assert post.recipients == [ground.owner.email]


def test_a_sent_message_is_marked_and_not_sent_again(ground: Ground, post: Post) -> None:
    write(ground, 3)

    assert sender.send_waiting() == 3
    assert sender.send_waiting() == 0

    assert [each.mail for each in messages()] == [MailState.SENT] * 3
    assert all(each.sent_at is not None and each.attempts == 1 for each in messages())
    assert len({letter["Message-ID"] for letter in post.letters}) == 3


def test_many_go_in_several_batches(ground: Ground, post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "BATCH", 4)
    write(ground, 10)

    assert sender.send_waiting() == 10


# ---------------------------------------------------------------- what stays


@pytest.mark.parametrize(
    ("wish", "kind", "arrives"),
    [
        (MailWish.EACH, "overdue", True),
        (MailWish.EACH, "digest", False),
        (MailWish.DIGEST, "overdue", False),
        (MailWish.DIGEST, "digest", True),
        (MailWish.NONE, "overdue", False),
        (MailWish.NONE, "digest", False),
    ],
)
def test_people_get_what_they_wish(
    ground: Ground, post: Post, wish: MailWish, kind: str, arrives: bool
) -> None:
    ground.owner.mail = wish
    write(ground, kind=kind)

    sender.send_waiting()

    assert len(post.letters) == arrives
    assert messages()[0].mail == (MailState.SENT if arrives else MailState.SKIPPED)


def test_whoever_has_left_gets_no_mail(ground: Ground, post: Post) -> None:
    ground.owner.active = False
    write(ground)

    assert sender.send_waiting() == 0
    assert messages()[0].mail == MailState.SKIPPED


def test_old_messages_do_not_pour_out_when_mail_is_first_set_up(ground: Ground, post: Post) -> None:
    with clock.at(make.day(NOW) - timedelta(days=5)):
        write(ground)
    write(ground)

    assert sender.send_waiting() == 1
    assert [each.mail for each in messages()] == [MailState.SKIPPED, MailState.SENT]


def test_a_whole_batch_that_nobody_wants_does_not_hide_the_next(
    ground: Ground, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sender, "BATCH", 2)
    write(ground, 5, kind="digest")
    write(ground)

    assert sender.send_waiting() == 1


def test_without_a_mail_server_messages_wait_in_the_application(fresh_app: Flask) -> None:
    with fresh_app.app_context():
        ground = lay()
        write(ground)

        assert sender.send_waiting() == 0
        assert messages()[0].mail == MailState.WAITING


# ---------------------------------------------------------------- what goes wrong


def test_a_server_that_is_busy_is_asked_again_after_longer_and_longer(ground: Ground, post: Post) -> None:
    post.answers = ["451 greylisted"] * 3
    write(ground)
    start = clock.now()
    waits = []
    for _ in range(3):
        waiting = messages()[0]
        with clock.at(waiting.not_before or start):
            assert sender.send_waiting() == 0
            waits.append((messages()[0].not_before or start) - clock.now())
    assert waits == [timedelta(minutes=1), timedelta(minutes=2), timedelta(minutes=4)]
    assert "greylisted" in messages()[0].failure

    assert sender.send_waiting() == 0
    with clock.at(messages()[0].not_before or start):
        assert sender.send_waiting() == 1
    assert (messages()[0].mail, messages()[0].attempts) == (MailState.SENT, 4)


def test_a_mailbox_that_does_not_exist_fails_at_once_and_the_next_letter_goes_out(
    ground: Ground, post: Post
) -> None:
    post.refused = {ground.owner.email}
    write(ground)
    tell([ground.manager.id], "overdue", Record(ground.company.id, "nonconformity", 7, 7), {})
    db.session.commit()

    assert sender.send_waiting() == 1

    first, second = messages()
    assert (first.mail, second.mail) == (MailState.FAILED, MailState.SENT)
    assert "no such mailbox" in first.failure


def test_an_administrator_is_told_once_a_day_of_an_address_that_is_refused(
    ground: Ground, post: Post
) -> None:
    admin = make.person(ground.company, Role.ADMINISTRATOR, language="en")
    post.refused = {ground.owner.email}
    write(ground, 3)

    sender.send_waiting()
    sender.send_waiting()

    told = [each for each in messages() if each.kind == "mail-refused"]
    assert [each.person_id for each in told] == [admin.id]
    (letter,) = post.letters
    assert letter["Subject"] == "Mail to Owner is refused: nothing more reaches them by mail"
    for kind in ("plain", "html"):
        assert ground.owner.email in body(letter, kind)
        assert "no such mailbox" in body(letter, kind)
        assert f"https://rescore.example.com/people/{ground.owner.id}" in body(letter, kind)


def test_an_administrator_whose_own_address_is_refused_is_told_in_the_application_and_no_more(
    ground: Ground, post: Post
) -> None:
    admin = make.person(ground.company, Role.ADMINISTRATOR)
    post.refused = {admin.email}
    tell([admin.id], "overdue", Record(ground.company.id, "nonconformity", 7, 7), {})
    db.session.commit()

    for _each in range(3):
        sender.send_waiting()

    assert [(each.kind, each.mail) for each in messages()] == [
        ("overdue", MailState.FAILED),
        ("mail-refused", MailState.FAILED),
    ]


# ---------------------------------------------------------------- what a mail says of itself


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("base_url", ["https://rescore.example.com", ""])
def test_every_kind_of_mail_has_whole_links_and_says_why_it_comes(
    fresh_app: Flask, lang: str, base_url: str
) -> None:
    configure(fresh_app, 25, base_url=base_url)
    items = [{"record_kind": "action", "number": 3, "title": "T", "due_on": "2026-07-01", "owner_en": "O"}]
    with fresh_app.app_context():
        for kind in sorted(HEADLINES):
            payload = {"person_id": "7", "code": "east", "site_en": "East", "title": "Late"}
            together = {
                "items": items,
                "kinds": {"action": 21},
                "more": 20,
                "overdue": 21,
                "due_on": "2026-07-01",
            }
            said = payload | (together if "-of-day" in kind or kind == "digest" else {})
            letter = Letter(
                1, 2, kind, "nonconformity", 7, said, clock.now(), 9, "a@example.com", "员工", "Owner", lang
            )
            mail = compose(letter, fresh_app.config["SETTINGS"])
            for part in ("plain", "html"):
                text = body(mail, part)
                assert "%(" not in text
                assert ("您收到此邮件，是因为" if lang == "zh" else "You get this because") in text, kind
                links = re.findall(r'https?://[^\s"<>]+', text)
                assert all(link.startswith("https://rescore.example.com/") for link in links)
                assert bool(links) == bool(base_url)
                assert 'href="/' not in text
            assert mail["List-Unsubscribe"] == (f"<{base_url}/notifications/#by-mail>" if base_url else None)


def test_a_server_that_is_not_there_puts_everything_off(ground: Ground) -> None:
    from flask import current_app

    configure(current_app._get_current_object(), free_port())  # type: ignore[attr-defined]
    write(ground, 2)

    assert sender.send_waiting() == 0

    for each in messages():
        assert (each.mail, each.attempts, each.claimed_until) == (MailState.WAITING, 1, None)
        assert each.not_before == clock.now() + timedelta(minutes=1)


def test_after_three_days_it_is_given_up(ground: Ground, post: Post) -> None:
    write(ground)
    post.answers = ["451 busy"]
    sender.send_waiting()
    row = messages()[0]
    post.answers = ["451 busy"]

    with clock.at(make.day(NOW) + timedelta(days=4)):
        sender.send_waiting()

    assert messages()[0].mail in (MailState.FAILED, MailState.SKIPPED)
    assert row.attempts >= 1
    assert post.letters == []


def test_a_claim_of_somebody_who_died_lapses(ground: Ground, post: Post) -> None:
    write(ground)
    row = messages()[0]
    row.claimed_by, row.claimed_until = "a worker that died", clock.now() + sender.CLAIM
    db.session.commit()

    assert sender.send_waiting() == 0
    with clock.at(clock.now() + sender.CLAIM):
        assert sender.send_waiting() == 1


def test_two_workers_send_nothing_twice(app: Flask, post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "BATCH", 3)
    with app.app_context():
        write(lay(), 40)
        db.session.remove()
    start = threading.Barrier(4)
    sent: list[int] = []

    def run() -> None:
        with app.app_context(), clock.at(make.day(NOW)):
            start.wait()
            sent.append(sender.send_waiting())

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(sent) == 40
    assert len({letter["Message-ID"] for letter in post.letters}) == len(post.letters) == 40


# ---------------------------------------------------------------- settings


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"mail_host": "mail.example.com"}, "mail_from is needed"),
        ({"mail_host": "x", "mail_from": "nobody"}, "must hold an e-mail address"),
        ({"base_url": "rescore.example.com"}, "must begin with http"),
        ({"mail_security": "perhaps"}, "mail_security"),
        ({"queue_url": "amqp://x"}, "must be a redis"),
    ],
)
def test_settings_that_cannot_be_used_are_named(settings: dict[str, object], expected: str) -> None:
    with pytest.raises(SettingsError, match=expected):
        load_settings(settings)


def test_the_doctor_says_whether_mail_goes_out(app: Flask, ground: Ground) -> None:
    settings = app.config["SETTINGS"]

    assert doctor.check_mail(settings).weight == doctor.FINE
    configure(app, settings.mail_port, base_url="")
    assert "TRACKER_BASE_URL" in doctor.check_mail(app.config["SETTINGS"]).finding
    configure(app, free_port())
    assert doctor.check_mail(app.config["SETTINGS"]).weight == doctor.WARNING
    nothing = doctor.check_mail(load_settings({"testing": True}))
    assert (nothing.weight, "stay in the application" in nothing.finding) == (doctor.NOTE, True)
