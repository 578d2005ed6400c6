"""An outline of required metrics by kind of service, to start an organisation's own list from.

It is not the text of an exhibit of the standard: the list has to be checked against the copy that the company holds.
"""

from typing import NamedTuple

from scoring.text import Text
from tracker.i18n import lazy_gettext as _l
from tracker.metrics.models import Service

SERVICES = {
    Service.ANY: _l("Every service"),
    Service.INBOUND: _l("Inbound calls"),
    Service.OUTBOUND: _l("Outbound calls"),
    Service.WRITTEN: _l("E-mail and letters"),
    Service.CHAT: _l("Chat and messaging"),
    Service.BACK_OFFICE: _l("Back office"),
}


class Outlined(NamedTuple):
    """A line of the outline."""

    service: Service
    item: str
    name: Text


OUTLINE = (
    Outlined(Service.ANY, "4.1", Text(zh="客户满意度", en="Client satisfaction")),
    Outlined(Service.ANY, "4.1", Text(zh="客户不满意度", en="Client dissatisfaction")),
    Outlined(Service.ANY, "4.1", Text(zh="客户投诉", en="Client complaints")),
    Outlined(Service.ANY, "4.2", Text(zh="最终用户满意度", en="End-user satisfaction")),
    Outlined(Service.ANY, "4.2", Text(zh="最终用户不满意度", en="End-user dissatisfaction")),
    Outlined(Service.ANY, "4.2", Text(zh="最终用户投诉", en="End-user complaints")),
    Outlined(Service.INBOUND, "4.3", Text(zh="服务水平（接听速度）", en="Service level (speed of answer)")),
    Outlined(Service.INBOUND, "4.3", Text(zh="放弃率", en="Abandonment rate")),
    Outlined(Service.OUTBOUND, "4.3", Text(zh="接触率", en="Contact rate")),
    Outlined(Service.OUTBOUND, "4.3", Text(zh="成交或回款额", en="Revenue or collections")),
    Outlined(Service.WRITTEN, "4.3", Text(zh="按时答复率", en="Answered on time")),
    Outlined(Service.WRITTEN, "4.3", Text(zh="积压量", en="Backlog")),
    Outlined(Service.CHAT, "4.3", Text(zh="响应时间", en="Response time")),
    Outlined(Service.BACK_OFFICE, "4.3", Text(zh="按时完成率", en="Completed on time")),
    Outlined(Service.BACK_OFFICE, "4.3", Text(zh="积压量", en="Backlog")),
    Outlined(Service.ANY, "4.4", Text(zh="致命错误准确率", en="Critical-error accuracy")),
    Outlined(Service.ANY, "4.4", Text(zh="非致命错误准确率", en="Non-critical-error accuracy")),
    Outlined(Service.ANY, "4.4", Text(zh="一次解决率", en="Resolved at first contact")),
    Outlined(Service.ANY, "4.5", Text(zh="单位成本", en="Cost per unit")),
    Outlined(Service.INBOUND, "4.5", Text(zh="平均处理时长", en="Average handling time")),
    Outlined(Service.INBOUND, "4.5", Text(zh="工时利用率", en="Utilisation")),
    Outlined(Service.ANY, "4.6", Text(zh="离职率（按职位）", en="Attrition by position")),
    Outlined(Service.ANY, "4.6", Text(zh="缺勤率", en="Absenteeism")),
)
