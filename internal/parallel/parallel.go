// Package parallel shares loops over large arrays among the processors.
package parallel

import (
	"runtime"
	"sync"
)

// grain is the number of values below which starting goroutines costs more than it saves.
const grain = 1 << 15

// Ranges splits 0…n-1 into one range per processor and calls f on each; cost is the number of values one index stands for. Where there is
// little to do, f is called once.
func Ranges(n, cost int, f func(from, to int)) {
	workers := min(runtime.GOMAXPROCS(0), n, max(1, n*cost/grain))
	if workers <= 1 {
		f(0, n)
		return
	}
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() { f(w*n/workers, (w+1)*n/workers) })
	}
	wg.Wait()
}
