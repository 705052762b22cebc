package bench

import (
	"fmt"
	"io"
	"strings"

	"github.com/oneactor/oneactor/runtime/ort"
)

// line is the result of one part.
type line struct {
	part       string
	cpu        figure  // seconds, one thread
	wall       figure  // seconds, all threads
	load       float64 // CPU seconds to get ready
	torchLoad  float64
	memory     ort.Memory
	torchPeak  int64
	difference float64 // relative, of the results; 0: not compared
	notes      []string
}

// table prints lines as they come, in columns of fixed width.
type table struct {
	out   io.Writer
	peers bool
}

func newTable(out io.Writer, o Options) table {
	t := table{out, o.Python != ""}
	wall := fmt.Sprintf("s/%d thr", o.Threads)
	head := []string{"part", "CPU s/1"}
	if t.peers {
		head = append(head, "torch", "ratio", wall, "torch", "ratio", "load", "torch", "anon MB", "mapped", "peak", "torch", "differs")
	} else {
		head = append(head, wall, "load", "anon MB", "mapped", "peak")
	}
	t.print(head)
	return t
}

func (t table) add(l line) {
	row := []string{l.part}
	for _, f := range []figure{l.cpu, l.wall} {
		row = append(row, seconds(f.ours))
		if t.peers {
			row = append(row, seconds(f.torch), ratio(f.ratio))
		}
	}
	row = append(row, seconds(l.load))
	if t.peers {
		row = append(row, seconds(l.torchLoad))
	}
	row = append(row, megabytes(l.memory.Anonymous), megabytes(l.memory.Mapped), megabytes(l.memory.Peak))
	if t.peers {
		row = append(row, megabytes(l.torchPeak), difference(l.difference))
	}
	t.print(row)
	for _, note := range l.notes {
		fmt.Fprintf(t.out, "  %s: %s\n", l.part, note)
	}
}

func (t table) print(row []string) {
	var b strings.Builder
	for i, cell := range row {
		if i == 0 {
			fmt.Fprintf(&b, "%-16s", cell)
			continue
		}
		fmt.Fprintf(&b, " %8s", cell)
	}
	fmt.Fprintln(t.out, b.String())
}

func seconds(s float64) string { return unless(s == 0, "%.2f", s) }

func ratio(r float64) string { return unless(r == 0, "%.2f", r) }

func megabytes(n int64) string { return unless(n == 0, "%d", n>>20) }

func difference(d float64) string { return unless(d == 0, "%.1e", d) }

func unless(missing bool, format string, value any) string {
	if missing {
		return "-"
	}
	return fmt.Sprintf(format, value)
}
