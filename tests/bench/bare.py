"""The yardsticks: the same work by hand, and nothing around it.

A bare Flask application on the same database file and the same tables: no sign-in, no permissions, no forms, no
languages, no history. The list is one indexed statement with three joins for a page of 50 found by key, in a
Jinja table of eight columns. A write is one statement in a transaction as durable as ours (`synchronous=FULL`).
"""

import sqlite3
import threading
from pathlib import Path

from flask import Flask, abort, redirect, render_template, request

LIST = """
SELECT n.number, n.title, n.element, n.grade, n.state, n.due_on, n.due_rank, n.points_rank,
       s.name_en AS site, o.name_en AS owner, r.name_en AS raised_by
FROM nonconformities n
LEFT JOIN sites s ON s.organisation_id = n.organisation_id AND s.id = n.site_id
LEFT JOIN people o ON o.organisation_id = n.organisation_id AND o.id = n.owner_id
LEFT JOIN people r ON r.organisation_id = n.organisation_id AND r.id = n.raised_by_id
WHERE n.organisation_id = ? AND n.site_id = ? AND (n.due_rank, n.number) > (?, ?)
ORDER BY n.due_rank, n.number LIMIT 51
"""
RECORD = """
SELECT n.*, s.name_en AS site, o.name_en AS owner, r.name_en AS raised_by
FROM nonconformities n
LEFT JOIN sites s ON s.organisation_id = n.organisation_id AND s.id = n.site_id
LEFT JOIN people o ON o.organisation_id = n.organisation_id AND o.id = n.owner_id
LEFT JOIN people r ON r.organisation_id = n.organisation_id AND r.id = n.raised_by_id
WHERE n.organisation_id = ? AND n.number = ?
"""
TABLE = """
CREATE TABLE IF NOT EXISTS bare_records (
    id INTEGER PRIMARY KEY, organisation_id BIGINT NOT NULL, site_id BIGINT NOT NULL, state TEXT NOT NULL,
    grade TEXT NOT NULL, title TEXT NOT NULL, statement TEXT NOT NULL, evidence TEXT NOT NULL, owner_id BIGINT
)
"""
CREATE = """
INSERT INTO bare_records (organisation_id, site_id, state, grade, title, statement, evidence, owner_id)
VALUES (?, ?, 'draft', ?, ?, ?, ?, ?)
"""
MOVE = "UPDATE bare_records SET state = ? WHERE id = ?"
_FIELDS = ("grade", "title", "statement", "evidence", "owner_id")


def create_bare(database: Path, organisation_id: int, site_id: int) -> Flask:
    """The application; each thread keeps a connection of its own."""
    app = Flask(__name__, template_folder="templates", static_folder=None)
    kept = threading.local()

    def connection() -> sqlite3.Connection:
        if not hasattr(kept, "connection"):
            kept.connection = sqlite3.connect(database, isolation_level=None)
            kept.connection.row_factory = sqlite3.Row
            for pragma in ("busy_timeout=10000", "journal_mode=WAL", "synchronous=FULL"):
                kept.connection.execute(f"PRAGMA {pragma}")
        found: sqlite3.Connection = kept.connection
        return found

    connection().execute(TABLE)

    @app.get("/")
    def index() -> str:
        due, number = request.args.get("due", ""), int(request.args.get("number", 0))
        rows = connection().execute(LIST, (organisation_id, site_id, due, number)).fetchall()
        return render_template("bare_list.html", rows=rows[:50], more=len(rows) > 50)

    @app.get("/<int:number>")
    def show(number: int) -> str:
        row = connection().execute(RECORD, (organisation_id, number)).fetchone()
        return render_template("bare_record.html", row=row) if row else abort(404)

    @app.post("/new")
    def create():  # type: ignore[no-untyped-def]
        values = [request.form[name] for name in _FIELDS]
        made = connection().execute(CREATE, (organisation_id, site_id, *values))
        return redirect(f"/{made.lastrowid}", 303)

    @app.post("/<int:number>/moves/<event>")
    def move(number: int, event: str):  # type: ignore[no-untyped-def]
        connection().execute(MOVE, (event, number))
        return redirect(f"/{number}", 303)

    return app
