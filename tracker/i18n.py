"""Languages: which one this request speaks, and how values look in it. The one module that knows the library."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from fractions import Fraction
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from babel.support import NullTranslations, Translations
from flask import Flask, Request, g, has_request_context, request, session
from flask_babel import Babel, force_locale, format_date, format_datetime, lazy_gettext

from scoring.numbers import show
from tracker.config import PACKAGE

LANGUAGES = ("zh", "en")
_LOCALES = {"zh": "zh_CN", "en": "en"}
_HTML = {"zh": "zh-CN", "en": "en"}
TIME_ZONE = ZoneInfo("Asia/Shanghai")

__all__ = ["LANGUAGES", "Bilingual", "gettext", "language", "lazy_gettext", "ngettext", "say"]


class Bilingual(Protocol):
    """A text of the pure packages, held in both languages."""

    def of(self, lang: str) -> str: ...


def choose_language(req: Request) -> str:
    """By the person's preference, then by the choice kept in the session, then by the browser."""
    person = getattr(g, "person", None)
    for wish in (getattr(person, "language", None), session.get("language")):
        if wish in LANGUAGES:
            return str(wish)
    best = req.accept_languages.best_match(["zh-CN", "zh", "zh-Hans", "zh-TW", "en"], default="en")
    return "zh" if best.startswith("zh") else "en"


def language() -> str:
    """`zh` or `en`, for this request."""
    if not has_request_context():
        return getattr(g, "language", "en") if _has_app() else "en"
    if "language" not in g:
        g.language = choose_language(request)
    return str(g.language)


@contextmanager
def speaking(lang: str | None) -> Iterator[None]:
    """Within the block the language is `lang` (Chinese for None): for what is written outside a request."""
    before = g.get("language")
    g.language = lang if lang in LANGUAGES else "zh"
    try:
        with force_locale(_LOCALES[g.language]):
            yield
    finally:
        if before is None:
            g.pop("language", None)
        else:
            g.language = before


def _has_app() -> bool:
    from flask import has_app_context

    return has_app_context()


def say(text: Bilingual | str) -> str:
    """A bilingual text in the language of this request; plain strings pass through."""
    return text if isinstance(text, str) else text.of(language())


# The library finds out anew for each text where it is and in which language; a page has a hundred texts.
_catalogues: dict[str, Any] = {}
_UNTRANSLATED = NullTranslations()


def _catalogue() -> Any:
    if not _has_app():
        return _UNTRANSLATED
    lang = language()
    found = _catalogues.get(lang)
    if found is None:
        found = _catalogues[lang] = Translations.load(PACKAGE / "translations", [_LOCALES[lang]])
    return found


def gettext(message: str, /, **variables: object) -> str:
    """A text in the language of this request, its `%(name)s` filled in."""
    text = str(_catalogue().ugettext(message))
    return text % variables if variables else text


def ngettext(one: str, many: str, num: int, /, **variables: object) -> str:
    """A text that depends on a number, which fills `%(num)s`."""
    return str(_catalogue().ungettext(one, many, num)) % {"num": num, **variables}


def pick(zh: str, en: str) -> str:
    """Of a name kept in both languages the one to show; the other where it is empty."""
    return (zh or en) if language() == "zh" else (en or zh)


def points(value: Fraction | None, *lines: int | Fraction) -> str:
    """Points or percent for display: one decimal, half up, never looking as if a line was reached (C-ARITH-2)."""
    return "–" if value is None else show(value, 1, tuple(Fraction(line) for line in lines))


def signed(value: Fraction | None) -> str:
    """A change of points with its sign."""
    if value is None:
        return "–"
    text = show(abs(value), 1)
    return f"−{text}" if value < 0 else f"+{text}"


def show_date(value: date | None) -> str:
    """A day, written as the language writes it."""
    return (
        "–"
        if value is None
        else str(format_date(value, "yyyy-MM-dd" if language() == "zh" else "d MMM yyyy"))
    )


def show_datetime(value: datetime | None) -> str:
    """A moment in the organisation's time zone."""
    if value is None:
        return "–"
    pattern = "yyyy-MM-dd HH:mm" if language() == "zh" else "d MMM yyyy, HH:mm"
    return str(format_datetime(value.astimezone(TIME_ZONE).replace(tzinfo=None), pattern, rebase=False))


def init_app(app: Flask) -> None:
    """Bind the library and give the templates what they use."""
    app.config.setdefault("BABEL_TRANSLATION_DIRECTORIES", "translations")
    Babel(app, locale_selector=lambda: _LOCALES[language()])
    app.jinja_env.filters.update(
        t=say, points=points, percent=points, signed=signed, date=show_date, datetime=show_datetime
    )
    app.jinja_env.globals.update(pick=pick)
    app.jinja_env.install_gettext_callables(  # type: ignore[attr-defined]
        gettext=lambda message: _catalogue().ugettext(message),
        ngettext=lambda one, many, num: _catalogue().ungettext(one, many, num),
        newstyle=True,
    )

    @app.context_processor
    def speak() -> dict[str, object]:
        return {"lang": language(), "html_lang": _HTML[language()]}
