"""What the card, the inbox and the list of callbacks read and write beside the verbs."""

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from tests.makers import executor, opened, owed, photo, said, worked

from chassis109.kernel import clock
from chassis109.kernel.errors import Invalid, NotFound
from chassis109.store.idempotency import request_key
from dispatch109.callbacks import service as callbacks
from dispatch109.callbacks.model import Owed
from dispatch109.callbacks.pages import what_to_say
from dispatch109.card import service as cards
from dispatch109.catalogue import service as catalogues
from dispatch109.execution import service as execution
from dispatch109.execution.model import TABS, reports_from
from dispatch109.tickets import reading
from dispatch109.tickets import service as tickets
from dispatch109.tickets.model import StaleVersion, State
from dispatch109.tickets.routes import settled
from identity109.actor import Actor


async def board_of(callback_id: object, actor: Actor) -> Owed:
    return next(o for o in await callbacks.board(None, 1000, actor) if o.callback.id == callback_id)


async def test_a_card_holds_the_whole_story_and_the_call_that_is_owed(operator: Actor) -> None:
    done, callback = await owed(operator)

    card = await cards.read(done.reference, operator)

    assert [step.verb for step in card.steps] == [
        "open",
        "assign",
        "accept",
        "start",
        "finish",
        "plan_callback",
    ]
    assert card.callback == callback
    assert card.assignments[0].end_reason == "done"
    assert card.applicant.phone == "+77051234567"


async def test_a_card_of_another_service_is_not_there(operator: Actor) -> None:
    made = await opened(operator)

    with pytest.raises(NotFound):
        await cards.read(made.reference, executor(operator.here, "heat"))


async def test_a_correction_survives_that_the_service_accepted_meanwhile(operator: Actor) -> None:
    made = await opened(operator)
    await tickets.accept(made.id, None, executor(operator.here, made.service_code))
    wanted = said(text="Екінші подъезде су жоқ")

    corrected = await cards.correct(made.id, made.version, wanted, cards.written(made), operator)

    assert corrected.state is State.ACCEPTED
    assert corrected.text == wanted.text


async def test_a_correction_of_what_another_has_rewritten_is_refused(operator: Actor, senior: Actor) -> None:
    made = await opened(operator)
    await cards.correct(made.id, made.version, said(address="Абай 12"), cards.written(made), senior)

    with pytest.raises(StaleVersion) as refused:
        await cards.correct(made.id, made.version, said(text="Басқа"), cards.written(made), operator)

    assert refused.value.ticket.address == "Абай 12"


async def test_whoever_returned_a_ticket_may_repeat_the_request_although_it_is_no_longer_his(
    operator: Actor,
) -> None:
    made = await opened(operator)
    by = executor(operator.here, made.service_code)
    key = request_key(by.subject, f"key-{uuid4()}", b"return")

    async def once() -> None:
        ticket = await reading.known(made.reference, by)
        await settled(key, by, ticket, lambda of: tickets.return_(of, made.version, "Біздің жұмыс емес", by))

    await once()
    await once()

    steps, _ = await reading.story(made, operator)
    assert [step.verb for step in steps].count("return") == 1


async def test_an_inbox_holds_the_own_service_only_in_tabs_that_count(operator: Actor) -> None:
    await worked(operator)
    water, heat = executor(operator.here, "water"), executor(operator.here, "heat")

    before = (await execution.inbox("new", None, 50, water)).counts
    made = await opened(operator)
    inbox = await execution.inbox("new", None, 50, water)

    assert inbox.counts == before | {"new": before["new"] + 1}
    assert set(inbox.counts) == set(TABS)
    assert made.id in {row.id for row in inbox.rows}
    assert [row.react_by for row in inbox.rows] == sorted(row.react_by for row in inbox.rows if row.react_by)
    assert made.id not in {row.id for row in (await execution.inbox("new", None, 50, heat)).rows}


async def test_every_tab_can_be_paged(operator: Actor) -> None:
    for _ in range(3):
        await opened(operator)
    water = executor(operator.here, "water")

    first = await execution.inbox("new", None, 2, water)
    second = await execution.inbox("new", first.next, 2, water)

    assert first.next is not None
    assert {row.id for row in first.rows}.isdisjoint(row.id for row in second.rows)


async def test_an_inbox_belongs_to_a_service(operator: Actor) -> None:
    with pytest.raises(NotFound):
        await execution.inbox("new", None, 50, operator)


async def test_the_board_names_whom_to_phone_and_what_the_service_says(operator: Actor) -> None:
    done, callback = await owed(operator, applicant="Ғалия Әбенова", language="kk")

    shown = await board_of(callback.id, operator)

    assert (shown.applicant.name, shown.applicant.phone) == ("Ғалия Әбенова", "+77051234567")
    assert (shown.about.reference, shown.about.done_note) == (done.reference, "Жасалды")


@pytest.mark.parametrize(
    ("language", "hello"), [("kk", "Сәлеметсіз бе"), ("ru", "Здравствуйте"), ("en", "Hello")]
)
async def test_the_operator_is_told_what_to_say_in_the_applicants_language(
    operator: Actor, language: str, hello: str
) -> None:
    _, callback = await owed(operator, language=language)
    shown, catalogue = await board_of(callback.id, operator), await catalogues.of(operator.here)

    say = " ".join(what_to_say(shown, operator.here, catalogue))

    assert say.startswith(hello)
    assert shown.about.reference in say
    assert operator.here.names[language] in say


async def test_a_due_call_follows_the_keyset(operator: Actor) -> None:
    with clock.frozen(clock.now() - timedelta(days=2)):
        await owed(operator)
    await owed(operator)

    first = await callbacks.board(None, 1, operator)
    after = (first[0].callback.due_at, first[0].callback.id)
    rest = await callbacks.board(after, 1000, operator)

    assert first[0].callback.id not in {o.callback.id for o in rest}
    assert all((o.callback.due_at, o.callback.id) > after for o in rest)


@pytest.mark.parametrize("content", [b"<html>", b"", b"%PDF-1.7", photo("GIF"), photo("TIFF"), photo()[:200]])
async def test_what_is_no_photo_is_refused_by_name(content: bytes) -> None:
    with pytest.raises(Invalid) as refused:
        await execution.read_photos([content])

    assert refused.value.errors[0].field == "photo"


async def test_a_ticket_keeps_so_many_photos_and_no_more(operator: Actor) -> None:
    made, by = await worked(operator)
    (one,) = await execution.read_photos([photo()])
    for _ in range(execution.MOST_KEPT):
        await execution.add_photo(made.id, one, by)

    with pytest.raises(Invalid) as refused:
        await execution.add_photo(made.id, one, by)

    assert (refused.value.errors[0].field, refused.value.errors[0].rule) == ("photo", "kept")
    assert len(await execution.photos(made.id, operator)) == execution.MOST_KEPT


def test_a_service_reports_only_what_the_lifecycle_allows() -> None:
    assert reports_from(State.ASSIGNED) == {"accept", "return"}
    assert reports_from(State.IN_PROGRESS) == {"done", "pause", "return"}
    assert reports_from(State.CALLBACK_DUE) == frozenset()


async def test_what_was_written_does_not_depend_on_who_works_on_it(operator: Actor) -> None:
    made = await opened(operator)

    assert cards.written(replace(made, state=State.CLOSED, version=9)) == cards.written(made)
