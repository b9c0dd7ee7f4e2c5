// SPDX-FileCopyrightText: 2026 The airy-tools authors
// SPDX-License-Identifier: MIT

// The works of bench_pool.cpp on ants, printed the same way.
package main

import (
	"fmt"
	"os"
	"runtime"
	"sort"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/panjf2000/ants/v2"
)

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func number(at int) int {
	n, err := strconv.Atoi(os.Args[at])
	fail(err)
	return n
}

// Peak resident memory in bytes.
func peak() uint64 {
	text, _ := os.ReadFile("/proc/self/status")
	for _, line := range strings.Split(string(text), "\n") {
		if strings.HasPrefix(line, "VmHWM:") {
			kib, _ := strconv.ParseUint(strings.Fields(line)[1], 10, 64)
			return kib * 1024
		}
	}
	return 0
}

func wait(tasks, capacity int, each time.Duration) {
	pool, err := ants.NewPool(capacity)
	fail(err)
	var done sync.WaitGroup
	done.Add(tasks)
	start := time.Now()
	for i := 0; i < tasks; i++ {
		fail(pool.Submit(func() {
			if each > 0 {
				time.Sleep(each)
			}
			done.Done()
		}))
	}
	done.Wait()
	took := time.Since(start).Seconds()
	fmt.Printf("elapsed_s %.6f tasks_per_s %.1f peak_rss_bytes %d\n", took, float64(tasks)/took, peak())
}

func burn(rounds int) uint64 {
	x := uint64(88172645463325252)
	for i := 0; i < rounds; i++ {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
	}
	return x
}

func cpu(tasks, threads, rounds int) {
	pool, err := ants.NewPool(threads)
	fail(err)
	var done sync.WaitGroup
	var sum atomic.Uint64
	done.Add(tasks)
	start := time.Now()
	for i := 0; i < tasks; i++ {
		fail(pool.Submit(func() {
			sum.Add(burn(rounds))
			done.Done()
		}))
	}
	done.Wait()
	fmt.Printf("elapsed_s %.6f\n", time.Since(start).Seconds())
}

// From submit to the start of the task, one at a time, with `busy` of 100 slots asleep.
func latency(samples, busy int) {
	pool, err := ants.NewPool(100)
	fail(err)
	release := make(chan struct{})
	for i := 0; i < busy; i++ {
		fail(pool.Submit(func() { <-release }))
	}
	times := make([]time.Duration, 0, samples)
	started := make(chan time.Duration, 1)
	for i := 0; i < samples; i++ {
		submitted := time.Now()
		fail(pool.Submit(func() { started <- time.Since(submitted) }))
		times = append(times, <-started)
		time.Sleep(200 * time.Microsecond)
	}
	close(release)
	sort.Slice(times, func(a, b int) bool { return times[a] < times[b] })
	at := func(q float64) float64 { return times[int(q*float64(samples-1))].Seconds() }
	fmt.Printf("p50_s %.9f p99_s %.9f\n", at(0.5), at(0.99))
}

func main() {
	if len(os.Args) < 2 {
		fail(fmt.Errorf("usage: ants wait TASKS CAP MICROSECONDS | cpu TASKS THREADS ROUNDS | latency SAMPLES BUSY"))
	}
	switch os.Args[1] {
	case "wait":
		wait(number(2), number(3), time.Duration(number(4))*time.Microsecond)
	case "cpu":
		cpu(number(2), number(3), number(4))
	case "latency":
		latency(number(2), number(3))
	default:
		fail(fmt.Errorf("unknown work %s on %s", os.Args[1], runtime.Version()))
	}
}
