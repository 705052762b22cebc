package actor

import (
	"syscall"
	"testing"
	"time"

	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/tensor"
)

// BenchmarkPicture draws a picture plain, with an actor, and with cluster guidance, in turn, so that a busy machine is busy for all.
// Figures are CPU seconds of a picture of 20 steps and its decoding, and how many plain ones the others cost: without cluster guidance an actor
// must be within 1.05; with it, two thirds of the steps evaluate three branches instead of two.
func BenchmarkPicture(b *testing.B) {
	s := newStudio(b, "a photo of a robot in a forest")
	a := Actor{Deltas: tensor.Full(0.1, 11, 64), Word: "robot"}
	during := runtime.Range{Start: 0, End: 0.66}
	cast, err := Use{Actor: a, V: 0.8, During: during}.Apply(s.positive)
	if err != nil {
		b.Fatal(err)
	}
	m := s.model.Model
	guiders := []runtime.Guider{
		runtime.NewCFGGuider(m, s.positive, s.negative, 5),
		runtime.NewCFGGuider(m.WithCluster(cast.ClusterAverage(), 0, during), cast, s.negative, 5),
		runtime.NewCFGGuider(m.WithCluster(cast.ClusterAverage(), 0.5, during), cast, s.negative, 5),
	}
	draw := func(g runtime.Guider) time.Duration {
		r := s.request(b, 1, 20, "dpmpp_2m")
		r.Guider = g
		before := cpuTime(b)
		out, err := s.rt.SampleGuided(b.Context(), r)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := s.rt.Decode(b.Context(), s.model.VAE, out.Latent); err != nil {
			b.Fatal(err)
		}
		return cpuTime(b) - before
	}
	draw(guiders[2]) // compiles
	var total [3]time.Duration
	for b.Loop() {
		for i, g := range guiders {
			total[i] += draw(g)
		}
	}
	b.ReportMetric(total[0].Seconds()/float64(b.N), "CPU-s/plain")
	b.ReportMetric(float64(total[1])/float64(total[0]), "actor/plain")
	b.ReportMetric(float64(total[2])/float64(total[0]), "guided/plain")
}

// cpuTime is the processor time of this process so far.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
