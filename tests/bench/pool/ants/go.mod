module airy-tools/bench/ants

go 1.19

require (
	github.com/panjf2000/ants/v2 v2.12.1
	golang.org/x/sync v0.11.0
)
