package bench

import (
	"fmt"
	"os"
	"slices"
	"syscall"
	"time"
)

// times of one piece of work, in seconds: CPU over all threads, and by the clock.
type times struct {
	CPU  float64 `json:"cpu"`
	Wall float64 `json:"wall"`
}

// timed measures work in this process.
func timed(work func() error) (times, error) {
	start, cpu := time.Now(), cpuSeconds()
	err := work()
	return times{cpuSeconds() - cpu, time.Since(start).Seconds()}, err
}

// cpuSeconds is what this process has used so far.
func cpuSeconds() float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0 // cannot fail with a valid pointer
	}
	return usageSeconds(u)
}

func usageSeconds(u syscall.Rusage) float64 {
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

// resetPeak makes the highest memory of this process start anew (Linux).
func resetPeak() error {
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
		return fmt.Errorf("the peak counts from the start of the program: %w", err)
	}
	return nil
}

// figure is a median of ours and of PyTorch's runs, and the median of their ratios; 0 where there is none.
type figure struct{ ours, torch, ratio float64 }

// pairs are runs of both sides that followed each other.
type pairs struct{ ours, torch []times }

func (p *pairs) add(ours, torch times) {
	p.ours, p.torch = append(p.ours, ours), append(p.torch, torch)
}

func (p *pairs) cpu() figure  { return p.figure(func(t times) float64 { return t.CPU }) }
func (p *pairs) wall() figure { return p.figure(func(t times) float64 { return t.Wall }) }

func (p *pairs) figure(of func(times) float64) figure {
	var ours, torch, ratios []float64
	for i := range p.ours {
		a, b := of(p.ours[i]), of(p.torch[i])
		ours, torch = append(ours, a), append(torch, b)
		if b > 0 {
			ratios = append(ratios, a/b)
		}
	}
	return figure{median(ours), median(torch), median(ratios)}
}

// median of no values is 0.
func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	middle := len(values) / 2
	if len(values)%2 == 1 {
		return values[middle]
	}
	return (values[middle-1] + values[middle]) / 2
}
