package queue

import (
	"container/list"
	"slices"
)

// maxHistory is how many entries the history keeps; the oldest go first.
const maxHistory = 10_000

// state is what the journal says: the jobs and the history. It changes by apply alone, which every process does with the same messages in
// the same order, so nothing in it may depend on clocks, chance or the process.
type state struct {
	applied uint64 // the last message
	counter int64  // the next number
	turn    uint64
	paused  bool

	waiting pending
	users   map[string]*user
	jobs    map[Key]*job // pending and running
	byID    map[string][]*job
	running []*job // in the order of their claims
	taken   map[string]Key

	history history
}

// user is what fairness knows of one.
type user struct {
	waiting pending
	running int
	last    uint64 // turn of the last claim
}

// history is the ended jobs, oldest first. A later job with the same prompt id takes the place of the earlier one.
type history struct {
	entries *list.List // of *Entry
	byID    map[string]*list.Element
}

func newState() *state {
	return &state{
		users: map[string]*user{}, jobs: map[Key]*job{}, byID: map[string][]*job{}, taken: map[string]Key{},
		history: history{list.New(), map[string]*list.Element{}},
	}
}

// Change is something that a record did; records without effect make none.
type Change struct {
	Kind   ChangeKind
	Job    Job
	Status Status // of ChangeFinished
	Events int    // of ChangeFinished: how many events the job sent before
	// Remaining is how many jobs wait or run after the change.
	Remaining int
}

// ChangeKind is what happened.
type ChangeKind int

// The kinds of changes.
const (
	ChangeAdded     ChangeKind = iota // a job waits
	ChangeStarted                     // a worker has it
	ChangeReturned                    // it waits again
	ChangeFinished                    // it is in the history
	ChangeDeleted                     // pending jobs were deleted, or one was moved
	ChangeInterrupt                   // a running job is to stop
	ChangeForgotten                   // entries of the history are gone
	ChangePaused                      // the queue was paused or resumed
)

// apply makes the records of message seq happen.
func (s *state) apply(seq uint64, group []record) []Change {
	var changes []Change
	for i, r := range group {
		before := len(changes)
		changes = s.applyRecord(changes, place{seq, uint32(i)}, r)
		for n := before; n < len(changes); n++ {
			changes[n].Remaining = len(s.waiting.jobs) + len(s.running)
		}
	}
	s.applied = seq
	return changes
}

func (s *state) applyRecord(changes []Change, at place, r record) []Change {
	switch r.Kind {
	case kindAccept:
		return append(changes, s.accept(at, r))
	case kindDrop:
		return s.drop(changes, r.IDs)
	case kindClear:
		return s.clear(changes)
	case kindInterrupt:
		return s.interrupt(changes, r.IDs)
	case kindForget, kindForgetAll:
		s.forget(r)
		return append(changes, Change{Kind: ChangeForgotten})
	case kindPause, kindResume:
		if s.paused == (r.Kind == kindPause) {
			return changes
		}
		s.paused = r.Kind == kindPause
		return append(changes, Change{Kind: ChangePaused})
	}
	j := s.jobs[r.Job]
	switch {
	case j == nil:
	case r.Kind == kindClaim && j.Worker == "" && r.Try == j.Try+1:
		s.claim(j, r)
		return append(changes, Change{Kind: ChangeStarted, Job: j.Job})
	case r.Kind == kindMove && j.Worker == "":
		s.unqueue(j)
		j.Number, j.Given = r.To, true
		s.enqueue(j)
		return append(changes, Change{Kind: ChangeDeleted, Job: j.Job})
	case j.Worker == "" || r.Try != j.Try: // a worker that lost the job
	case r.Kind == kindReserve:
		s.reserve(j, r)
	case r.Kind == kindRelease:
		s.stop(j)
		j.Try--
		s.enqueue(j)
		return append(changes, Change{Kind: ChangeReturned, Job: j.Job})
	case r.Kind == kindExpire:
		return append(changes, s.expire(j, r))
	case r.Kind == kindFinish:
		return append(changes, s.finish(j, r, at))
	}
	return changes
}

func (s *state) accept(at place, r record) Change {
	s.turn++
	s.counter += r.Skipped
	j := &job{Job: Job{
		Key: Key(at), ID: r.ID, Client: r.Client, User: r.User, Outputs: r.Outputs, Models: r.Models, Created: r.Time,
	}, turn: s.turn}
	if r.Number != nil {
		j.Number, j.Given = *r.Number, true
	} else {
		j.Number = float64(s.counter)
		if r.Front {
			j.Number = -j.Number
		}
		s.counter++
	}
	s.jobs[j.Key] = j
	s.byID[j.ID] = append(s.byID[j.ID], j)
	s.enqueue(j)
	return Change{Kind: ChangeAdded, Job: j.Job}
}

func (s *state) enqueue(j *job) {
	s.waiting.add(j)
	u := s.users[j.User]
	if u == nil {
		u = &user{}
		s.users[j.User] = u
	}
	u.waiting.add(j)
}

func (s *state) unqueue(j *job) {
	s.waiting.remove(j)
	s.users[j.User].waiting.remove(j)
}

func (s *state) claim(j *job, r record) {
	s.unqueue(j)
	s.turn++
	j.Worker, j.Try, j.Started = r.Worker, r.Try, r.Time
	s.running = append(s.running, j)
	u := s.users[j.User]
	u.running++
	u.last = s.turn
}

// stop ends the run of a job, whatever comes next.
func (s *state) stop(j *job) {
	j.Worker = ""
	s.running = slices.DeleteFunc(s.running, func(o *job) bool { return o == j })
	s.users[j.User].running--
}

// remove forgets a job that is neither pending nor running any more.
func (s *state) remove(j *job) {
	delete(s.jobs, j.Key)
	same := slices.DeleteFunc(s.byID[j.ID], func(o *job) bool { return o == j })
	if len(same) == 0 {
		delete(s.byID, j.ID)
	} else {
		s.byID[j.ID] = same
	}
	for _, n := range j.names {
		if s.taken[n.Path] == j.Key {
			delete(s.taken, n.Path)
		}
	}
	if u := s.users[j.User]; u != nil && u.running == 0 && len(u.waiting.jobs) == 0 {
		delete(s.users, j.User)
	}
}

// reserve gives a name to a slot of a job, unless another one has it; the name of the slot before is free again.
func (s *state) reserve(j *job, r record) {
	if _, taken := s.taken[r.Path]; taken && j.names[r.Slot].Path != r.Path {
		return
	}
	if j.names == nil {
		j.names = map[string]name{}
	}
	if old, ok := j.names[r.Slot]; ok && old.Path != r.Path {
		delete(s.taken, old.Path)
	}
	j.names[r.Slot] = name{r.Path, r.File}
	s.taken[r.Path] = j.Key
}

// expire takes a job from a worker that is gone.
func (s *state) expire(j *job, r record) Change {
	worker, started := j.Worker, j.Started
	s.stop(j)
	if j.Try < MaxTries && !j.Interrupted {
		s.enqueue(j)
		return Change{Kind: ChangeReturned, Job: j.Job}
	}
	j.Worker, j.Started = worker, started
	e := &Entry{Job: j.Job, Status: StatusError, Finished: r.Time, Reason: r.Reason}
	if j.Interrupted {
		e.Status = StatusInterrupted
	}
	s.end(j, e)
	return Change{Kind: ChangeFinished, Job: e.Job, Status: e.Status}
}

func (s *state) finish(j *job, r record, at place) Change {
	e := &Entry{Job: j.Job, Status: r.Status, Finished: r.Time, outcome: at}
	s.stop(j)
	s.end(j, e)
	return Change{Kind: ChangeFinished, Job: e.Job, Status: e.Status, Events: r.Events}
}

func (s *state) end(j *job, e *Entry) {
	s.remove(j)
	s.history.add(e)
}

// add puts an entry at the end, or in the place of an older one with its id.
func (h *history) add(e *Entry) {
	if h.entries.Len() > maxHistory-1 && h.byID[e.ID] == nil {
		h.remove(h.entries.Front())
	}
	if at := h.byID[e.ID]; at != nil {
		at.Value = e
		return
	}
	h.byID[e.ID] = h.entries.PushBack(e)
}

func (h *history) remove(at *list.Element) {
	delete(h.byID, h.entries.Remove(at).(*Entry).ID)
}

// drop deletes, for each id, the first pending job that has it.
func (s *state) drop(changes []Change, ids []string) []Change {
	for _, id := range ids {
		if i := slices.IndexFunc(s.byID[id], func(j *job) bool { return j.Worker == "" }); i >= 0 {
			j := s.byID[id][i]
			s.unqueue(j)
			s.remove(j)
			changes = append(changes, Change{Kind: ChangeDeleted, Job: j.Job})
		}
	}
	return changes
}

func (s *state) clear(changes []Change) []Change {
	all := s.waiting.jobs
	s.waiting.jobs = nil
	for _, u := range s.users {
		u.waiting.jobs = nil
	}
	for _, j := range all {
		s.remove(j)
	}
	return append(changes, Change{Kind: ChangeDeleted})
}

// interrupt marks the running jobs with one of these ids; none means all.
func (s *state) interrupt(changes []Change, ids []string) []Change {
	for _, j := range s.running {
		if !j.Interrupted && (len(ids) == 0 || slices.Contains(ids, j.ID)) {
			j.Interrupted = true
			changes = append(changes, Change{Kind: ChangeInterrupt, Job: j.Job})
		}
	}
	return changes
}

func (s *state) forget(r record) {
	if r.Kind == kindForgetAll {
		s.history = newState().history
		return
	}
	for _, id := range r.IDs {
		if at := s.history.byID[id]; at != nil {
			s.history.remove(at)
		}
	}
}

// next is the job to start, of those that skip does not name. Fair means that users take turns: the one with the fewest running jobs,
// then the one whose last start is longest ago. Jobs with a number below 0 were put in front on purpose, and go first.
func (s *state) next(fair bool, skip func(Key) bool) *job {
	if s.paused {
		return nil
	}
	first := s.waiting.first(skip)
	if !fair || first == nil || first.Number < 0 {
		return first
	}
	var best *job
	var by *user
	for _, u := range s.users {
		j := u.waiting.first(skip)
		if j == nil {
			continue
		}
		if by == nil || u.running < by.running || u.running == by.running && (u.last < by.last || u.last == by.last && compareJobs(j, best) < 0) {
			best, by = j, u
		}
	}
	return best
}

func (p *pending) first(skip func(Key) bool) *job {
	for _, j := range p.jobs {
		if !skip(j.Key) {
			return j
		}
	}
	return nil
}

// oldest is the first message that is still needed.
func (s *state) oldest() uint64 {
	oldest := s.applied + 1
	for _, j := range s.jobs {
		oldest = min(oldest, j.Key.Seq)
	}
	for at := s.history.entries.Front(); at != nil; at = at.Next() {
		oldest = min(oldest, at.Value.(*Entry).Key.Seq)
	}
	return oldest
}
