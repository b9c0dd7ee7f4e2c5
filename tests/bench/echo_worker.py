#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT
"""The usual loop of a worker of `airy consume --worker`, without any work."""

import json
import sys

for line in sys.stdin:
    message = json.loads(line)
    print(json.dumps({"id": message["id"], "result": "ok"}), flush=True)
