"""Requests that are odd before they are anybody's: a wrong Host, another method, one slash more.

Attack: an answer that leads a browser to a host which the request named.
"""

from __future__ import annotations

import pytest

from tests.api.served import World

pytestmark = pytest.mark.network


@pytest.mark.parametrize("path", ["/inbox/", "/login/", "/api/v1/transfers/", "/static/akashi.css/"])
def test_no_answer_names_the_host_of_the_request(world: World, path: str) -> None:
    """A gateway sends nobody to an address that came from a header."""
    answer = world.client(world.clinic).get(path, headers={"Host": "elsewhere.example"})

    assert "elsewhere.example" not in answer.text + str(answer.headers)
    assert answer.status_code in {401, 404}


@pytest.mark.parametrize("path", ["/enrol/", "/trust.txt/", "/api/v1/institutions/"])
def test_no_public_answer_names_the_host_of_the_request(world: World, path: str) -> None:
    """Nor do the public pages."""
    client = world.client(None, world.server.settings.public_port)
    answer = client.get(path, headers={"Host": "elsewhere.example"})

    assert "elsewhere.example" not in answer.text + str(answer.headers)
    assert answer.status_code == 404


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "TRACE", "PUT", "PATCH", "DELETE", "PROPFIND"])
def test_other_methods_do_nothing(world: World, method: str) -> None:
    """They are answered as unknown addresses are, with the headers of every other answer."""
    answer = world.client(world.clinic).request(method, "/login")

    assert answer.status_code == 404
    assert answer.headers["cache-control"] == "no-store"
    assert "access-control-allow-origin" not in answer.headers


def test_a_browser_at_an_unknown_address_gets_a_page(world: World) -> None:
    """Who mistypes an address of the public pages sees them with a sentence; a program gets its JSON as ever."""
    client = world.client(None, world.server.settings.public_port)
    seen = client.get("/nothing-here", headers={"Accept": "text/html"})
    told = client.get("/nothing-here")

    assert (seen.status_code, told.status_code) == (404, 404)
    assert "<h1>" in seen.text
    assert told.json()["code"]
