#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT
"""clang.py BUILD_DIR FOLDER...: checks the sources of the folders with clang 16, or 19 where Debian has
no 16; a warning is an error. The sources are those that the build compiles: a folder in one piece is
one file, which includes the others."""

import concurrent.futures
import json
import os
import pathlib
import shlex
import shutil
import subprocess
import sys

CLANG = shutil.which("clang++-16") or "clang++-19"


def clang_command(entry):
    """The entry's own command with another compiler, as far as its warnings reach."""
    words = iter(shlex.split(entry["command"]))
    kept = [CLANG, "-Werror", "-Wno-unknown-warning-option", "-fsyntax-only"]
    for word in words:
        if word in ("-o", "-MF", "-MQ"):
            next(words)
        elif word in ("ccache", "-MD", "-c", entry["file"]) or word.startswith(("-O", "-g")):
            continue
        elif word.startswith("-") or word.endswith((".cpp", ".hpp")):
            kept.append(word)
    return kept + [entry["file"]]


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    entries = json.loads((build / "compile_commands.json").read_text())
    folders = sys.argv[2:]
    # A file in one piece is generated in the folder of this name below the build's.
    places = tuple(f"{place}/{folder}/" for place in (pathlib.Path.cwd(), build) for folder in folders)

    def is_wanted(entry):
        path = os.path.normpath(os.path.join(entry["directory"], entry["file"]))
        return path.startswith(places)

    sources = [entry for entry in entries if is_wanted(entry)]

    def compile_one(entry):
        done = subprocess.run(
            clang_command(entry), cwd=entry["directory"], text=True, capture_output=True
        )
        return done.returncode, done.stdout + done.stderr

    failed = False
    for folder in folders:
        if not any(f"/{folder}/" in entry["file"] or entry["file"].startswith(f"{folder}/") for entry in sources):
            print(f"{folder}: the build has no source of it")
            failed = True
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for status, text in pool.map(compile_one, sources):
            if status != 0 or text:
                print("\n".join(text.splitlines()[:15]))
                failed = True
    return failed


raise SystemExit(main())
