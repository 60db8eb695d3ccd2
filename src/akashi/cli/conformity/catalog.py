"""``akashi conformity catalog``: the catalogues, one of them, or one item."""

from __future__ import annotations

import argparse

from akashi.app.conformity.library import books
from akashi.app.conformity.telling import MODES, RELATIONS, catalogue_line
from akashi.cli.shell import Shell, manual
from akashi.conformity.model import Catalogue, Item, Mode


def declare(commands: argparse._SubParsersAction[argparse.ArgumentParser], parent: argparse.ArgumentParser) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "catalog",
        help="the catalogues that ship with Akashi, one of them, or one item",
        **manual(
            parent,
            "Lists the catalogues; with a name its items, with an item what it asks, in our own words with the clause of the\n"
            "official document, its checks, and the items of other catalogues that correspond. Needs no home.",
            "akashi conformity catalog mhlw-7.0-draft-ops 13-6",
            (4,),
        ),
    )
    parser.add_argument("catalogue", metavar="CATALOGUE", nargs="?", default="", help="its id; without it: all of them")
    parser.add_argument("item", metavar="ITEM", nargs="?", default="", help="the id of one item")
    parser.set_defaults(run=_run)


def _run(arguments: argparse.Namespace, shell: Shell) -> int:
    shelf = books().shelf
    if arguments.item:
        return _item(shelf.catalogue(arguments.catalogue), shelf.item(arguments.catalogue, arguments.item), shell)
    if arguments.catalogue:
        found = shelf.catalogue(arguments.catalogue)
        shell.result([_row(one) for one in found.items], [_line(one, shell) for one in found.items])
        return 0
    rows = [
        {"catalogue": one.id, "digest": one.digest.hex(), "items": len(one.items), "status": one.status}
        for one in shelf.catalogues
    ]
    shell.result(rows, [catalogue_line(one, shell.language) for one in shelf.catalogues])
    return 0


def _row(one: Item) -> dict[str, object]:
    text = {"en": one.text.en, "ja": one.text.ja}
    return {"checks": list(one.checks), "clause": one.clause, "item": one.id, "mode": one.mode.value, "text": text}


def _line(one: Item, shell: Shell) -> str:
    if one.mode is Mode.GROUP:
        return f"{one.id:<12}  {one.text.of(shell.language)}"
    return f"{one.id:<12}  [{MODES[one.mode].of(shell.language)}]  {one.text.of(shell.language)}"


def _item(catalogue: Catalogue, item: Item, shell: Shell) -> int:
    near = books().crosswalk.of(f"{catalogue.id}/{item.id}")
    say = shell.choose
    lines = [
        f"{catalogue.id}/{item.id}  {catalogue.document} {catalogue.edition} {item.clause}",
        item.text.of(shell.language),
        item.plain,
        f"{say('決め方', 'decided by')}: {MODES[item.mode].of(shell.language)}  {' '.join(item.checks)}",
        f"{say('条件', 'when')}: {' + '.join(item.when) or '-'}",
        f"{say('証跡の例', 'evidence')}: {say('、', ', ').join(item.evidence) or '-'}",
        f"{say('判定の期間', 'holds')}: {item.valid_days} {say('日', 'days')}",
    ]
    if item.report:
        lines.append(say("企画管理者への報告が要ります。", "A report to the planning manager is asked for."))
    lines += [f"  {RELATIONS[relation].of(shell.language)}  {name}  {reason}" for name, relation, reason in near]
    links = [{"item": name, "relation": relation.value} for name, relation, _ in near]
    shell.result(_row(item) | {"links": links, "plain": item.plain, "when": list(item.when)}, [x for x in lines if x])
    return 0
