#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT
"""Includes point one way (libcore/README.md): prints each that does not."""

import pathlib
import re

# Each folder may include these beside itself.
ALLOWED = {
    "util": set(),
    "event": {"util"},
    "pool": {"util"},
    "net": {"util"},
    "mq": {"util", "event", "net"},
    "mq/copies": {"util", "event", "mq"},
    "mq/amqp": {"util", "event", "net", "mq", "mq/copies"},
    "mq/embedded": {"util", "event", "net", "mq", "mq/copies"},
    "work": {"util", "event", "net", "mq", "pool"},
    "inspect": {"util", "event", "net", "mq", "pool", "work"},
}
# One file chooses the implementation by the URL's scheme, so it includes all of them.
FACTORIES = {"libcore/mq/schemes.cpp": {"mq/amqp", "mq/embedded"}}
# Only one folder may include each of these libraries.
OWNERS = {
    r"amqp(_\w+)?\.h|rabbitmq-c/.*": "libcore/mq/amqp",
    r"sqlite3\.h": "libcore/mq/embedded",
    r"CLI/.*": "tools/cli",
    r"n?curses\.h|term\.h": "tools/top",
}


def folder_of(path):
    """The longest folder of ALLOWED in which an included path lies; None for others."""
    known = [name for name in ALLOWED if str(path).startswith(name + "/")]
    return max(known, key=len, default=None)


def complaints(file):
    inside = folder_of(file.relative_to("libcore")) if file.parts[0] == "libcore" else None
    if file.parts[0] == "libcore" and inside is None:
        yield 0, "lies in no folder that tests/lint/includes.py knows"
        return
    for number, line in enumerate(file.read_text().splitlines(), 1):
        found = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
        if not found:
            continue
        quote, name = found.groups()
        for pattern, owner in OWNERS.items():
            elsewhere = not file.is_relative_to(owner) and file.parts[0] != "tests"
            if re.fullmatch(pattern, name) and elsewhere:
                yield number, f"only {owner} may include {name}"
        if inside is None or quote == "<":
            continue
        if name.startswith(("tools/", "libcore/", "../")):
            yield number, f"libcore includes from its own root, and nothing outside: {name}"
            continue
        target = folder_of(name)
        if target is None:
            yield number, f"{name} is in no known folder"
        elif target != inside and target not in ALLOWED[inside] | FACTORIES.get(str(file), set()):
            yield number, f"{inside} must not include {name}"


def main():
    failed = False
    for root in ("libcore", "tools", "tests"):
        for file in sorted(pathlib.Path(root).rglob("*.[ch]pp")):
            for number, text in complaints(file):
                print(f"{file}:{number}: {text}")
                failed = True
    return failed


raise SystemExit(main())
