"""The people of the demo, and the comparison of what is with what is wanted."""

from collections import Counter
from dataclasses import replace
from uuid import UUID, uuid5

from identity109 import demo_hub
from identity109.demo_people import DemoPerson, Seat, groups, people
from identity109.keycloak_staff import Account
from identity109.permissions import HUB_ROLES, ROLES
from identity109.provisioner import Difference, State, compare

SERVICES = {"petropavl": ["water", "heat"], "qyzylzhar": ["water"]}
SPACE = UUID(int=1)


def by_name() -> dict[str, DemoPerson]:
    return {person.username: person for person in people(SERVICES)}


def test_every_role_has_a_person_and_every_service_an_executor() -> None:
    found = by_name()

    assert {f"{role}.petropavl" for role in ROLES} | {"operator2.petropavl"} <= found.keys()
    assert found["executor.petropavl"].seats == (Seat("petropavl", "executor", "water"),)
    assert found["executor-heat.petropavl"].seats == (Seat("petropavl", "executor", "heat"),)


def test_one_person_works_in_two_tenants_and_one_in_the_region() -> None:
    found = by_name()

    assert found["operator.both"].groups == {"/tenants/petropavl/operator", "/tenants/qyzylzhar/senior"}
    assert found["region.command"].groups == {"/region/region-command"}
    assert "operator.both" not in {person.username for person in people({"esil": ["water"]})}


def test_names_are_the_same_every_time_and_vary() -> None:
    names = Counter(person.name for person in people({f"t{n}": ["a", "b", "c"] for n in range(14)}))

    assert by_name() == by_name()
    assert names.most_common(1)[0][1] < 6


def test_groups_stand_after_their_parents() -> None:
    paths = groups(["petropavl"])

    assert len(paths) == len(set(paths)) == 3 + len(ROLES) + 1
    for position, path in enumerate(paths):
        parent = path.rpartition("/")[0]
        assert not parent or parent in paths[:position]


def provisioned() -> State:
    """A realm that is exactly as wanted."""
    wanted = people(SERVICES)
    paths = groups(list(SERVICES))
    accounts = {
        person.username: Account(
            uuid5(SPACE, person.username), person.username, person.first_name, person.last_name, True
        )
        for person in wanted
    }
    members = {
        path: {accounts[person.username].subject for person in wanted if path in person.groups}
        for path in paths
    }
    return State({path: path for path in paths}, accounts, members)


def difference(state: State) -> Difference:
    return compare(state, groups(list(SERVICES)), people(SERVICES))


def test_a_realm_as_wanted_has_no_difference() -> None:
    assert not difference(provisioned())


def test_an_empty_realm_lacks_everything() -> None:
    found = difference(State({}, {}, {}))

    assert (len(found.groups), len(found.people)) == (len(groups(list(SERVICES))), len(people(SERVICES)))
    assert str(found).endswith("0 to update, 0 to join and 0 to leave a group")


def test_people_who_are_not_of_the_demo_are_left_alone() -> None:
    state = provisioned()
    somebody = Account(UUID(int=7), "somebody", "А", "Б", True)
    members = {path: {*subjects, somebody.subject} for path, subjects in state.members.items()}

    assert not difference(replace(state, accounts={**state.accounts, "somebody": somebody}, members=members))


def test_a_wrong_name_a_wrong_group_and_a_closed_account_are_found() -> None:
    state = provisioned()
    lawyer = state.accounts["lawyer.petropavl"]
    head = state.accounts["head.petropavl"]
    accounts = {
        **state.accounts,
        "lawyer.petropavl": replace(lawyer, first_name="?"),
        "head.petropavl": replace(head, enabled=False),
    }
    members = {**state.members, "/tenants/petropavl/auditor": {head.subject}}

    found = difference(replace(state, accounts=accounts, members=members))

    assert {person.username for _, person in found.renamed} == {"lawyer.petropavl", "head.petropavl"}
    assert found.leaving == ((head.subject, "/tenants/petropavl/auditor"),)
    assert found.joining == ((state.accounts["auditor.petropavl"].subject, "/tenants/petropavl/auditor"),)


DESKS = ["101", "103", "112"]


def test_every_desk_has_two_operators_and_one_lead_leads_all() -> None:
    found = {person.username: person.groups for person in demo_hub.people(DESKS)}

    assert found["operator.103"] == found["operator2.103"] == {"/services/103/hub-operator"}
    assert found["lead.112"] == {
        *(f"/services/{code}/hub-lead" for code in DESKS),
        "/services/112/hub-operator",
    }
    assert len(found) == 2 * len(DESKS) + 1


def test_a_machine_is_a_member_of_its_own_desk_only() -> None:
    found = {machine.name: machine.groups for machine in demo_hub.machines(DESKS)}

    assert found == {f"service-{code}": {f"/services/{code}/machine"} for code in DESKS}


def test_groups_of_desks_stand_after_their_parents() -> None:
    paths = demo_hub.groups(DESKS)

    assert len(paths) == len(set(paths)) == 1 + len(DESKS) * (1 + len(HUB_ROLES))
    assert all(path.rpartition("/")[0] in paths[:position] for position, path in enumerate(paths) if position)
