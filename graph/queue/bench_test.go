package queue

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// openEmbedded opens a queue on a journal in this process.
func openEmbedded(tb testing.TB, dir string, c Config) *Queue {
	tb.Helper()
	e, err := StartEmbedded(EmbeddedConfig{Dir: dir})
	if err != nil {
		tb.Fatal(err)
	}
	n, err := e.Connect()
	if err != nil {
		tb.Fatal(err)
	}
	c.Journal, c.Bus = n, n
	q, err := Open(tb.Context(), c)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := q.Close(); err != nil {
			tb.Error(err)
		}
		if err := n.Close(); err != nil {
			tb.Error(err)
		}
		if err := e.Close(); err != nil {
			tb.Error(err)
		}
	})
	return q
}

// BenchmarkSubmit accepts jobs one after another; BenchmarkSync is what the disk alone takes for as many.
func BenchmarkSubmit(b *testing.B) {
	q := openEmbedded(b, b.TempDir(), Config{})
	prompt, n := make([]byte, 400), 0
	for b.Loop() {
		n++
		if _, err := q.Submit(b.Context(), Submission{ID: fmt.Sprint(n), Prompt: prompt, Extra: []byte("{}")}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSubmitParallel accepts jobs from 20 clients at once.
func BenchmarkSubmitParallel(b *testing.B) {
	q := openEmbedded(b, b.TempDir(), Config{})
	prompt := make([]byte, 400)
	b.SetParallelism(10)
	b.RunParallel(func(pb *testing.PB) {
		for n := 0; pb.Next(); n++ {
			if _, err := q.Submit(b.Context(), Submission{ID: fmt.Sprint(n), Prompt: prompt, Extra: []byte("{}")}); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

func BenchmarkSync(b *testing.B) {
	f, err := os.Create(filepath.Join(b.TempDir(), "log"))
	if err != nil {
		b.Fatal(err)
	}
	defer f.Close()
	data := make([]byte, 600)
	for b.Loop() {
		if _, err := f.Write(data); err != nil {
			b.Fatal(err)
		}
		if err := f.Sync(); err != nil {
			b.Fatal(err)
		}
	}
}
