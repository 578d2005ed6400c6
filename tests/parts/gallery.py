"""Every part of a page with sample data, in a small application without a database.

python -m tests.parts.gallery        serves it on http://127.0.0.1:5077/?lang=zh&theme=dark

The parts are looked at here, and tested: what breaks a page in one language, theme or width shows at once.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

from flask import Blueprint, Flask, Response, make_response, render_template, request
from flask_wtf import CSRFProtect, FlaskForm
from jinja2 import ChoiceLoader, FileSystemLoader, StrictUndefined
from wtforms import BooleanField, DateField, DecimalField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice

import tracker
from tracker import charts, fragments, i18n, kept, options, static_files, submissions
from tracker.extensions import htmx

HERE = Path(__file__).resolve().parent
PACKAGE = Path(tracker.__file__).resolve().parent
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; style-src-attr 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
PLACES = {
    "dashboard.index": "/",
    "work.index": "/my-work/",
    "causes.index": "/causes/",
    "figures.index": "/figures/",
    "processes.index": "/processes/",
    "notifications.index": "/notifications/",
    "reviews.index": "/reviews/",
    "nonconformities.index": "/nonconformities/",
    "actions.index": "/actions/",
    "audits.index": "/audits/",
    "scores.index": "/scores/",
    "metrics.index": "/metrics/",
    "organisations.index": "/sites/",
    "organisations.people": "/people/",
    "accounts.sign_in": "/sign-in",
    "accounts.sign_out": "/sign-out",
    "accounts.preferences": "/preferences",
    "accounts.account": "/account",
}
PAGES = {
    "dashboard.index": "dashboard.html",
    "nonconformities.index": "register.html",
    "actions.index": "record.html",
    "metrics.index": "forms.html",
    "accounts.sign_in": "sign_in.html",
}


@dataclass(frozen=True)
class Words:
    """A text in both languages, as the pure packages hold it."""

    zh: str
    en: str

    def of(self, lang: str) -> str:
        return self.zh if lang.startswith("zh") else self.en


@dataclass(frozen=True)
class Toned:
    """A state or a grade as pages get it."""

    title: Words
    tone: str


def toned(zh: str, en: str, tone: str) -> Toned:
    return Toned(Words(zh, en), tone)


def say(zh: str, en: str) -> str:
    return Words(zh, en).of(i18n.language())


STATES = (
    toned("草稿", "Draft", "neutral"),
    toned("已登记", "Open", "info"),
    toned("有异议", "Disputed", "attention"),
    toned("改正中", "Correcting", "progress"),
    toned("待跟进审核", "Verifying", "review"),
    toned("已关闭", "Closed", "success"),
    toned("逾期", "Overdue", "danger"),
    toned("已作废", "Void", "muted"),
)
GRADES = (
    toned("严重不符合", "Major", "danger"),
    toned("一般不符合", "Minor", "attention"),
    toned("观察项", "Observation", "neutral"),
)
GAPS = (
    Words("呼叫记录抽检未覆盖夜班", "Call monitoring sample leaves out the night shift"),
    Words("招聘测评缺少语言能力标准", "Recruitment tests lack a language standard"),
    Words("首次解决率数据完整性不足", "First-contact resolution data fail the integrity check"),
    Words("知识库更新未经审批", "Knowledge base changed without approval"),
    Words("投诉未按原因归类", "Complaints are not grouped by cause"),
    Words("服务水平协议未每月复核", "Service levels are not reviewed each month"),
    Words("主管辅导记录缺失", "Coaching records are missing"),
    Words("排班预测误差过大", "Forecast error of scheduling too large"),
)


def rows() -> list[SimpleNamespace]:
    """A register: every state and grade, due dates from long overdue to far ahead."""
    today = date(2026, 11, 20)
    return [
        SimpleNamespace(
            number=f"NC-{index + 1:04d}",
            title=title.of(i18n.language()),
            state=STATES[index],
            grade=GRADES[index % 3],
            item=f"{index % 4 + 1}.{index % 5 + 1}",
            owner=say("王芳", "Wang Fang"),
            due=today + timedelta(days=7 * (index - 2)),
            days=7 * (index - 2),
            points=Fraction(50 * (index + 1), 3),
        )
        for index, title in enumerate(GAPS)
    ]


def move(event: str, title: str, target: str, tone: str, **more: object) -> SimpleNamespace:
    view = {"reasons": (), "signature": None, "reason_required": False} | more
    return SimpleNamespace(
        event=event, title=title, target=target, tone=tone, allowed=not view["reasons"], **view
    )


def moves() -> list[SimpleNamespace]:
    """One move of each kind: plain, signed, with a reason, and refused ones."""
    sod = say(
        "审批人不能是该行动的责任人(职责分离 2)。",
        "The approver may not be the owner of the action (segregation of duties 2).",
    )
    task = say("原因 C2 还没有任务。", "Cause C2 has no task yet.")
    meaning = say("我确认行动已实施且有效。", "I confirm that the action is implemented and effective.")
    return [
        move(
            "submit",
            say("提交审批", "Submit for approval"),
            say("计划待审批", "Plan awaiting approval"),
            "review",
        ),
        move(
            "close", say("签署关闭", "Sign and close"), say("已关闭", "Closed"), "success", signature=meaning
        ),
        move(
            "cancel",
            say("取消行动", "Cancel the action"),
            say("已取消", "Cancelled"),
            "muted",
            reason_required=True,
        ),
        move(
            "approve",
            say("批准计划", "Approve the plan"),
            say("实施中", "Implementing"),
            "progress",
            reasons=(sod, task),
        ),
        move(
            "follow",
            say("开始跟进", "Start follow-up"),
            say("跟进审核中", "Follow-up"),
            "review",
            reasons=(task,),
        ),
    ]


def history() -> list[SimpleNamespace]:
    return [
        SimpleNamespace(
            who=say("陈刚", "Chen Gang"), when="2026-11-20 14:05", what=say("签署关闭", "Signed and closed"),
            tone="success", icon="signature", detail=say("条目 1.2 +10.0 分", "Item 1.2 +10.0 points"), state=STATES[5],
        ),
        SimpleNamespace(
            who=say("王芳", "Wang Fang"), when="2026-11-12 09:30", what=say("提交跟进审核", "Sent to follow-up audit"),
            tone="review", icon="eye-check", quote=say("三个班次的记录已附上。", "Records are attached."),
        ),
        SimpleNamespace(who=say("李敏", "Li Min"), when="2026-10-01 10:00", what=say("登记", "Raised")),
    ]  # fmt: skip


def causes() -> list[SimpleNamespace]:
    """A chain that branches: one branch ends at a verified root cause, the other at a person."""
    roster = SimpleNamespace(
        text=say("清单来自旧排班表,没有同步夜班", "The list comes from an old roster without the night shift"),
        kind=say("根本原因", "Root cause"), verified=True, evidence=say("排班系统导出", "Roster export"),
    )  # fmt: skip
    names = SimpleNamespace(
        text=say("抽样清单只列白班话务员", "The sampling list names day agents only"), children=[roster]
    )
    person = SimpleNamespace(
        text=say("质检员疏忽", "The quality analyst was careless"), kind=say("促成原因", "Contributing cause"),
        flag=say("链条止于个人:是哪个流程允许它发生?", "The chain ends at a person: which process allowed it?"),
    )  # fmt: skip
    return [
        SimpleNamespace(
            text=say("夜班通话没有被抽检", "Night calls are not sampled"), children=[names, person]
        )
    ]


def conditions() -> list[SimpleNamespace]:
    return [
        SimpleNamespace(title=say("总分不低于 1900", "Total of at least 1900"), status="holds", value="1941.7",
                        first="holds", second="holds"),
        SimpleNamespace(title=say("类别 4 得满分", "Category 4 at full marks"), status="fails", value="941.7 / 1000",
                        detail=say("还差 58.3 分", "58.3 points missing"), first="fails", second="holds"),
        SimpleNamespace(title=say("4.7 评分员意见", "The assessor's word on 4.7"), status="unknown",
                        detail=say("尚未记录", "Not recorded yet"), first="unknown", second="unknown"),
    ]  # fmt: skip


def drawings() -> dict[str, charts.Option]:
    """One chart of each kind, from a site on its way over the pass mark."""
    mark, axis = (
        say("认证线 1900", "Pass mark 1900"),
        say("分数(坐标从 {start} 起)", "Points (axis starts at {start})"),
    )
    verified, baseline = say("已验证", "Verified"), say("基线", "Baseline")
    moved = [Fraction(10), Fraction(50), Fraction(20), Fraction(75), Fraction(125, 3), Fraction(50, 3)]
    steps = [charts.Step(f"NC-{number:04d}", points) for number, points in enumerate(moved, start=1)]
    criteria = [
        say("领导力", "Leadership"), say("战略与政策", "Policy and strategy"), say("人力资源", "People"),
        say("合作与资源", "Partnership and resources"), say("流程", "Processes"), say("客户结果", "Customer results"),
        say("员工结果", "People results"), say("绩效结果", "Performance results"),
    ]  # fmt: skip
    before = charts.Profile(baseline, [1, 2, 1, 1, 1, 1, 1, 1], "muted-mark", dashed=True)
    past = [charts.Total(date(2026, 6 + month, 1), Fraction(5360 + 90 * month, 3)) for month in range(4)]
    ahead = [
        charts.Total(date(2026, 11, 1), Fraction(5825, 3)),
        charts.Total(date(2026, 12, 1), Fraction(5950, 3)),
    ]
    values = [80, 82, 81, 85, 79, 88, None, 87, 90, 91, 89, 93]
    readings = [
        charts.Reading(
            f"2026-{month:02d}", None if v is None else Fraction(v), None if v is None else v >= 85, f"{v} %"
        )
        for month, v in enumerate(values, start=1)
    ]
    run = charts.RunWords(
        say("首次解决率(%)", "First-contact resolution (%)"), say("目标 85", "Target 85"),
        say("达成目标", "Meets target"), say("未达成目标", "Misses target"), say("缺失", "Missing"),
    )  # fmt: skip
    return {
        "waterfall": charts.waterfall(
            Fraction(5360, 3), steps, charts.WaterfallWords(baseline, verified, mark, axis), mark=1900
        ),
        "radar": charts.radar(criteria, [before, charts.Profile(verified, [2, 2, 2, 3, 2, 2, 1, None])]),
        "trajectory": charts.trajectory(
            past, ahead, charts.TrajectoryWords(verified, say("预测", "Forecast"), mark, axis, say("审核", "Audit")),
            mark=1900, audit_day=date(2026, 11, 15),
        ),
        "run_chart": charts.run_chart(readings, run, target=Fraction(85)),
    }  # fmt: skip


class Sample(FlaskForm):
    """A form with a field of each kind."""

    title = StringField(i18n.lazy_gettext("Title"))
    grade = SelectField(i18n.lazy_gettext("Grade"), choices=[SelectChoice("major"), SelectChoice("minor")])
    due = DateField(i18n.lazy_gettext("Due date"))
    effort = DecimalField(i18n.lazy_gettext("Effort"))
    note = TextAreaField(i18n.lazy_gettext("Objective evidence"))
    same = BooleanField(i18n.lazy_gettext("Evidence"))
    verdict = RadioField(
        i18n.lazy_gettext("Status"),
        choices=[SelectChoice("met"), SelectChoice("not_met"), SelectChoice("na")],
    )


def faulty() -> Sample:
    """The form as it comes back when two fields were wrong."""
    form = Sample(formdata=None, meta={"csrf": False}, prefix="faulty-")
    form.title.errors = [say("请填写标题。", "Enter a title.")]
    form.due.errors = [say("请输入有效日期。", "Enter a valid date.")]
    return form


def sample() -> dict[str, object]:
    """What the gallery's pages show."""
    return {
        "say": say, "F": Fraction, "states": STATES, "rows": rows(), "moves": moves(), "entries": history(),
        "causes": causes(), "conditions": conditions(), "charts": drawings(),
        "form": Sample(formdata=None, meta={"csrf": False}), "faulty": faulty(),
    }  # fmt: skip


def show(endpoint: str) -> Response:
    return make_response(render_template(PAGES.get(endpoint, "forms.html"), **sample()))


def cell() -> Response:
    """An autosaving cell that answers as it is told to: by the value chosen."""
    chosen = request.form.get("verdict", "")
    status = {"not_met": 422, "not_applicable": 500}.get(chosen, 200)
    if status == 500:
        return Response(status=status)
    return fragments.part("_cell.html", status=status, value=chosen, trigger=fragments.SCORE_CHANGED)


def gallery() -> Flask:
    """The application: `?lang=` and `?theme=` choose, `?anonymous=1` shows what strangers see."""
    app = Flask("tracker", static_folder=str(static_files.STATIC), root_path=str(PACKAGE))
    app.config.update(SECRET_KEY="of no use elsewhere", TESTING=True)
    folders = [str(HERE / "templates"), str(PACKAGE.parent / "templates")]
    app.jinja_loader = ChoiceLoader([FileSystemLoader(folder) for folder in folders])  # type: ignore[assignment]
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.undefined = StrictUndefined
    CSRFProtect(app)
    htmx.init_app(app)
    static_files.init_static(app)
    i18n.init_app(app)
    fragments.init_app(app)
    options.init_app(app)
    submissions.init_app(app)
    kept.init_app(app)
    _places(app)

    @app.before_request
    def choose_language() -> None:
        from flask import g

        g.language = request.args.get("lang", "en")

    @app.context_processor
    def who() -> dict[str, object]:
        person = SimpleNamespace(
            name=say("李敏", "Li Min"), email="li.min@example.com", theme="auto", unread=3
        )
        return {
            "current_person": None if "anonymous" in request.args else person,
            "theme": request.args.get("theme", "auto"),
        }

    @app.after_request
    def secure(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = POLICY
        return response

    return app


def _places(app: Flask) -> None:
    blueprints: dict[str, Blueprint] = {}
    for endpoint, address in PLACES.items():
        name, view = endpoint.split(".")
        blueprint = blueprints.setdefault(name, Blueprint(name, name))
        blueprint.add_url_rule(address, view, lambda e=endpoint: show(e), methods=["GET", "POST"])
    for blueprint in blueprints.values():
        app.register_blueprint(blueprint)
    app.add_url_rule("/cell", "cell", cell, methods=["POST"])
    app.add_url_rule(
        "/error/<name>", "error", lambda name: render_template(f"errors/{name}.html", status=name)
    )


if __name__ == "__main__":
    gallery().run(port=5077)
