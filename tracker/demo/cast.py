"""Who and where: the demo's organisation, its two sites, its people."""

from dataclasses import dataclass
from datetime import date

from tracker.accounts.models import Person, Role
from tracker.accounts.passwords import hash_lightly
from tracker.accounts.queries import get_actor
from tracker.accounts.services import create_organisation, create_person
from tracker.database import db
from tracker.organisations.models import CspType, Organisation, Site, UnitKind
from tracker.organisations.services import add_unit, create_site
from tracker.permissions import Actor

SLUG = "yunqiao"
PASSWORD = "walk-the-loop"  # noqa: S105 (shown to everybody who starts the demo)
DOMAIN = "yunqiao.example"

# key → (name zh, name en, title, roles as (site or None for both, role))
PEOPLE: dict[str, tuple[str, str, str, tuple[tuple[str | None, Role], ...]]] = {
    "luo": ("罗捷", "Luo Jie", "系统管理员 Administrator", ((None, Role.ADMINISTRATOR),)),
    "ma": ("马骁", "Ma Xiao", "运营副总裁 VP Operations", ((None, Role.VIEWER),)),
    "lin": ("林岚", "Lin Lan", "质量经理 Quality manager", ((None, Role.QUALITY_MANAGER),)),
    "chen": ("陈默", "Chen Mo", "审核组长 Lead auditor", ((None, Role.LEAD_AUDITOR),)),
    "zhou": ("周颖", "Zhou Ying", "审核员 Auditor", ((None, Role.AUDITOR),)),
    "gao": ("高远", "Gao Yuan", "运营总监 Operations director", ((None, Role.APPROVER),)),
    "han": ("韩雪", "Han Xue", "质量验证 Verification", ((None, Role.VERIFIER), (None, Role.AUDITOR))),
    "tang": ("唐宁", "Tang Ning", "评分员 Assessor", ((None, Role.ASSESSOR),)),
    "he": (
        "何伟",
        "He Wei",
        "苏州流程负责人 Process owner, Suzhou",
        (("suzhou", Role.PROCESS_OWNER), ("suzhou", Role.ACTION_OWNER)),
    ),
    "su": ("苏敏", "Su Min", "苏州班组经理 Team manager, Suzhou", (("suzhou", Role.ACTION_OWNER),)),
    "jiang": (
        "江涛",
        "Jiang Tao",
        "成都流程负责人 Process owner, Chengdu",
        (("chengdu", Role.PROCESS_OWNER), ("chengdu", Role.ACTION_OWNER)),
    ),
    "feng": ("冯琳", "Feng Lin", "成都班组经理 Team manager, Chengdu", (("chengdu", Role.ACTION_OWNER),)),
}
# Who is shown at start: the four that the loop needs most.
SHOWN = ("lin", "chen", "he", "gao", "han")

SITES = {
    "suzhou": ("苏州联络中心", "Suzhou contact centre"),
    "chengdu": ("成都联络中心", "Chengdu contact centre"),
}

PROGRAMMES: dict[str, tuple[tuple[str, str, str, str], ...]] = {
    "suzhou": (
        ("card-service", "信用卡客服", "Card service", "华信银行"),
        ("card-activation", "信用卡激活", "Card activation", "华信银行"),
        ("loan-enquiry", "贷款咨询", "Loan enquiries", "华信银行"),
        ("retail-orders", "零售订单", "Retail orders", "百佳零售"),
        ("retail-aftersales", "零售售后", "Retail after-sales", "百佳零售"),
        ("telecom-hotline", "电信热线", "Telecom hotline", "东讯电信"),
        ("telecom-billing", "电信账单", "Telecom billing", "东讯电信"),
        ("shop-chat", "电商在线客服", "Online shop chat", "云集电商"),
        ("airline-booking", "机票预订", "Airline booking", "蓝天航空"),
        ("insurance-claims", "保险理赔", "Insurance claims", "安和保险"),
    ),
    "chengdu": (
        ("wallet-service", "电子钱包客服", "Wallet service", "联付支付"),
        ("wallet-risk", "交易核实", "Transaction checks", "联付支付"),
        ("delivery-hotline", "快递热线", "Delivery hotline", "顺达快递"),
        ("delivery-chat", "快递在线客服", "Delivery chat", "顺达快递"),
        ("hotel-booking", "酒店预订", "Hotel booking", "安居酒店"),
        ("appliance-repair", "家电报修", "Appliance repair", "美凌家电"),
    ),
}
POSITIONS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "suzhou": (
        ("csr", "顾客服务代表", "Customer service representative"),
        ("senior-csr", "资深顾客服务代表", "Senior representative"),
        ("chat-agent", "在线客服代表", "Chat agent"),
        ("team-leader", "班组长", "Team leader"),
        ("supervisor", "主管", "Supervisor"),
        ("trainer", "培训师", "Trainer"),
        ("quality-monitor", "业务监控员", "Transaction monitor"),
        ("planner", "排班师", "Workforce planner"),
        ("real-time-analyst", "现场监控员", "Real-time analyst"),
        ("knowledge-editor", "知识编辑", "Knowledge editor"),
    ),
    "chengdu": (
        ("csr", "顾客服务代表", "Customer service representative"),
        ("chat-agent", "在线客服代表", "Chat agent"),
        ("team-leader", "班组长", "Team leader"),
        ("trainer", "培训师", "Trainer"),
        ("quality-monitor", "业务监控员", "Transaction monitor"),
        ("planner", "排班师", "Workforce planner"),
    ),
}


@dataclass(frozen=True)
class Cast:
    """Everybody and every site, by the keys above."""

    organisation: Organisation
    people: dict[str, Person]
    actors: dict[str, Actor]
    sites: dict[str, Site]

    def id(self, key: str) -> int:
        """The identifier of a person."""
        return self.people[key].id


def build_cast(opened_on: date) -> Cast:
    """Create organisation, sites, units and people; every unit exists since `opened_on`."""
    organisation = create_organisation(SLUG, "云桥客户联络中心", "Yunqiao Contact Centres")
    sites: dict[str, Site] = {}
    for code, (zh, en) in SITES.items():
        sites[code] = create_site(
            None,
            code=code,
            name_zh=zh,
            name_en=en,
            csp_type=CspType.THIRD_PARTY,
            target_level=3 if code == "suzhou" else 2,
            organisation_id=organisation.id,
        )
        for unit, unit_zh, unit_en, client in PROGRAMMES[code]:
            add_unit(
                None,
                sites[code],
                kind=UnitKind.PROGRAMME,
                code=unit,
                name_zh=unit_zh,
                name_en=unit_en,
                client=client,
                starts_on=opened_on,
            )
        for unit, unit_zh, unit_en in POSITIONS[code]:
            add_unit(
                None, sites[code], kind=UnitKind.KEY_POSITION, code=unit, name_zh=unit_zh, name_en=unit_en
            )
    people: dict[str, Person] = {}
    password_hash = hash_lightly(PASSWORD)
    for key, (zh, en, title, roles) in PEOPLE.items():
        people[key] = create_person(
            organisation.id,
            f"{key}@{DOMAIN}",
            zh,
            en,
            PASSWORD,
            [(sites[site].id if site else None, role) for site, role in roles],
            title=title,
            manager_id=people["ma"].id if "ma" in people else None,
        )
        # Everybody's password is printed at start: a hash that is quick to check lets the demo sign a year of work.
        people[key].password_hash = password_hash
    db.session.flush()
    actors = {key: get_actor(organisation.id, person.id) for key, person in people.items()}
    return Cast(organisation, people, actors, sites)
