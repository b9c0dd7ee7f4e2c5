#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT
"""hints.py BUILD_DIR: the commands and options that the texts of tools/ name are there.

Reads every option of every command from the program itself (`airy __options`), and each string of
the sources. `airy queue show` must be a command, `airy wait --for` an option of that command, and an
option that stands alone one of some command. Prints the offending texts and nothing else."""

import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
LITERALS = re.compile(r'"(?:[^"\\\n]|\\.)*"(?:\s*"(?:[^"\\\n]|\\.)*")*')
COMMAND = re.compile(r"(?<!man )(?<![\w/.:-])airy ([a-z]+)((?: [^;?()\n]*)?)")
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]+")
# Words of sentences behind "airy", and options of other programs.
NO_COMMANDS = {"publishes", "makes", "made", "does"}
OTHER_PROGRAMS = ("rabbitmqctl", "rabbitmq-plugins", "systemctl")


def texts():
    for file in sorted((ROOT / "tools").rglob("*.cpp")):
        source = re.sub(r"^\s*//.*$|^#include.*$", "", file.read_text(), flags=re.M)
        for match in LITERALS.finditer(source):
            parts = re.findall(r'"((?:[^"\\\n]|\\.)*)"', match.group())
            yield file.relative_to(ROOT), "".join(parts).replace("\\n", "\n").replace('\\"', '"')


def main():
    table = {}
    rows = subprocess.run([f"{sys.argv[1]}/tools/airy", "__options"], check=True, capture_output=True, text=True)
    for line in rows.stdout.splitlines():
        row = json.loads(line)
        names = {row["name"], *row["former"]}
        table.setdefault(row["command"], set()).update(names)
    everything = set().union(*table.values()) | {"--version"}
    tops = {command.split()[0] for command in table}

    def of(command):
        """The options of a command, with those of its subcommands and of its parent."""
        parent = command.split()[0]
        return set().union(table[parent], *(names for name, names in table.items() if (name + " ").startswith(command + " ")))

    for file, text in texts():
        if " " not in text or any(program in text for program in OTHER_PROGRAMS):
            continue
        for match in COMMAND.finditer(text):
            command, rest = match.groups()
            if command not in tops:
                if command not in NO_COMMANDS and not rest.startswith(" COMMAND"):
                    print(f"{file}: there is no command airy {command}: {text!r}")
                continue
            subcommands = {name.split()[1] for name in table if name.startswith(command + " ")}
            word = rest.split()[0] if rest.split() else ""
            if subcommands and word and not word.startswith(("-", "{")) and word != "needs":
                if word not in subcommands:
                    print(f"{file}: there is no airy {command} {word}: {text!r}")
                    continue
                command += " " + word
            for option in OPTION.findall(rest.split(" -- ")[0]):
                if option not in of(command) and option not in ("--help",):
                    print(f"{file}: airy {command} has no {option}: {text!r}")
        for option in OPTION.findall(re.sub(r" -- .*|'[^']*'", "", text)):
            # `--max` stands for all that begin so.
            if not any((known + "-").startswith(option + "-") for known in everything):
                print(f"{file}: no command has {option}: {text!r}")


main()
