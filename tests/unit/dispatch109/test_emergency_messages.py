"""What 109 says about an emergency keeps the contract, whatever is known of it; the region hears no person."""

from dataclasses import replace
from itertools import product
from typing import Any

import msgspec
import pytest
from tests.makers import NOON, tenant
from tests.unit.dispatch109.test_emergency_clocks import handoff

from chassis109.kernel.ids import uuid7
from dispatch109.contacts.model import Contact
from dispatch109.emergencies.messages import Case, envelope, fact, fact_subject, subject
from dispatch109.emergencies.model import Incident, Place, Victims
from hub112.contract import UNSET, Kind, decode, encode, incident_types
from region109 import contract as region

NOTHING = Incident(
    id=uuid7(), year=2026, number=17, mode="live", version=1, contact_id=uuid7(), ticket_id=None,
    type="gas.leak_inside", priority="P0", text="", address="Жұмабаев 109", landmark="", place=Place(),
    victims=Victims(), hazards=(), relation="", can_talk=None, point=None, opened_at=NOON, opened_by=uuid7(),
    opened_name="Әлия", ended_at=None,
)  # fmt: skip
ALL = replace(
    NOTHING, text="Газ иісі\nүшінші қабатта", landmark="дүкен жаны", point=(69.14, 54.87), hazards=("gas", "fire"),
    place=Place("109", "2", "3", "14", "14#"), relation="witness", can_talk=False,
    victims=Victims(2, "exact", True, 1, 0, 1),
)  # fmt: skip
CALLER = Contact(uuid7(), "Айгүл Сәрсенова", "+77051234567", "kk")
SILENT = Contact(uuid7(), "", "", "ru")


def case(incident: Incident, contact: Contact = CALLER) -> Case:
    return Case(tenant(), incident, contact, ("101", "103"))


@pytest.mark.parametrize(
    ("incident", "contact", "kind"),
    [*product((NOTHING, ALL, replace(NOTHING, address="", point=(69.14, 54.87))), (CALLER, SILENT),
              ("create", "update", "reopen", "cancel"))],
)  # fmt: skip
def test_every_message_is_taken_by_the_contract(incident: Incident, contact: Contact, kind: Kind) -> None:
    said = envelope(case(incident, contact), handoff(), kind, NOON, "Әлия", ("толық емес",))

    assert decode(encode(said)) == said


@pytest.mark.parametrize("code", incident_types())
def test_every_type_of_emergency_can_be_said(code: str) -> None:
    services = incident_types()[code].services
    about = Case(tenant(), replace(NOTHING, type=code), CALLER, services)

    assert decode(encode(envelope(about, handoff(), "create", NOON, "Әлия"))).incident


def test_a_service_reads_who_called_where_and_who_else_has_it() -> None:
    said = envelope(case(ALL), handoff(), "create", NOON, "Әлия")

    assert said.incident_id == "kz.sko.petropavl.2026.17"
    assert [party.service for party in said.also_sent_to or ()] == ["101"]
    assert said.incident
    assert said.incident.caller
    assert (said.incident.caller.phone, said.incident.caller.can_talk) == ("+77051234567", False)
    assert (said.incident.location.entrance, said.incident.location.text.kk) == ("2", "Жұмабаев 109")
    assert said.incident.victims
    assert (said.incident.victims.trapped, said.incident.victims.yellow) == (True, 0)
    assert said.incident.lead == "101"


def test_what_is_not_known_is_not_said() -> None:
    said = envelope(case(NOTHING, SILENT), handoff(), "create", NOON, "Әлия").incident

    assert said
    assert (said.victims, said.hazards, said.narrative, said.location.geo) == (UNSET,) * 4
    assert said.caller
    assert (said.caller.name, said.caller.phone, said.caller.anonymous) == (UNSET, UNSET, True)


def test_the_subject_says_which_mode_service_and_tenant() -> None:
    given = handoff()

    assert subject(case(NOTHING), given) == f"sko.live.handoff.103.petropavl.{given.id}"
    assert subject(case(replace(NOTHING, mode="exercise")), given).startswith("sko.exercise.handoff.")


def test_the_region_hears_how_it_stands_and_no_person() -> None:
    given = handoff(reason="Айгүлге", disposition="Айгүлге")
    said = region.encode(fact("petropavl", case(ALL).incident, given))

    assert fact_subject("petropavl") == "sko.feed.petropavl.handoff"
    told: dict[str, Any] = msgspec.json.decode(said)
    assert (told["type"], told["service"], told["state"]) == ("handoff/1", "103", "created")
    assert region.decode_fact(fact_subject("petropavl"), said) == fact("petropavl", case(ALL).incident, given)
    for personal in ("Айгүл", "7705", "Жұмабаев", "дүкен", "иісі", "54.87"):
        assert personal not in said.decode()
