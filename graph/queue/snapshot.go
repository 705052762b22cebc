package queue

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"slices"
)

// snapshotVersion is the layout of snapshot.
const snapshotVersion = 1

// snapshot is the state as it is written down. Texts stay in the journal.
type snapshot struct {
	Version int
	Applied uint64
	Counter int64
	Turn    uint64
	Paused  bool
	Waiting []savedJob
	Running []savedJob
	Users   map[string]uint64 // turn of the last claim
	History []savedEntry
}

type savedJob struct {
	Job
	Turn  uint64
	Names map[string]name `json:",omitempty"`
}

type savedEntry struct {
	Entry
	Outcome place
}

func (s *state) save() ([]byte, error) {
	out := snapshot{Version: snapshotVersion, Applied: s.applied, Counter: s.counter, Turn: s.turn, Paused: s.paused, Users: map[string]uint64{}}
	for _, j := range s.waiting.jobs {
		out.Waiting = append(out.Waiting, savedJob{j.Job, j.turn, j.names})
	}
	for _, j := range s.running {
		out.Running = append(out.Running, savedJob{j.Job, j.turn, j.names})
	}
	for id, u := range s.users {
		out.Users[id] = u.last
	}
	for at := s.history.entries.Front(); at != nil; at = at.Next() {
		e := at.Value.(*Entry)
		out.History = append(out.History, savedEntry{*e, e.outcome})
	}
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
	if err != nil {
		return nil, err
	}
	if err := json.NewEncoder(z).Encode(out); err != nil {
		return nil, fmt.Errorf("snapshot: %w", err)
	}
	err = z.Close()
	return b.Bytes(), err
}

func loadState(data []byte) (*state, error) {
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("snapshot: %w", err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		return nil, fmt.Errorf("snapshot: %w", err)
	}
	var in snapshot
	if err := json.Unmarshal(text, &in); err != nil {
		return nil, fmt.Errorf("snapshot: %w", err)
	}
	if in.Version != snapshotVersion {
		return nil, fmt.Errorf("snapshot: version %d; this oneactor reads version %d", in.Version, snapshotVersion)
	}
	s := newState()
	s.applied, s.counter, s.turn, s.paused = in.Applied, in.Counter, in.Turn, in.Paused
	all := slices.Concat(in.Waiting, in.Running)
	slices.SortFunc(all, func(a, b savedJob) int { return cmp.Compare(a.Turn, b.Turn) })
	var running []*job
	for _, saved := range all {
		j := &job{saved.Job, saved.Turn, saved.Names}
		s.jobs[j.Key] = j
		s.byID[j.ID] = append(s.byID[j.ID], j)
		for _, n := range j.names {
			s.taken[n.Path] = j.Key
		}
		worker := j.Worker
		s.enqueue(j)
		if worker != "" {
			s.unqueue(j)
			running = append(running, j)
			s.users[j.User].running++
		}
	}
	for _, saved := range in.Running { // in the order of their claims
		i := slices.IndexFunc(running, func(j *job) bool { return j.Key == saved.Key })
		s.running = append(s.running, running[i])
	}
	for id, last := range in.Users {
		if u := s.users[id]; u != nil {
			u.last = last
		}
	}
	for _, e := range in.History {
		e.outcome = e.Outcome
		entry := e.Entry
		s.history.byID[entry.ID] = s.history.entries.PushBack(&entry)
	}
	return s, nil
}
