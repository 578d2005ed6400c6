"""What an operator is told about an installation."""

from pathlib import Path

import pytest
from flask import Flask

from tracker import doctor
from tracker.config import load_settings


def settings(folder: Path, **overrides: object):  # type: ignore[no-untyped-def]
    return load_settings({"instance": folder, "database_url": "", "secret_key": ""} | overrides)


@pytest.fixture
def found(fresh_app: Flask, tmp_path: Path) -> dict[str, doctor.Check]:
    with fresh_app.app_context():
        return {check.name: check for check in doctor.examine(fresh_app.config["SETTINGS"])}


def test_an_installation_in_order_has_no_fault(found: dict[str, doctor.Check]) -> None:
    # The suite's own PostgreSQL gives up durability for speed, and the operator would be told.
    worse = {name for name, check in found.items() if check.weight >= doctor.WARNING}
    assert worse <= {"settings of the database"}
    assert "answers" in found["database"].finding
    assert found["migrations"].mark == "✓"
    assert found["mail"].weight == doctor.NOTE


def test_a_secret_that_others_can_read_is_a_fault(tmp_path: Path) -> None:
    secret = tmp_path / "secret_key"
    secret.write_text("x" * 40)
    secret.chmod(0o644)

    assert doctor.check_secret(settings(tmp_path)).weight == doctor.FAULT
    secret.chmod(0o600)
    assert doctor.check_secret(settings(tmp_path)).weight == doctor.FINE


def test_little_room_is_told_before_it_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def weight(free: int) -> int:
        monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _path: type("Usage", (), {"free": free}))
        return doctor.check_disk(settings(tmp_path / "not" / "made" / "yet")).weight

    assert [weight(10 * 2**30), weight(2**29), weight(2**20)] == [doctor.FINE, doctor.WARNING, doctor.FAULT]


def test_a_check_that_breaks_does_not_end_the_others(
    fresh_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_settings: object) -> doctor.Check:
        raise OSError("no such device\nand more")

    monkeypatch.setattr(doctor, "check_disk", broken)
    with fresh_app.app_context():
        found = doctor.examine(fresh_app.config["SETTINGS"])

    assert [check.finding for check in found if check.name == "disk"] == ["OSError: no such device"]
    assert found[-1].name == "background work"
