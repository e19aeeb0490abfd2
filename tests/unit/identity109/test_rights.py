"""The table of roles against the rights written in the design (identity.md, "Rights")."""

from dataclasses import replace
from typing import Literal
from uuid import uuid4

import pytest

from chassis109.kernel.errors import Invalid
from identity109.actor import Actor, spoken
from identity109.guard import agreed
from identity109.model import (
    Workplace,
    WrongService,
    checked_reason,
    checked_role,
    region_roles,
    tenant_slugs,
)
from identity109.permissions import (
    HUB_ROLES,
    PUBLIC,
    REGION_ROLES,
    ROLES,
    SIGNED_IN,
    Permission,
    granted,
    requires,
    roles_in,
)
from tenancy109.model import Tenant

P = Permission

# Each row of the design's table that belongs to a tenant: all that the role may do.
DESIGN: dict[str, set[Permission]] = {
    # tickets of the tenant; phone shown while the call or ticket is theirs | intake, callback, hand off
    "operator": {
        P.TICKET_READ, P.CALL_READ, P.TICKET_OPEN, P.CALLBACK_RECORD, P.CONTACT_OWN, P.CATALOGUE_READ,
        P.EMERGENCY_READ, P.EMERGENCY_HAND_OFF, P.EMERGENCY_CANCEL, P.REFERRAL_SEND, P.REFERRAL_DECIDE,
        P.ALERT_ACKNOWLEDGE,
    },
    # all of the tenant | assign, merge, hand off, override
    "senior": {
        P.TICKET_READ, P.CALL_READ, P.TICKET_OPEN, P.CALLBACK_RECORD, P.CONTACT_OWN, P.CONTACT_UNMASK, P.CATALOGUE_READ,
        P.FIGURES_READ, P.TICKET_ASSIGN, P.TICKET_OVERRIDE, P.EMERGENCY_READ, P.EMERGENCY_HAND_OFF,
        P.EMERGENCY_CANCEL, P.EMERGENCY_REOPEN, P.REFERRAL_SEND, P.REFERRAL_DECIDE, P.ALERT_ACKNOWLEDGE, P.MANDATE_READ,
    },
    # all, personal data masked; masked exports | –
    "analyst": {
        P.TICKET_READ, P.CALL_READ, P.TICKET_EXPORT, P.CATALOGUE_READ, P.FIGURES_READ, P.EMERGENCY_READ,
    },
    # tickets and legal consultations | legal answers (a later slice)
    "lawyer": {P.TICKET_READ, P.CALL_READ, P.CATALOGUE_READ},
    # tickets of the own service | status, evidence
    "executor": {P.TICKET_READ, P.TICKET_EXECUTE, P.CATALOGUE_READ},
    # all figures, texts | approvals (a later slice)
    "head": {
        P.TICKET_READ, P.CALL_READ, P.CATALOGUE_READ, P.FIGURES_READ, P.EMERGENCY_READ, P.MANDATE_READ,
        P.MANDATE_ANSWER,
    },
    # staff and settings | staff, dictionaries (a later slice)
    "tenant-admin": {P.PEOPLE_MANAGE, P.CATALOGUE_READ},
    # audit log | –
    "auditor": {P.AUDIT_READ},
}  # fmt: skip


# The rows of the desks: read, receipts, decisions and figures of the own desk; forward; the API of machines.
HUB_DESIGN: dict[str, set[Permission]] = {
    "hub-operator": {P.HANDOFF_READ, P.HANDOFF_RECEIPT, P.HANDOFF_DECIDE, P.HUB_FIGURES_READ},
    "hub-lead": {P.HANDOFF_READ, P.HANDOFF_RECEIPT, P.HANDOFF_DECIDE, P.HUB_FIGURES_READ, P.HANDOFF_FORWARD},
    "machine": {P.HANDOFF_READ, P.HANDOFF_RECEIPT, P.HANDOFF_DECIDE, P.HANDOFF_MACHINE},
}

# The row of the region: the projection; mandates, alerts, figures.
REGION_DESIGN: dict[str, set[Permission]] = {
    "region-command": {P.WALL_READ, P.MANDATE_ISSUE, P.ALERT_ISSUE, P.REGION_FIGURES},
}


def tenant(slug: str = "petropavl", id: int = 1, kind: Literal["city", "desk", "region"] = "city") -> Tenant:
    return Tenant(
        id=id, slug=slug, kind=kind, names={}, centre_names={}, centre=(69.1, 54.9), kato="5910", dial_code="7152",
        population=1, duty_phones={},
    )  # fmt: skip


def test_the_roles_are_those_of_the_design() -> None:
    assert {role: set(rights) for role, rights in ROLES.items()} == DESIGN
    assert {role: set(rights) for role, rights in HUB_ROLES.items()} == HUB_DESIGN
    assert {role: set(rights) for role, rights in REGION_ROLES.items()} == REGION_DESIGN


def test_no_role_holds_a_pseudo_permission() -> None:
    assert not any({PUBLIC, SIGNED_IN} & rights for rights in (ROLES | HUB_ROLES | REGION_ROLES).values())


@pytest.mark.parametrize("role", ["analyst", "lawyer", "head", "tenant-admin", "auditor"])
def test_who_only_reads_changes_no_ticket(role: str) -> None:
    acts = {
        P.TICKET_OPEN, P.TICKET_ASSIGN, P.TICKET_EXECUTE, P.TICKET_OVERRIDE, P.CALLBACK_RECORD, P.EMERGENCY_HAND_OFF,
        P.EMERGENCY_CANCEL, P.EMERGENCY_REOPEN, P.REFERRAL_SEND, P.REFERRAL_DECIDE,
    }  # fmt: skip

    assert not acts & ROLES[role]


def test_only_a_senior_unmasks_and_only_an_analyst_exports() -> None:
    assert [role for role in ROLES if P.CONTACT_UNMASK in ROLES[role]] == ["senior"]
    assert [role for role in ROLES if P.TICKET_EXPORT in ROLES[role]] == ["analyst"]


def test_several_roles_allow_what_each_allows_and_unknown_ones_nothing() -> None:
    assert granted(frozenset({"auditor", "lawyer", "root"})) == ROLES["auditor"] | ROLES["lawyer"]


def test_a_right_needs_token_and_database() -> None:
    groups = ["/tenants/petropavl/operator", "/tenants/petropavl/senior"]

    assert agreed(tenant(), groups, ["operator", "auditor"], [None, None]) == (frozenset({"operator"}), None)


def test_a_role_in_one_tenant_is_none_in_another() -> None:
    groups = ["/tenants/petropavl/operator", "/tenants/qyzylzhar/senior"]
    rows = (["operator", "senior"], [None, None])

    assert agreed(tenant(), groups, *rows)[0] == {"operator"}
    assert agreed(tenant("qyzylzhar", 2), groups, *rows)[0] == {"senior"}
    assert agreed(None, groups, *rows)[0] == frozenset()


def test_the_service_of_an_executor_comes_from_the_database() -> None:
    assert agreed(tenant(), ["/tenants/petropavl/executor"], ["executor"], ["water"]) == (
        {"executor"},
        "water",
    )


def test_no_name_of_a_role_stands_in_both_services() -> None:
    assert not ROLES.keys() & HUB_ROLES.keys()
    assert not frozenset().union(*ROLES.values()) & frozenset().union(*HUB_ROLES.values())


def test_a_dispatch_role_is_nothing_at_a_desk_nor_the_reverse() -> None:
    desk = tenant("103", 103, "desk")
    groups = ["/services/103/operator", "/services/103/hub-operator", "/tenants/103/hub-operator"]
    odd = ["/tenants/petropavl/hub-operator", "/services/petropavl/hub-operator"]

    assert agreed(desk, groups, ["operator", "hub-operator"], [None, None])[0] == {"hub-operator"}
    assert agreed(desk, groups[:1], ["operator", "hub-operator"], [None, None])[0] == frozenset()
    assert agreed(desk, groups[2:], ["hub-operator"], [None])[0] == frozenset()
    assert agreed(tenant(), odd, ["hub-operator"], [None])[0] == frozenset()


def test_a_role_at_one_desk_is_none_at_another() -> None:
    groups, rows = ["/services/101/hub-operator"], (["hub-operator"], [None])

    assert agreed(tenant("101", 101, "desk"), groups, *rows)[0] == {"hub-operator"}
    assert agreed(tenant("103", 103, "desk"), groups, *rows)[0] == frozenset()


def test_only_a_machine_is_a_machine_and_it_is_nothing_else() -> None:
    desk = tenant("103", 103, "desk")
    groups = ["/services/103/machine", "/services/103/hub-lead"]
    rows = (["machine", "hub-lead"], [None, None])

    assert agreed(desk, groups, *rows, "person")[0] == {"hub-lead"}
    assert agreed(desk, groups, *rows, "machine")[0] == {"machine"}
    assert (
        agreed(tenant(), ["/tenants/petropavl/operator"], ["operator"], [None], "machine")[0] == frozenset()
    )
    assert [kind for kind in ("city", "district") if roles_in(kind, "machine")] == []


def test_a_role_that_only_a_row_invents_gives_nothing() -> None:
    assert agreed(tenant(), ["/tenants/petropavl/root"], ["root"], [None])[0] == frozenset()


def test_an_actor_may_what_the_roles_allow_in_the_tenant() -> None:
    actor = Actor(
        subject=uuid4(), name="А", kind="person", tenant=tenant(), roles=frozenset({"operator"}), service=None,
        language="kk", session_id=None,
    )  # fmt: skip

    assert (actor.tenant_id, actor.may(P.TICKET_OPEN), actor.may(P.TICKET_ASSIGN)) == (1, True, False)
    assert replace(actor, tenant=None).tenant_id is None


@pytest.mark.parametrize(
    ("roles", "screen"),
    [
        (("operator",), "/t/petropavl/op"),
        (("senior",), "/t/petropavl/op"),
        (("executor",), "/t/petropavl/svc"),
        (("analyst",), "/t/petropavl/op/queue"),
        (("tenant-admin",), "/t/petropavl/admin/people"),
        (("auditor",), "/me"),
        (("auditor", "operator"), "/t/petropavl/op"),
    ],
)
def test_a_role_begins_at_its_screen(roles: tuple[str, ...], screen: str) -> None:
    assert Workplace(tenant(), roles).first_screen == screen


@pytest.mark.parametrize("role", ["hub-operator", "hub-lead"])
def test_people_of_a_desk_begin_at_its_board(role: str) -> None:
    assert Workplace(tenant("103", 103, "desk"), (role,)).first_screen == "/hub/103"


def test_groups_name_tenants_once_and_roles_of_the_region() -> None:
    groups = [
        "/region/region-command",
        "/tenants/esil/operator",
        "/tenants/esil/senior",
        "/tenants/aqzhar/head",
        "/services/103/hub-lead",
    ]

    assert tenant_slugs(groups) == ("sko", "esil", "aqzhar", "103")
    assert region_roles(groups) == ("region-command",)


def test_people_of_the_region_begin_at_the_wall() -> None:
    assert Workplace(tenant("sko", 100, "region"), ("region-command",)).first_screen == "/rc/wall"


def test_a_reason_must_be_said_in_plain_words() -> None:
    assert checked_reason("  left \n the  service ") == "left the service"
    for wrong in ("", "  \n", "x" * 501, "left\u202ethe service"):
        with pytest.raises(Invalid):
            checked_reason(wrong)


def test_an_executor_and_nobody_else_names_a_service() -> None:
    checked_role(tenant(), "executor", "water")
    checked_role(tenant(), "operator", None)
    checked_role(tenant("103", 103, "desk"), "machine", None)
    for role, service in (("executor", None), ("operator", "water")):
        with pytest.raises(WrongService):
            checked_role(tenant(), role, service)
    for place, role in (
        (tenant(), "region-command"),
        (tenant(), "machine"),
        (tenant("103", 103, "desk"), "operator"),
    ):
        with pytest.raises(Invalid):
            checked_role(place, role, None)


def test_a_declaration_is_one_permission() -> None:
    assert requires(P.TICKET_READ) == {"permission": "ticket.read"}


@pytest.mark.parametrize(
    ("wish", "language"), [("ru", "ru"), ("en-GB", "en"), ("de", "kk"), (None, "kk"), ("", "kk")]
)
def test_a_language_is_one_of_three(wish: str | None, language: str) -> None:
    assert spoken(wish) == language
