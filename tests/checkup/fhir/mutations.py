"""Breaks one thing in a Bundle, as a row of the checker's tables says.

``drop`` takes the first element at the path away, ``empty`` all of the first place, ``drop all`` those of every place, ``twice`` repeats the first, ``shorten`` keeps only the
first of a list, ``rotate`` moves the first of a list to its end, ``set:JSON`` replaces the first, ``add:JSON`` puts one more.
"""

from __future__ import annotations

import copy
import json
from typing import Any

from akashi.checkup.fhir.checker import profile_of, reach


def last_name(path: str) -> str:
    """The member that the path ends in; a filter may hold blanks nowhere."""
    return path.rpartition(" ")[2].partition("[")[0]


def _change(parent: dict[str, Any], name: str, found: list[Any], breaks: str) -> None:
    verb, _, value = breaks.partition(":")
    held: Any = parent.get(name)
    if verb == "add":
        new = json.loads(value)
        parent[name] = [*held, new] if isinstance(held, list) else new
    elif verb == "set":
        new = json.loads(value)
        if isinstance(held, list) and not isinstance(new, list):
            held[held.index(found[0])] = new
        else:
            parent[name] = new
    elif verb == "twice":
        parent[name] = [*held, copy.deepcopy(found[0])] if isinstance(held, list) else [held, copy.deepcopy(held)]
    elif verb == "rotate":
        parent[name] = [*held[1:], held[0]]
    elif verb == "shorten":
        parent[name] = held[:1]
    elif isinstance(held, list) and verb != "empty":
        parent[name] = [inner for inner in held if inner is not found[0]]
        if not parent[name]:
            del parent[name]
    else:
        del parent[name]


def broken(bundle: dict[str, Any], profile: str, path: str, breaks: str, on: str = "") -> dict[str, Any]:
    """A copy of ``bundle`` with one thing wrong, in the first resource of ``profile`` that has the place (and ``on``)."""
    made = copy.deepcopy(bundle)
    holders = [made] if profile == "Bundle" else [entry["resource"] for entry in made["entry"]]
    adds = breaks.startswith("add:")
    for resource in holders:
        if profile != "Bundle" and profile_of(resource) != profile:
            continue
        if on and not any(found for _parent, found in reach(resource, on)):
            continue
        places = [(parent, found) for parent, found in reach(resource, path) if isinstance(parent, dict)]
        places = [(parent, found) for parent, found in places if bool(found) != adds or (adds and "[" in path)]
        if places:
            for parent, found in places if breaks == "drop all" else places[:1]:
                _change(parent, last_name(path), found, breaks)
            return made
    message = f"the sample has no place for {profile} {path}"
    raise AssertionError(message)


def places_of(node: Any) -> list[tuple[Any, Any]]:
    """Every member of every object and list below ``node``."""
    found: list[tuple[Any, Any]] = []
    waiting = [node]
    while waiting:
        holder = waiting.pop()
        keys = list(holder) if isinstance(holder, dict) else range(len(holder))
        found += [(holder, key) for key in keys]
        waiting += [holder[key] for key in keys if isinstance(holder[key], dict | list)]
    return found
