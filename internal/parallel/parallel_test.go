package parallel

import (
	"runtime"
	"sync/atomic"
	"testing"
)

// TestRanges: every index is visited once, with as many calls as there is work for.
func TestRanges(t *testing.T) {
	for _, tt := range []struct{ n, cost, calls int }{
		{0, 1, 1}, {1, 1, 1}, {7, 1, 1}, {3, grain, min(3, runtime.GOMAXPROCS(0))}, {100, grain, runtime.GOMAXPROCS(0)}, {grain - 1, 1, 1},
	} {
		visits, calls := make([]atomic.Int32, tt.n), atomic.Int32{}
		Ranges(tt.n, tt.cost, func(from, to int) {
			calls.Add(1)
			for i := from; i < to; i++ {
				visits[i].Add(1)
			}
		})
		for i := range visits {
			if v := visits[i].Load(); v != 1 {
				t.Errorf("%d of cost %d: index %d visited %d times", tt.n, tt.cost, i, v)
			}
		}
		if got := int(calls.Load()); got != min(tt.calls, max(tt.n, 1)) {
			t.Errorf("%d of cost %d: %d calls, want %d", tt.n, tt.cost, got, tt.calls)
		}
	}
}
