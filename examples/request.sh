#!/bin/sh
# SPDX-FileCopyrightText: 2026 The airy-tools authors
# SPDX-License-Identifier: MIT
#
# Request and reply: a consumer answers with what its command writes to stdout. An unknown article is
# given up, and its requester told. Needs `airy` on the PATH and a broker: AIRY_URL, or RabbitMQ on
# localhost.
set -eu

queue=example.prices.$$
AIRY_EXCHANGE=example.exchange.$$
export AIRY_EXCHANGE
work=$(mktemp -d)
consumer=
trap '[ -z "$consumer" ] || kill "$consumer" || true; wait
rm -rf "$work"; airy queue delete "$queue" --with-dlq --yes --quiet' EXIT

cat >"$work/quote" <<'HANDLER'
#!/bin/sh
# The request is on stdin; stdout is the reply, the last line of stderr the reason of a failure.
read -r sku || true
case $sku in
[0-9]*) echo "{\"sku\":$sku,\"price\":$((sku * 100 + 50))}" ;;
*) echo "there is no article $sku" >&2; exit 65 ;;
esac
HANDLER
chmod +x "$work/quote"

# The queue first: a request that no queue takes is exit 4 at once.
airy queue declare "$queue" --bind price.quote --quiet
airy consume price.quote --queue "$queue" --reply -- "$work/quote" 2>"$work/log" &
consumer=$!

airy request price.quote 7 --timeout 20s

# Many at once, printed in the order of the requests.
seq 1 20 | airy request price.quote --ordered --timeout 20s

status=0
airy request price.quote pear --timeout 20s || status=$?
echo "request ended with $status"
