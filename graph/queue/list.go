package queue

import "context"

// Counts of a queue.
type Counts struct {
	Pending, Running, History int
	Paused                    bool
	// Version changes with everything that changes a listing.
	Version uint64
}

// Remaining is how many jobs wait or run.
func (c Counts) Remaining() int { return c.Pending + c.Running }

// Counts says how many jobs there are.
func (q *Queue) Counts() Counts {
	q.mu.Lock()
	defer q.mu.Unlock()
	return Counts{len(q.state.waiting.jobs), len(q.state.running), q.state.history.entries.Len(), q.state.paused, q.version}
}

// Jobs lists the running jobs and the pending ones, each in order.
func (q *Queue) Jobs() (running, pending []Job, version uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, j := range q.state.running {
		running = append(running, j.Job)
	}
	for _, j := range q.state.waiting.jobs {
		pending = append(pending, j.Job)
	}
	return running, pending, q.version
}

// History lists entries, oldest first. A negative offset means the newest max of them, another one skips that many of the oldest; a negative
// max means all.
func (q *Queue) History(offset, max int) (entries []*Entry, version uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	h := q.state.history
	n := h.entries.Len()
	first := offset
	if offset < 0 {
		first = 0
		if max >= 0 {
			first = n - min(max, n)
		}
	}
	last := n
	if max >= 0 {
		last = min(n, first+max)
	}
	if first >= last {
		return nil, q.version
	}
	entries = make([]*Entry, 0, last-first)
	if first > n/2 { // walk from the nearer end
		at := h.entries.Back()
		for range n - 1 - first {
			at = at.Prev()
		}
		for range last - first {
			entries = append(entries, at.Value.(*Entry))
			at = at.Next()
		}
		return entries, q.version
	}
	at := h.entries.Front()
	for range first {
		at = at.Next()
	}
	for range last - first {
		entries = append(entries, at.Value.(*Entry))
		at = at.Next()
	}
	return entries, q.version
}

// Entry finds the history's entry of a prompt.
func (q *Queue) Entry(id string) (*Entry, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	at := q.state.history.byID[id]
	if at == nil {
		return nil, false
	}
	return at.Value.(*Entry), true
}

// JobTexts reads the prompt and the extra data of a job.
func (q *Queue) JobTexts(ctx context.Context, k Key) (Texts, error) {
	blobs, err := q.texts.get(ctx, place(k))
	if err != nil || len(blobs) < 2 {
		return Texts{}, err
	}
	return Texts{Prompt: blobs[0], Extra: blobs[1]}, nil
}

// EntryTexts reads the texts of an ended job. Its prompt is as it ran.
func (q *Queue) EntryTexts(ctx context.Context, e *Entry) (Texts, error) {
	t, err := q.JobTexts(ctx, e.Key)
	if err != nil || e.outcome == (place{}) {
		return t, err
	}
	blobs, err := q.texts.get(ctx, e.outcome)
	if err != nil || len(blobs) < 4 {
		return t, err
	}
	t.Outputs, t.Messages, t.Meta = blobs[0], blobs[1], blobs[2]
	if len(blobs[3]) > 0 {
		t.Prompt = blobs[3]
	}
	return t, nil
}

// Running reports whether a prompt with this id runs.
func (q *Queue) Running(id string) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, j := range q.state.byID[id] {
		if j.Worker != "" {
			return true
		}
	}
	return false
}
