"""Turns at the sign-in: who waits, who is refused, and what a refusal costs. No sockets, no clock: everything waits for an event."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse

from akashi.api.door import RETRY_S, Door, Pace
from akashi.api.tls import ClientCertificate
from akashi.api.turns import SIGN_INS, Turns
from akashi.app.admission import Caller
from akashi.app.server.dashboard import ErrorCounter
from akashi.clock import FixedClock
from akashi.identity.factors.errors import SignInBusy
from akashi.identity.model import InstitutionRole

DEVICES = [bytes([number]) * 32 for number in range(40)]
CANARY = "canary-7c20"


class Crowd:
    """Attempts that stay at work until they are told to go on."""

    def __init__(self, turns: Turns) -> None:
        self.turns = turns
        self.go = asyncio.Event()
        self.begun: list[bytes] = []
        self.refused: list[bytes] = []

    async def attempt(self, device: bytes) -> None:
        """One attempt of a device."""
        try:
            async with self.turns.turn(device):
                self.begun.append(device)
                await self.go.wait()
        except SignInBusy:
            self.refused.append(device)

    async def come(self, *devices: bytes) -> list[asyncio.Task[None]]:
        """These come one after the other; returns once each is at work, waits or was refused."""
        tasks = [asyncio.create_task(self.attempt(device)) for device in devices]
        await settled()
        return tasks


async def settled() -> None:
    """Let everything that can go on go on."""
    for _ in range(10):
        await asyncio.sleep(0)


def test_so_many_work_so_many_wait_and_the_next_hears_it_at_once() -> None:
    """Two at work, three waiting, each from a device of its own: the sixth is refused, and nobody of the others."""

    async def run() -> Crowd:
        crowd = Crowd(Turns(at_once=2, waiting=3))
        tasks = await crowd.come(*DEVICES[:6])
        assert crowd.begun == DEVICES[:2]
        assert crowd.refused == [DEVICES[5]]
        crowd.go.set()
        await asyncio.gather(*tasks)
        return crowd

    assert asyncio.run(run()).begun == DEVICES[:5]  # in the order in which they came


def test_a_place_that_is_free_again_is_given_again() -> None:
    """After a storm everything is as before: no place is lost, and nothing is kept of the devices."""

    async def run() -> Turns:
        turns = Turns(at_once=1, waiting=2)
        for _ in range(3):
            crowd = Crowd(turns)
            tasks = await crowd.come(*DEVICES[:9])
            assert len(crowd.refused) == 6
            crowd.go.set()
            await asyncio.gather(*tasks)
        return turns

    turns = asyncio.run(run())

    assert (turns._running, len(turns._waiting), turns._of) == (0, 0, {})


def test_one_device_does_not_keep_the_others_out() -> None:
    """Attack: a device floods the sign-in. It has two attempts under way, whatever it offers, and others go on beside it."""

    async def run() -> Crowd:
        crowd = Crowd(Turns(at_once=1, waiting=8))
        tasks = await crowd.come(*[DEVICES[0]] * 50, DEVICES[1], DEVICES[2])
        assert crowd.refused == [DEVICES[0]] * 48
        crowd.go.set()
        await asyncio.gather(*tasks)
        return crowd

    assert asyncio.run(run()).begun == [DEVICES[0], DEVICES[0], DEVICES[1], DEVICES[2]]


def test_nobody_takes_a_second_place_where_many_wait() -> None:
    """Attack: a few devices take two places each. Once half of the places are taken, each device has one."""

    async def run() -> Crowd:
        crowd = Crowd(Turns(at_once=1, waiting=4))
        tasks = await crowd.come(DEVICES[0], DEVICES[0], DEVICES[1], DEVICES[1], DEVICES[2], DEVICES[3])
        crowd.go.set()
        await asyncio.gather(*tasks)
        return crowd

    crowd = asyncio.run(run())

    assert crowd.refused == [DEVICES[1]]
    assert crowd.begun == [DEVICES[0], DEVICES[0], DEVICES[1], DEVICES[2], DEVICES[3]]


def test_who_leaves_while_waiting_leaves_the_place() -> None:
    """A connection that ends gives its place back, also at the very moment at which its turn came."""

    async def run() -> Crowd:
        crowd = Crowd(Turns(at_once=1, waiting=3))
        first, second, third, fourth = await crowd.come(*DEVICES[:4])
        third.cancel()
        await settled()
        crowd.go.set()
        await first  # hands the turn to the second
        second.cancel()
        await asyncio.gather(second, third, fourth, return_exceptions=True)
        crowd.begun.clear()
        await asyncio.gather(*await crowd.come(*DEVICES[:4]))
        return crowd

    crowd = asyncio.run(run())

    assert (crowd.begun, crowd.refused) == (DEVICES[:4], [])


def test_turns_are_kept_between_two_loops() -> None:
    """The port and the terminator's socket have a loop each; whoever waits in one is called from the other."""
    turns, held, go = Turns(at_once=1, waiting=1), threading.Event(), threading.Event()
    order: list[str] = []

    async def first() -> None:
        async with turns.turn(DEVICES[0]):
            held.set()
            await asyncio.to_thread(go.wait)
            order.append("first")

    async def second() -> None:
        async with turns.turn(DEVICES[1]):
            order.append("second")

    threads = [threading.Thread(target=asyncio.run, args=(one(),)) for one in (first, second)]
    threads[0].start()
    held.wait()
    threads[1].start()
    while not turns._waiting:
        threading.Event().wait(0.005)
    go.set()
    for one in threads:
        one.join()

    assert order == ["first", "second"]


# At the door


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Tells the body."""
    await PlainTextResponse((await Request(scope, receive).body()).decode())(scope, receive, send)


async def asked(
    door: Door, receive: Callable[[], Awaitable[dict[str, Any]]], path: str = "/login"
) -> tuple[int, dict[str, str], bytes]:
    """One POST of a device: status, headers, body."""
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        sent.append(message)

    tls = {"akashi.client_certificate": ClientCertificate(b"der", DEVICES[0], 7)}
    scope = {"type": "http", "method": "POST", "path": path, "headers": [], "extensions": {"tls": tls}}
    await door(scope, receive, send)
    headers = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], headers, b"".join(message.get("body", b"") for message in sent)


def body(content: bytes) -> Callable[[], Awaitable[dict[str, Any]]]:
    """A body in one piece."""

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": content, "more_body": False}

    return receive


def door(turns: Turns, admitted: list[bytes], pace: Pace | None = None) -> Door:
    """A door with turns that tells whom it looked at."""

    def admit(certificate: bytes) -> Caller:
        admitted.append(certificate)
        return Caller("dev-aaaa", "inst-aaaa", InstitutionRole.SENDER, certificate)

    return Door(echo, ErrorCounter(FixedClock(0)), admit=admit, turns=turns, pace=pace)


@pytest.mark.parametrize("path", sorted(path for _, path in SIGN_INS))
def test_a_refused_sign_in_costs_neither_a_thread_nor_a_look(path: str) -> None:
    """503 with Retry-After, before the device is looked up and whatever the login: nobody learns from it who exists."""
    turns, admitted = Turns(at_once=1, waiting=0), list[bytes]()

    async def run() -> list[tuple[int, dict[str, str], bytes]]:
        async with turns.turn(DEVICES[1]):
            return [await asked(door(turns, admitted), body(login), path) for login in (b"known", CANARY.encode(), b"")]

    answers = asyncio.run(run())

    assert admitted == []
    assert answers[0] == answers[1] == answers[2]
    status, headers, told = answers[0]
    assert (status, headers["retry-after"]) == (503, RETRY_S)
    assert b"identity.busy" in told
    assert CANARY.encode() not in told


def test_other_requests_need_no_turn() -> None:
    """While the sign-in is full, everything else is served."""
    turns = Turns(at_once=1, waiting=0)

    async def run() -> int:
        async with turns.turn(DEVICES[1]):
            return (await asked(door(turns, []), body(b"x"), "/send"))[0]

    assert asyncio.run(run()) == 200


def test_a_slow_body_holds_no_turn() -> None:
    """Attack: a sign-in whose body never ends. Others sign in meanwhile; it is cut by the door's pace."""
    turns = Turns(at_once=1, waiting=0)

    async def never() -> dict[str, Any]:
        await asyncio.sleep(60)
        raise AssertionError

    async def run() -> tuple[int, int]:
        slow = asyncio.create_task(asked(door(turns, [], Pace(idle_s=0.05)), never))
        await settled()
        quick = await asked(door(turns, []), body(b"x"))
        return quick[0], (await slow)[0]

    assert asyncio.run(run()) == (200, 408)


def test_the_body_arrives_whole() -> None:
    """What was read before the turn is what the application reads."""
    pieces = [b"login=", b"okuru", b"&x=1"]

    async def receive() -> dict[str, Any]:
        piece = pieces.pop(0)
        return {"type": "http.request", "body": piece, "more_body": bool(pieces)}

    assert asyncio.run(asked(door(Turns(), []), receive))[2] == b"login=okuru&x=1"
