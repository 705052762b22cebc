package chaos

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image/png"
	"maps"
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
	tries   map[string]int // how often each job was begun
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
	if f.tries, err = t.tries(ctx); err != nil {
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

// tries says how often each job was begun.
func (t *trial) tries(ctx context.Context) (map[string]int, error) {
	const page = 1000
	list := map[string]int{}
	for offset := 0; ; offset += page {
		var answer struct {
			Total int
			Jobs  []struct {
				ID    string `json:"prompt_id"`
				Tries int
			}
		}
		if err := t.get(ctx, fmt.Sprintf("/oneactor/jobs?limit=%d&offset=%d", page, offset), &answer); err != nil {
			return nil, err
		}
		for _, j := range answer.Jobs {
			list[j.ID] = j.Tries
		}
		if offset+page >= answer.Total {
			return list, nil
		}
	}
}

// again is how often jobs were begun after the first time.
func (f found) again() (n int) {
	for _, tries := range f.tries {
		n += tries - 1
	}
	return n
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

// maxTries is how often a job is begun before it is given up.
const maxTries = 3

// report is what was promised and not kept.
type report struct {
	accepted, unsure, unsureRan                          int
	givenUp                                              int // ended with an error after the third process that ran them was killed, as promised
	lost, failed, twice, damaged, wrong, stray, outOrder []string
	hidden                                               int
	ordered                                              bool
	hits                                                 hits
}

// hits are what the kills met.
type hits struct {
	kills     int
	accepting int  // a server with requests in flight
	running   int  // a process in the middle of a job, which had to be begun again
	apart     bool // what accepts and what runs jobs are different processes
}

// certain is how many kills met something at least: one that met both counts once.
func (h hits) certain() int {
	if h.apart {
		return h.accepting + h.running
	}
	return max(h.accepting, h.running)
}

func (h hits) String() string {
	return fmt.Sprintf("of %d kills %d met a server with requests in flight, %d a process in the middle of a job: %d or more did not meet an idle one\n",
		h.kills, h.accepting, h.running, h.certain())
}

// judge compares what was sent with what is left.
func (f found) judge(sentJobs []sent, ordered bool) report {
	r := report{hidden: len(f.hidden), ordered: ordered}
	byID := map[string]entry{}
	owner := map[string]string{}
	leftOver := map[int]int{} // files that jobs which were given up may have left, by their colour
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
		case e.status == "error" && f.tries[s.id] == maxTries:
			r.givenUp++
			leftOver[s.colour] += perJob
			continue
		case e.status != "success":
			r.failed = append(r.failed, s.id+": "+e.status)
			continue
		case len(e.files) != perJob:
			r.twice = append(r.twice, fmt.Sprintf("%s has %d files", s.id, len(e.files)))
			continue
		}
		for _, name := range e.files {
			switch colour, ok := f.files[name]; {
			case !ok:
				r.lost = append(r.lost, s.id+": its file "+name)
			case colour == -1:
				r.damaged = append(r.damaged, name)
			case colour != s.colour:
				r.wrong = append(r.wrong, fmt.Sprintf("%s has the colour of another job", name))
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(f.files)) {
		if owner[name] != "" {
			continue
		}
		if colour := f.files[name]; leftOver[colour] > 0 {
			leftOver[colour]--
		} else {
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
	b.WriteString(r.hits.String())
	if r.givenUp > 0 {
		fmt.Fprintf(&b, "jobs that ended with an error because three processes were killed while they ran them: %d\n", r.givenUp)
	}
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
	if n == 0 && 2*r.hits.certain() < r.hits.kills {
		return errors.New("too many kills met an idle system, so this proves too little")
	}
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
