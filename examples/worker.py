#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT
"""A worker for `airy consume … --worker N --ready -- ./worker.py`: it lives on, reads a message a line,
or with `--batch` several, and answers each by a line. Nothing but the standard library.

stdout belongs to the answers; everything else goes to stderr, which airy passes on."""

import json
import sys


class Rejected(Exception):
    """The message will never be right."""


def handle(message):
    """Indexes one post. A body that is not JSON has "body_text" or "body_base64" instead."""
    post = message.get("body")
    if not isinstance(post, dict) or "title" not in post:
        raise Rejected(f"{message['topic']} without a title")
    print(f"indexed {post['post_id']}: {post['title']}", file=sys.stderr)


def answer(**members):
    print(json.dumps(members), flush=True)


def work_on(message):
    try:
        handle(message)
    except Rejected as why:
        answer(id=message["id"], result="reject", reason=str(why))
    except OSError as why:  # a service is away: again later
        answer(id=message["id"], result="retry", reason=str(why), delay="30s")
    else:
        answer(id=message["id"], result="ok")


def main():
    # What takes long, such as loading a model or connecting to a database, comes here.
    answer(ready=True)
    for line in sys.stdin:
        request = json.loads(line)
        for message in request.get("batch", [request]):
            work_on(message)


if __name__ == "__main__":
    main()
