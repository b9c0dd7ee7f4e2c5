#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT
"""options.py BUILD_DIR: one thing has one name in all commands, and one name means one thing.

The program tells its options (`airy __options`); options.txt tells the meaning of each. A row there is

    NAME [LETTER] [VALUE] | MEANING [| COMMAND, COMMAND...]

A new option needs a row, so that its author sees the names that there are. Only a name with several
meanings lists its commands. Prints the disagreements and nothing else."""

import json
import pathlib
import subprocess
import sys

TABLE = pathlib.Path(__file__).with_name("options.txt")


class Row:
    def __init__(self, number, line):
        fields = [field.strip() for field in line.split("|")]
        words = fields[0].split()
        self.number, self.name, self.meaning = number, words[0], fields[1]
        rest = words[1:]
        self.letter = rest.pop(0) if rest and rest[0].startswith("-") else None
        self.value = " ".join(rest) or None
        self.commands = {c.strip() for c in fields[2].split(",")} if len(fields) > 2 else None
        self.used = False

    def fits(self, option):
        return self.name == option["name"] and (self.commands is None or option["command"] in self.commands)


def main():
    rows = [
        Row(number, line)
        for number, line in enumerate(TABLE.read_text().splitlines(), 1)
        if line.strip() and not line.startswith("#")
    ]
    output = subprocess.run([f"{sys.argv[1]}/tools/airy", "__options"], check=True, capture_output=True, text=True)
    options = [json.loads(line) for line in output.stdout.splitlines()]

    meanings, letters, names = {}, {}, {}
    for row in rows:
        where = f"options.txt:{row.number}"
        if row.meaning in meanings:
            print(f"{where}: {row.name} and {meanings[row.meaning]} have one meaning: {row.meaning}")
        meanings[row.meaning] = row.name
        if row.letter and letters.setdefault(row.letter, row.name) != row.name:
            print(f"{where}: {row.letter} is {letters[row.letter]} and {row.name}")
        if row.name in names and (row.commands is None or names[row.name] is None):
            print(f"{where}: {row.name} has several meanings, and a row does not list its commands")
        names[row.name] = row.commands

    for option in options:
        if option["operand"]:
            continue
        command, name = option["command"], option["name"]
        row = next((row for row in rows if row.fits(option)), None)
        if row is None:
            print(f"airy {command} {name}: options.txt has no row for it")
            continue
        row.used = True
        for key in ("letter", "value"):
            if option[key] != getattr(row, key):
                print(f"airy {command} {name}: its {key} is {option[key]}, and in options.txt {getattr(row, key)}")
        for former in option["former"]:
            if any(other["command"] == command and other["name"] == former for other in options):
                print(f"airy {command} {name}: its former spelling {former} is another option there")
    for row in rows:
        if not row.used:
            print(f"options.txt:{row.number}: no command has {row.name}")


main()
