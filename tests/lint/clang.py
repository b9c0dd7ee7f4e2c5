#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT
"""clang.py BUILD_DIR: compiles every source of the build with clang 16, where a warning is an error."""

import concurrent.futures
import json
import os
import pathlib
import shlex
import shutil
import subprocess
import sys

CLANG = "clang++-16"


def clang_command(entry, out_dir):
    """The entry's own command with another compiler and output, and without the debugger's data."""
    words = iter(shlex.split(entry["command"]))
    kept = [CLANG, "-Werror", "-Wno-unknown-warning-option", "-O0", "-g0"]
    if shutil.which("ccache"):
        kept.insert(0, "ccache")
    for word in words:
        if word in ("-o", "-MF", "-MQ", "-include"):  # the last brings in g++'s precompiled header
            next(words)
        elif word in ("ccache", "-MD", "-c", entry["file"]) or word.startswith(("-O", "-g")):
            continue
        elif word.startswith("-") or word.endswith((".cpp", ".hpp")):
            kept.append(word)
    output = out_dir / (entry["output"].replace("/", "_"))
    return kept + ["-c", entry["file"], "-o", str(output)]


def main():
    build = pathlib.Path(sys.argv[1]).resolve()
    out_dir = build / "clang"
    out_dir.mkdir(exist_ok=True)
    entries = json.loads((build / "compile_commands.json").read_text())
    sources = [entry for entry in entries if entry["file"].endswith(".cpp")]

    def compile_one(entry):
        done = subprocess.run(
            clang_command(entry, out_dir), cwd=entry["directory"], text=True, capture_output=True
        )
        return done.returncode, done.stdout + done.stderr

    failed = not sources
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for status, text in pool.map(compile_one, sources):
            if status != 0 or text:
                print("\n".join(text.splitlines()[:15]))
                failed = True
    return failed


raise SystemExit(main())
