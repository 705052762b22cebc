package chaos

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// found is what is left after the trouble.
type found struct {
	entries []entry        // of the history, in its order
	files   map[string]int // colour by name; -1 for what is no whole picture
	hidden  []string       // unfinished files under names of their own
}

// entry is a job of the history.
type entry struct {
	id     string
	number float64
	status string
	files  []string
}

// look reads the history and the files.
func (t *trial) look(ctx context.Context) (found, error) {
	f := found{files: map[string]int{}}
	var raw json.RawMessage
	if err := t.get(ctx, "/history", &raw); err != nil {
		return f, err
	}
	var err error
	if f.entries, err = readHistory(raw); err != nil {
		return f, err
	}
	names, err := os.ReadDir(t.output())
	if err != nil {
		return f, err
	}
	for _, n := range names {
		if strings.HasPrefix(n.Name(), ".") {
			f.hidden = append(f.hidden, n.Name())
			continue
		}
		f.files[n.Name()] = colourOf(filepath.Join(t.output(), n.Name()))
	}
	return f, nil
}

// readHistory keeps the order of the history, which a map would lose.
func readHistory(text []byte) ([]entry, error) {
	d := json.NewDecoder(bytes.NewReader(text))
	if _, err := d.Token(); err != nil {
		return nil, err
	}
	var list []entry
	for d.More() {
		id, err := d.Token()
		if err != nil {
			return nil, err
		}
		var e struct {
			Prompt  []json.RawMessage
			Outputs map[string]struct {
				Images []struct{ Filename string }
			}
			Status struct {
				Text string `json:"status_str"`
			}
		}
		if err := d.Decode(&e); err != nil {
			return nil, err
		}
		out := entry{id: id.(string), status: e.Status.Text}
		if len(e.Prompt) > 0 {
			if err := json.Unmarshal(e.Prompt[0], &out.number); err != nil {
				return nil, err
			}
		}
		for _, o := range e.Outputs {
			for _, i := range o.Images {
				out.files = append(out.files, i.Filename)
			}
		}
		list = append(list, out)
	}
	return list, nil
}

// colourOf is the colour of a picture of one colour, -1 where the file is none.
func colourOf(path string) int {
	f, err := os.Open(path)
	if err != nil {
		return -1
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		return -1
	}
	first := img.At(0, 0)
	b := img.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			if img.At(x, y) != first {
				return -1
			}
		}
	}
	r, g, bl, _ := first.RGBA()
	return int(r>>8)<<16 | int(g>>8)<<8 | int(bl>>8)
}

// report is what was promised and not kept.
type report struct {
	accepted, unsure, unsureRan                          int
	lost, failed, twice, damaged, wrong, stray, outOrder []string
	hidden                                               int
	ordered                                              bool
}

// judge compares what was sent with what is left.
func (f found) judge(sentJobs []sent, ordered bool) report {
	r := report{hidden: len(f.hidden), ordered: ordered}
	byID := map[string]entry{}
	owner := map[string]string{}
	for _, e := range f.entries {
		byID[e.id] = e
		for _, name := range e.files {
			if other, taken := owner[name]; taken {
				r.twice = append(r.twice, fmt.Sprintf("%s is of %s and of %s", name, other, e.id))
			}
			owner[name] = e.id
		}
	}
	for _, s := range sentJobs {
		e, there := byID[s.id]
		if s.sure {
			r.accepted++
		} else {
			r.unsure++
			if !there {
				continue
			}
			r.unsureRan++
		}
		switch {
		case !there:
			r.lost = append(r.lost, s.id)
			continue
		case e.status != "success":
			r.failed = append(r.failed, s.id+": "+e.status)
			continue
		case len(e.files) != 1:
			r.twice = append(r.twice, fmt.Sprintf("%s has %d files", s.id, len(e.files)))
			continue
		}
		switch colour, ok := f.files[e.files[0]]; {
		case !ok:
			r.lost = append(r.lost, s.id+": its file "+e.files[0])
		case colour == -1:
			r.damaged = append(r.damaged, e.files[0])
		case colour != s.colour:
			r.wrong = append(r.wrong, fmt.Sprintf("%s has the colour of another job", e.files[0]))
		}
	}
	for name := range f.files {
		if owner[name] == "" {
			r.stray = append(r.stray, name)
		}
	}
	if ordered {
		for i := 1; i < len(f.entries); i++ {
			if a, b := f.entries[i-1], f.entries[i]; a.number > b.number {
				r.outOrder = append(r.outOrder, fmt.Sprintf("%s (%g) before %s (%g)", a.id, a.number, b.id, b.number))
			}
		}
	}
	return r
}

func (r report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "accepted: %d; answers lost in a kill: %d, of which %d had been accepted and ran\n", r.accepted, r.unsure, r.unsureRan)
	for _, row := range []struct {
		what string
		list []string
	}{
		{"accepted jobs lost", r.lost}, {"jobs that failed", r.failed}, {"jobs with a second output", r.twice}, {"damaged files", r.damaged},
		{"files of another content", r.wrong}, {"files of no job", r.stray}, {"jobs out of order", r.outOrder},
	} {
		if row.what == "jobs out of order" && !r.ordered {
			continue
		}
		fmt.Fprintf(&b, "%s: %d", row.what, len(row.list))
		if len(row.list) > 0 {
			fmt.Fprintf(&b, " (%s)", strings.Join(row.list[:min(5, len(row.list))], "; "))
		}
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, "unfinished files under hidden names: %d\n", r.hidden)
	return b.String()
}

func (r report) err() error {
	n := len(r.lost) + len(r.failed) + len(r.twice) + len(r.damaged) + len(r.wrong) + len(r.stray) + len(r.outOrder)
	if n == 0 {
		return nil
	}
	return fmt.Errorf("%d promises were broken", n)
}

// quantile of durations; 0 for none.
func quantile(list []time.Duration, q float64) time.Duration {
	if len(list) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(list))
	return sorted[int(q*float64(len(sorted)-1)+0.5)]
}
