package queue

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func snapshotText(t *testing.T, data []byte) string {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// script is a state and the number of its last message.
type script struct {
	*state
	t *testing.T
}

func (s *script) do(r ...record) []Change { return s.apply(s.applied+1, r) }

func (s *script) accept(id string, more ...func(*record)) Key {
	r := record{Kind: kindAccept, ID: id}
	for _, f := range more {
		f(&r)
	}
	return s.do(r)[0].Job.Key
}

func numbered(n float64) func(*record) { return func(r *record) { r.Number = &n } }
func front(r *record)                  { r.Front = true }
func by(user string) func(*record)     { return func(r *record) { r.User = user } }

// drain claims and finishes what waits and returns the ids in order.
func (s *script) drain(fair bool) string {
	var order []string
	for {
		j := s.next(fair, func(Key) bool { return false })
		if j == nil {
			return strings.Join(order, " ")
		}
		order = append(order, j.ID)
		s.do(record{Kind: kindClaim, Job: j.Key, Try: j.Try + 1, Worker: "w"})
		s.do(record{Kind: kindFinish, Job: j.Key, Try: j.Try, Status: StatusSuccess})
	}
}

func TestOrder(t *testing.T) {
	tests := map[string]struct {
		fair bool
		jobs func(s *script)
		want string
	}{
		"none":                          {false, func(*script) {}, ""},
		"as they came":                  {false, func(s *script) { s.accept("b"); s.accept("a"); s.accept("c") }, "b a c"},
		"by number":                     {false, func(s *script) { s.accept("a", numbered(2)); s.accept("b", numbered(1.5)); s.accept("c", numbered(-1)) }, "c b a"},
		"equal numbers by id":           {false, func(s *script) { s.accept("b", numbered(1)); s.accept("a", numbered(1)) }, "a b"},
		"equal ids by acceptance":       {false, func(s *script) { s.accept("a", numbered(1)); s.accept("a", numbered(1)); s.accept("0", numbered(1)) }, "0 a a"},
		"front":                         {false, func(s *script) { s.accept("a"); s.accept("b"); s.accept("c", front) }, "c a b"},
		"two in front: the later first": {false, func(s *script) { s.accept("a"); s.accept("b", front); s.accept("c", front) }, "c b a"},
		"refused prompts use numbers": {false, func(s *script) {
			s.accept("a")
			s.accept("b", func(r *record) { r.Skipped = 5 })
			s.accept("c", numbered(3))
		}, "a c b"},
		"deleted":      {false, func(s *script) { s.accept("a"); s.accept("b"); s.do(record{Kind: kindDrop, IDs: []string{"a", "x"}}) }, "b"},
		"deleted once": {false, func(s *script) { s.accept("a"); s.accept("a"); s.do(record{Kind: kindDrop, IDs: []string{"a"}}) }, "a"},
		"cleared":      {false, func(s *script) { s.accept("a"); s.accept("b"); s.do(record{Kind: kindClear}); s.accept("c") }, "c"},
		"moved": {false, func(s *script) {
			s.accept("a")
			s.do(record{Kind: kindMove, Job: s.accept("b"), To: -1})
		}, "b a"},
		"paused":          {false, func(s *script) { s.accept("a"); s.do(record{Kind: kindPause}) }, ""},
		"resumed":         {false, func(s *script) { s.do(record{Kind: kindPause}); s.accept("a"); s.do(record{Kind: kindResume}) }, "a"},
		"one after other": {false, func(s *script) { s.accept("a1", by("a")); s.accept("a2", by("a")); s.accept("b1", by("b")) }, "a1 a2 b1"},
		"in turns": {true, func(s *script) {
			for _, id := range []string{"a1", "a2", "a3", "b1", "b2", "c1"} {
				s.accept(id, by(id[:1]))
			}
		}, "a1 b1 c1 a2 b2 a3"},
		"in turns, but the front first": {true, func(s *script) {
			s.accept("a1", by("a"))
			s.accept("b1", by("b"))
			s.accept("b2", by("b"), front)
			s.accept("b3", by("b"), front)
		}, "b3 b2 a1 b1"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s := &script{newState(), t}
			tt.jobs(s)
			if got := s.drain(tt.fair); got != tt.want {
				t.Errorf("order %q, want %q", got, tt.want)
			}
		})
	}
}

// TestTries walks a job through what can happen to it.
func TestTries(t *testing.T) {
	s := &script{newState(), t}
	k := s.accept("a")
	claim := func(try int, worker string) record {
		return record{Kind: kindClaim, Job: k, Try: try, Worker: worker}
	}
	if n := len(s.do(claim(1, "one"), claim(1, "two"))); n != 1 || s.jobs[k].Worker != "one" {
		t.Errorf("%d claims of a job worked, it is with %q", n, s.jobs[k].Worker)
	}
	reserve := func(try int, slot, path string) record {
		return record{Kind: kindReserve, Job: k, Try: try, Slot: slot, Path: path, File: 7}
	}
	s.do(reserve(1, "9/0/1", "output/a_1"), reserve(1, "9/0/1", "output/a_2"))
	if got := s.jobs[k].names["9/0/1"]; got.Path != "output/a_2" || len(s.taken) != 1 {
		t.Errorf("slot has %v, taken are %v", got, s.taken)
	}
	if c := s.do(record{Kind: kindExpire, Job: k, Try: 1}); len(c) != 1 || c[0].Kind != ChangeReturned {
		t.Errorf("expiry makes %v", c)
	}
	if c := s.do(record{Kind: kindExpire, Job: k, Try: 1}, record{Kind: kindFinish, Job: k, Try: 1}, reserve(1, "x", "output/x")); len(c) != 0 || s.jobs[k].names["x"].Path != "" {
		t.Errorf("a worker that lost the job still does %v", c)
	}
	if got := s.next(false, func(Key) bool { return false }); got == nil || got.names["9/0/1"].Path != "output/a_2" {
		t.Error("the second try does not know the names of the first")
	}
	s.do(claim(2, "two"))
	if c := s.do(record{Kind: kindRelease, Job: k, Try: 2}); len(c) != 1 || s.jobs[k].Try != 1 {
		t.Error("a job that is given back counts as tried")
	}
	s.do(claim(2, "three"), record{Kind: kindExpire, Job: k, Try: 2}, claim(3, "four"))
	c := s.do(record{Kind: kindExpire, Job: k, Try: 3, Reason: "dead"})
	if len(c) != 1 || c[0].Status != StatusError || s.history.entries.Len() != 1 || len(s.jobs)+len(s.taken)+len(s.byID)+len(s.users) != 0 {
		t.Errorf("after the last try: %v, %d in the history, state %+v", c, s.history.entries.Len(), s.state)
	}
	if e := s.history.entries.Front().Value.(*Entry); e.Reason != "dead" || e.Worker != "four" {
		t.Errorf("entry %+v", e)
	}
}

func TestNamesOfOtherJobs(t *testing.T) {
	s := &script{newState(), t}
	a, b := s.accept("a"), s.accept("b")
	s.do(record{Kind: kindClaim, Job: a, Try: 1, Worker: "w"}, record{Kind: kindClaim, Job: b, Try: 1, Worker: "v"})
	s.do(record{Kind: kindReserve, Job: a, Try: 1, Slot: "s", Path: "p"}, record{Kind: kindReserve, Job: b, Try: 1, Slot: "s", Path: "p"})
	if s.taken["p"] != a || len(s.jobs[b].names) != 0 {
		t.Error("two jobs have one name")
	}
	s.do(record{Kind: kindFinish, Job: a, Try: 1}, record{Kind: kindReserve, Job: b, Try: 1, Slot: "s", Path: "p"})
	if s.taken["p"] != b {
		t.Error("a name stays taken after its job") // the file is there then, so that nobody takes it by mistake
	}
}

func TestInterrupt(t *testing.T) {
	s := &script{newState(), t}
	a, b := s.accept("a"), s.accept("b")
	s.do(record{Kind: kindClaim, Job: a, Try: 1, Worker: "w"}, record{Kind: kindClaim, Job: b, Try: 1, Worker: "v"})
	if c := s.do(record{Kind: kindInterrupt, IDs: []string{"b", "x"}}); len(c) != 1 || c[0].Job.ID != "b" {
		t.Errorf("interrupt of b does %v", c)
	}
	if c := s.do(record{Kind: kindInterrupt}); len(c) != 1 || c[0].Job.ID != "a" {
		t.Errorf("interrupt of all does %v", c)
	}
	// Its worker dies before it can say so: the job is not begun again.
	if c := s.do(record{Kind: kindExpire, Job: a, Try: 1}); len(c) != 1 || c[0].Status != StatusInterrupted {
		t.Errorf("expiry after an interrupt does %v", c)
	}
}

func TestHistory(t *testing.T) {
	s := &script{newState(), t}
	for i := range maxHistory + 3 {
		s.accept(fmt.Sprint(i))
	}
	s.drain(false)
	if n := s.history.entries.Len(); n != maxHistory {
		t.Errorf("%d entries, want %d", n, maxHistory)
	}
	if s.history.byID["2"] != nil || s.history.byID["3"] == nil {
		t.Error("the oldest entries are not those that went")
	}
	s.accept("5")
	s.drain(false)
	if e := s.history.byID["5"].Value.(*Entry); e.Number != maxHistory+3 || s.history.entries.Len() != maxHistory {
		t.Error("a second run of an id does not take the place of the first")
	}
	q := &Queue{state: s.state}
	for _, tt := range []struct {
		offset, max int
		want        string
	}{
		{-1, 2, "10001 10002"}, {0, 2, "3 4"}, {1, 1, "4"}, {9998, 5, "10001 10002"}, {20000, 5, ""}, {-1, 0, ""}, {9999, -1, "10002"}, {5500, 2, "5503 5504"},
	} {
		entries, _ := q.History(tt.offset, tt.max)
		var ids []string
		for _, e := range entries {
			ids = append(ids, e.ID)
		}
		if got := strings.Join(ids, " "); got != tt.want {
			t.Errorf("history from %d, %d at most: %s, want %s", tt.offset, tt.max, got, tt.want)
		}
	}
	s.do(record{Kind: kindForget, IDs: []string{"7", "x"}})
	if n := s.history.entries.Len(); n != maxHistory-1 || s.history.byID["7"] != nil {
		t.Error("forgetting an entry")
	}
	s.do(record{Kind: kindForgetAll})
	if s.history.entries.Len() != 0 {
		t.Error("forgetting all")
	}
}

// randomRecord makes a record about the jobs there are, now and then a wrong one.
func randomRecord(rng *rand.Rand, s *state) record {
	keys := []Key{{999, 9}}
	for k := range s.jobs {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b Key) int { return strings.Compare(a.String(), b.String()) })
	k := keys[rng.IntN(len(keys))]
	try := rng.IntN(3)
	if j := s.jobs[k]; j != nil && rng.IntN(4) > 0 {
		try = j.Try
		if j.Worker == "" {
			try++
		}
	}
	id := func() string { return fmt.Sprint("p", rng.IntN(12)) }
	r := record{Job: k, Try: try, Worker: fmt.Sprint("w", rng.IntN(3)), Slot: fmt.Sprint(rng.IntN(3)), Path: fmt.Sprint(rng.IntN(6)), Status: StatusSuccess,
		IDs: []string{id(), id()}, ID: id(), User: fmt.Sprint("u", rng.IntN(3)), To: float64(rng.IntN(9))}
	kinds := []recordKind{kindAccept, kindAccept, kindAccept, kindClaim, kindClaim, kindClaim, kindReserve, kindFinish, kindFinish, kindExpire, kindRelease, kindMove,
		kindDrop, kindInterrupt, kindForget}
	r.Kind = kinds[rng.IntN(len(kinds))]
	switch rng.IntN(60) {
	case 0:
		r.Kind = kindClear
	case 1:
		r.Kind = kindForgetAll
	case 2:
		r.Kind = kindPause
	case 3:
		r.Kind = kindResume
	}
	if rng.IntN(5) == 0 {
		n := float64(rng.IntN(5))
		r.Number = &n
	}
	return r
}

// TestSameForEveryone: whoever reads the journal, from the beginning or from a snapshot anywhere, comes to the same state; and the state's
// lists agree with each other.
func TestSameForEveryone(t *testing.T) {
	for seed := range uint64(40) {
		rng := rand.New(rand.NewPCG(seed, 1))
		s := newState()
		var restarted *state
		var group []record
		for n := range 400 {
			group = append(group, randomRecord(rng, s))
			if rng.IntN(3) > 0 {
				continue
			}
			encoded := []byte{}
			for _, r := range group {
				var err error
				if encoded, err = appendRecord(encoded, r); err != nil {
					t.Fatal(err)
				}
			}
			read, err := readGroup(encoded)
			if err != nil {
				t.Fatal(err)
			}
			seq := s.applied + 1
			s.apply(seq, group)
			if restarted != nil {
				restarted.apply(seq, read)
			}
			group = nil
			agree(t, s)
			if n%40 == 0 {
				data, err := s.save()
				if err != nil {
					t.Fatal(err)
				}
				if restarted, err = loadState(data); err != nil {
					t.Fatal(err)
				}
			}
		}
		a, err1 := s.save()
		b, err2 := restarted.save()
		if err1 != nil || err2 != nil {
			t.Fatal(err1, err2)
		}
		if snapshotText(t, a) != snapshotText(t, b) {
			t.Fatalf("seed %d: two readers differ:\n%s\n%s", seed, snapshotText(t, a), snapshotText(t, b))
		}
	}
}

func agree(t *testing.T, s *state) {
	t.Helper()
	waiting, running, names := 0, 0, 0
	for k, j := range s.jobs {
		if j.Worker == "" {
			waiting++
		} else {
			running++
		}
		for _, n := range j.names {
			names++
			if s.taken[n.Path] != k {
				t.Fatalf("job %v has %v, which is %v's", k, n, s.taken[n.Path])
			}
		}
	}
	users := 0
	for _, u := range s.users {
		users += len(u.waiting.jobs)
	}
	if waiting != len(s.waiting.jobs) || running != len(s.running) || users != waiting || names != len(s.taken) || !slices.IsSortedFunc(s.waiting.jobs, compareJobs) {
		t.Fatalf("lists disagree: %d wait, %d in the list, %d with users; %d run, %d in the list; %d names, %d taken",
			waiting, len(s.waiting.jobs), users, running, len(s.running), names, len(s.taken))
	}
}

func FuzzReadGroup(f *testing.F) {
	group, err := appendRecord(nil, record{Kind: kindAccept, ID: "a", blobs: [][]byte{[]byte("{}"), nil}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(group)
	f.Add([]byte{groupVersion})
	f.Add([]byte{groupVersion, 2, '{', '}', 0xff, 0xff, 0xff, 0xff, 0x0f})
	f.Fuzz(func(t *testing.T, data []byte) {
		records, err := readGroup(data)
		if err != nil {
			return
		}
		s := newState()
		s.apply(1, records)
		again := []byte{groupVersion}
		for _, r := range records {
			framed, err := appendRecord(nil, r)
			if err != nil {
				t.Fatal(err)
			}
			again = append(again, framed[1:]...)
		}
		if _, err := readGroup(again); err != nil {
			t.Errorf("what was read can't be written: %v", err)
		}
	})
}
