package graph

import (
	"context"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/oneactor/oneactor/graph/ojson"
)

// Cheap nodes: what is measured is the engine.

type benchStart struct {
	_     Meta `class:"Start" category:"test"`
	Value int  `default:"0"`
}

func (n benchStart) Run(context.Context) (int, error) { return n.Value, nil }

type benchNext struct {
	_     Meta `class:"Next" category:"test"`
	Value int  `default:"0"`
	Plus  int  `default:"1" min:"0" max:"1000000"`
}

func (n benchNext) Run(context.Context) (int, error) { return n.Value + n.Plus, nil }

type benchEnd struct {
	_     Meta `class:"End" category:"test" output:"true"`
	Value int  `force:"true"`
	Plus  int  `default:"0"`
}

func (n benchEnd) Run(context.Context) (UI, error) { return UI{"text": {n.Value}}, nil }

func node(class string, inputs ...any) *ojson.Object {
	return ojson.NewObject("class_type", class, "inputs", ojson.NewObject(inputs...))
}

func linkTo(id int) []any { return []any{strconv.Itoa(id), int64(0)} }

// chain is n nodes, each of which reads the one before it. The output comes first in the document, as the worst case for depth.
func chain(n int) *ojson.Object {
	p := ojson.NewObject(strconv.Itoa(n), node("End", "value", linkTo(n-1)))
	p.Object(strconv.Itoa(n)).Object("inputs").Set("plus", int64(1))
	for i := n - 1; i > 1; i-- {
		p.Set(strconv.Itoa(i), node("Next", "value", linkTo(i-1), "plus", int64(i)))
	}
	p.Set("1", node("Start", "value", int64(1)))
	return p
}

// fan is one node that n-1 different output nodes read.
func fan(n int) *ojson.Object {
	p := ojson.NewObject("1", node("Start", "value", int64(1)))
	for i := 2; i <= n; i++ {
		p.Set(strconv.Itoa(i), node("End", "value", linkTo(1), "plus", int64(i)))
	}
	return p
}

func benchRegistry(t testing.TB) *Registry {
	r, err := New(Declare[benchStart](), Declare[benchNext](), Declare[benchEnd]())
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// cost is what something took: on the clock, and of all processors together. The second is the steadier one on a busy machine, and no
// less than the first would be on an idle one.
type cost struct{ wall, cpu time.Duration }

func costOf(f func()) cost {
	cpu := func() time.Duration {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			return 0
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	wallBegin, cpuBegin := time.Now(), cpu()
	f()
	return cost{time.Since(wallBegin), cpu() - cpuBegin}
}

func (c cost) least(other cost) cost { return cost{min(c.wall, other.wall), min(c.cpu, other.cpu)} }

// measure runs a prompt twice on a fresh engine, events included, and returns the time of the first run with its validation, and
// of the second, which comes from the cache.
func measure(t testing.TB, r *Registry, prompt *ojson.Object) (fresh, again cost) {
	e := NewEngine(r, Config{})
	executed := 0
	count := func(ev Event) {
		if ev.Type == EventExecuting {
			executed++
		}
	}
	once := func() {
		executed = 0
		v := e.Validate(prompt, nil)
		if v.Err() != nil {
			t.Fatal(v.Err())
		}
		if _, err := e.Run(context.Background(), Request{PromptID: "p", Prompt: prompt, Outputs: v.Outputs}, count); err != nil {
			t.Fatal(err)
		}
	}
	fresh = costOf(once)
	if executed != prompt.Len() {
		t.Fatalf("%d nodes ran of %d", executed, prompt.Len())
	}
	again = costOf(once)
	if executed != 0 {
		t.Fatalf("%d nodes ran again", executed)
	}
	return fresh, again
}

func BenchmarkEngine(b *testing.B) {
	shapes := map[string]func(int) *ojson.Object{"chain": chain, "fan": fan}
	for _, shape := range []string{"chain", "fan"} {
		b.Run(shape, func(b *testing.B) {
			r := benchRegistry(b)
			// Only one prompt is alive at a time: with a large one in the heap the collector would hardly run for a small one.
			best := func(n int) (fresh, again cost) {
				prompt := shapes[shape](n)
				fresh, again = cost{time.Hour, time.Hour}, cost{time.Hour, time.Hour}
				for range 5 {
					runtime.GC() // what earlier rounds left behind is not this round's cost
					f, a := measure(b, r, prompt)
					fresh, again = fresh.least(f), again.least(a)
				}
				return fresh, again
			}
			ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
			for b.Loop() {
				fresh, again := best(10_000)
				freshLarge, againLarge := best(100_000)
				b.ReportMetric(ms(fresh.wall), "ms/10k-run")
				b.ReportMetric(ms(again.wall), "ms/10k-cached")
				b.ReportMetric(ms(fresh.cpu), "cpu-ms/10k-run")
				b.ReportMetric(ms(again.cpu), "cpu-ms/10k-cached")
				b.ReportMetric(float64(freshLarge.cpu)/float64(fresh.cpu), "x-run-100k/10k")
				b.ReportMetric(float64(againLarge.cpu)/float64(again.cpu), "x-cached-100k/10k")
			}
		})
	}
}
