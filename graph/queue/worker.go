package queue

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
)

// WorkerConfig is what runs jobs.
type WorkerConfig struct {
	// Local says that the worker is inside the process that owns the journal.
	Local bool
	Host  string
	// Info tells what computes and which models are loaded.
	Info func() (device string, models []string)
	// Lists are the names behind drop-downs; nil where the queue's own process has them.
	Lists func() Lists
	// Run does a job. The cause of its context's end is ErrInterrupted where a client wants that; the outcome then says so.
	Run func(context.Context, *Task) Outcome
	// Free lets go of memory, between jobs.
	Free func(FreeRequest)
	// Tidy is called when there is nothing to do after jobs, not more often than every 10 seconds; nil does nothing.
	Tidy func()
	// Drain is how long the running job may go on after the worker is told to end; below 0 there is no limit.
	Drain time.Duration
}

var (
	// ErrInterrupted is the cause of the end of a job's context when a client interrupts it.
	ErrInterrupted = errors.New("interrupted by a client")
	errLost        = errors.New("the job went to another worker, as this one was not heard of")
	errDrained     = errors.New("the worker is stopping")
)

// modelWait is how long a job at the head waits for a worker that has its models.
const modelWait = 500 * time.Millisecond

// maxUnsaved is how many outcomes may be on their way to the disk while the next job runs.
const maxUnsaved = 32

// worker takes jobs one after another.
type worker struct {
	WorkerConfig
	q    *Queue
	id   string
	wake chan struct{}

	mu      sync.Mutex
	task    *Task
	cancel  context.CancelCauseFunc
	free    FreeRequest
	printed string // of the lists
	done    int

	holds   map[Hold]bool // the running job, and those whose outcome is not on disk yet
	untidy  bool
	tidied  time.Duration          // when Tidy was called last
	claims  map[Key]*pendingRecord // not applied yet
	unsaved []*pendingRecord
	head    Key // the job that waits for another worker's models, since headAt
	headAt  time.Duration
}

// Task is a job in the hands of a worker.
type Task struct {
	Job
	Texts
	worker *worker
}

// Work takes jobs and runs them until ctx ends; the running job is then finished, or given back after Drain.
func (q *Queue) Work(ctx context.Context, c WorkerConfig) error {
	w := &worker{WorkerConfig: c, q: q, id: c.Host + "/" + uuid.NewString(), wake: make(chan struct{}, 1), claims: map[Key]*pendingRecord{}, holds: map[Hold]bool{}}
	if c.Local {
		w.id = localWorker + uuid.NewString()
	}
	defer q.Watch(w.changed)()
	for subject, f := range map[string]func([]byte){subjectAsk: w.asked, subjectFree: w.asksFree} {
		stop, err := q.config.Bus.Subscribe(subject, f)
		if err != nil {
			return err
		}
		defer stop()
	}
	beats, stop := context.WithCancel(q.ctx)
	ended := make(chan struct{})
	go func() { defer close(ended); w.beats(beats) }()
	defer func() { stop(); <-ended }()
	draining := make(chan struct{})
	defer close(draining)
	go w.drain(ctx, draining)
	err := w.loop(ctx)
	w.settle(0)
	return errors.Join(err, q.config.Bus.Publish(subjectBye, []byte(w.id)))
}

// drain cancels the running job some time after ctx has ended.
func (w *worker) drain(ctx context.Context, done <-chan struct{}) {
	select {
	case <-ctx.Done():
	case <-done:
		return
	}
	if w.Drain < 0 {
		return
	}
	select {
	case <-time.After(w.Drain):
		w.stop(errDrained, func(*Task) bool { return true })
	case <-done:
	}
}

// stop cancels the running job if which says so.
func (w *worker) stop(cause error, which func(*Task) bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.task != nil && which(w.task) {
		w.cancel(cause)
	}
}

// changed hears what happens to jobs.
func (w *worker) changed(c Change) {
	switch c.Kind {
	case ChangeInterrupt:
		w.stop(ErrInterrupted, func(t *Task) bool { return t.Key == c.Job.Key })
	case ChangeReturned, ChangeFinished:
		w.stop(errLost, func(t *Task) bool { return t.Key == c.Job.Key && t.Try == c.Job.Try })
		w.poke()
	case ChangeAdded, ChangeDeleted, ChangePaused:
		w.poke()
	}
}

func (w *worker) poke() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

func (w *worker) asked(data []byte) {
	if id := string(data); id == "" || id == w.id {
		w.mu.Lock()
		w.printed = ""
		w.mu.Unlock()
		w.beat()
	}
}

func (w *worker) asksFree(data []byte) {
	var r FreeRequest
	if json.Unmarshal(data, &r) != nil {
		return
	}
	w.mu.Lock()
	w.free.Models = w.free.Models || r.Models
	w.free.Results = w.free.Results || r.Results
	w.mu.Unlock()
	w.poke()
}

// beats says that the worker lives, several times in a lease.
func (w *worker) beats(ctx context.Context) {
	tick := time.NewTicker(max(w.q.config.Lease/5, time.Millisecond))
	defer tick.Stop()
	for {
		w.beat()
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

func (w *worker) beat() {
	info := WorkerInfo{ID: w.id, Host: w.Host}
	info.Device, info.Models = w.Info()
	var told []byte
	if w.Lists != nil {
		t := toldLists{ID: w.id, Lists: w.Lists()}
		text, err := json.Marshal(t.Lists) // keys are sorted
		if err != nil {
			slog.Error("the lists of the worker can't be told", "problem", err)
			return
		}
		sum := sha256.Sum256(text)
		t.Print = hex.EncodeToString(sum[:8])
		info.Lists = t.Print
		told, err = json.Marshal(t)
		if err != nil {
			slog.Error("the lists of the worker can't be told", "problem", err)
			return
		}
	}
	w.mu.Lock()
	info.Jobs = w.done
	if w.task != nil {
		info.Job = w.task.ID
	}
	for h := range w.holds {
		info.Holds = append(info.Holds, h)
	}
	news := told != nil && w.printed != info.Lists
	w.printed = info.Lists
	w.mu.Unlock()
	if news {
		w.publish(subjectTell, told)
	}
	data, err := json.Marshal(info)
	if err == nil {
		w.publish(subjectBeat, data)
	}
}

// publish sends what is sent again soon, so that a failure needs no more than a line.
func (w *worker) publish(subject string, data []byte) {
	if err := w.q.config.Bus.Publish(subject, data); err != nil && w.q.ctx.Err() == nil {
		slog.Warn("a message of the worker was not sent", "subject", subject, "problem", err)
	}
}

func (w *worker) loop(ctx context.Context) error {
	for {
		w.doFree()
		j, wait := w.next()
		if ctx.Err() != nil {
			return nil
		}
		if j == nil {
			w.settle(0)
			if next := w.tidy(); wait == 0 {
				wait = next
			}
			if err := w.sleep(ctx, wait); err != nil {
				return err
			}
			continue
		}
		if err := w.do(*j); err != nil {
			if w.q.ctx.Err() != nil {
				return nil
			}
			slog.Error("the journal does not take what the worker did; it goes on in a second", "problem", err)
			if err := w.sleep(ctx, time.Second); err != nil {
				return err
			}
		}
	}
}

// sleep waits for something to do; a wait of 0 has no limit.
func (w *worker) sleep(ctx context.Context, wait time.Duration) error {
	var timer <-chan time.Time
	if wait > 0 {
		t := time.NewTimer(wait)
		defer t.Stop()
		timer = t.C
	}
	select {
	case <-w.wake:
	case <-timer:
	case <-ctx.Done():
	case <-w.q.ctx.Done():
		return ErrClosed
	}
	return nil
}

// tidyEvery is the least time between two calls of Tidy, as in ComfyUI.
const tidyEvery = 10 * time.Second

// tidy lets Tidy clean up after jobs, or returns how long to wait for it.
func (w *worker) tidy() time.Duration {
	if !w.untidy || w.Tidy == nil {
		return 0
	}
	now := w.q.config.now()
	if left := tidyEvery - (now - w.tidied); w.tidied > 0 && left > 0 {
		return left
	}
	w.untidy, w.tidied = false, now
	w.Tidy()
	return 0
}

func (w *worker) doFree() {
	w.mu.Lock()
	r := w.free
	w.free = FreeRequest{}
	w.mu.Unlock()
	if r != (FreeRequest{}) && w.Free != nil {
		w.Free(r)
	}
}

// next is the job to take, or how long it may wait for a worker that has its models.
func (w *worker) next() (*Job, time.Duration) {
	for k, p := range w.claims {
		select {
		case <-p.finished:
			delete(w.claims, k)
		default:
		}
	}
	w.q.mu.Lock()
	j := w.q.state.next(w.q.config.Fair, func(k Key) bool { return w.claims[k] != nil })
	var found Job
	if j != nil {
		found = j.Job
	}
	w.q.mu.Unlock()
	if j == nil {
		return nil, 0
	}
	if len(found.Models) > 0 && w.q.journal.Shared() {
		_, loaded := w.Info()
		if !containsAll(loaded, found.Models) && w.q.workers.hasModels(w.id, found.Models) {
			now := w.q.config.now()
			if w.head != found.Key {
				w.head, w.headAt = found.Key, now
			}
			if left := modelWait - (now - w.headAt); left > 0 {
				return nil, left
			}
		}
	}
	return &found, 0
}

// do claims a job, runs it and writes its outcome.
func (w *worker) do(j Job) error {
	add := w.q.commit.addLate
	if w.q.journal.Shared() {
		add = w.q.commit.add
	}
	claim := add(record{Kind: kindClaim, Time: time.Now().UnixMilli(), Job: j.Key, Try: j.Try + 1, Worker: w.id})
	w.claims[j.Key] = claim
	// Alone, the claim can only fail because the job was deleted a moment before: the run is then for nothing. Waiting for it would
	// cost every job a sync.
	if w.q.journal.Shared() {
		if err := claim.wait(w.q.ctx); err != nil {
			return err
		}
		if !w.owns(j.Key, j.Try+1) {
			return nil
		}
	}
	j.Try++
	j.Worker = w.id
	hold := Hold{j.Key, j.Try}
	w.hold(hold, true)
	texts, err := w.q.JobTexts(w.q.ctx, j.Key)
	if err != nil {
		w.hold(hold, false)
		w.giveBack(hold)
		return err
	}
	t := &Task{j, texts, w}
	ctx, cancel := context.WithCancelCause(w.q.ctx)
	w.mu.Lock()
	w.task, w.cancel = t, cancel
	w.mu.Unlock()
	w.stopIfInterrupted(t, cancel)
	w.untidy = true
	outcome := w.Run(ctx, t)
	cause := context.Cause(ctx)
	w.mu.Lock()
	w.task = nil
	w.done++
	w.mu.Unlock()
	cancel(nil)
	switch {
	case outcome.Status == StatusInterrupted && errors.Is(cause, errDrained):
		w.hold(hold, false)
		return w.giveBack(hold)
	case outcome.Status == StatusInterrupted && errors.Is(cause, errLost):
		w.hold(hold, false)
		return nil
	}
	w.save(t, outcome)
	return nil
}

// hold says whether the lease of a try is renewed.
func (w *worker) hold(h Hold, on bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if on {
		w.holds[h] = true
	} else {
		delete(w.holds, h)
	}
}

// giveBack lets another worker have a job. Where that can't be written, its lease runs out.
func (w *worker) giveBack(h Hold) error {
	_, err := w.q.write(w.q.ctx, record{Kind: kindRelease, Job: h.Job, Try: h.Try})
	return err
}

// stopIfInterrupted finds an interrupt that came before the task was there to be stopped.
func (w *worker) stopIfInterrupted(t *Task, cancel context.CancelCauseFunc) {
	w.q.mu.Lock()
	defer w.q.mu.Unlock()
	if j := w.q.state.jobs[t.Key]; j != nil && j.Interrupted {
		cancel(ErrInterrupted)
	}
}

// owns reports whether the journal says that this worker has a try of a job.
func (w *worker) owns(k Key, try int) bool {
	w.q.mu.Lock()
	defer w.q.mu.Unlock()
	j := w.q.state.jobs[k]
	return j != nil && j.Worker == w.id && j.Try == try
}

// save hands an outcome to the journal. It does not wait for it, so that the next job runs meanwhile; but only so many may be on their way.
func (w *worker) save(t *Task, o Outcome) {
	r := record{
		Kind: kindFinish, Time: time.Now().UnixMilli(), Job: t.Key, Try: t.Try, Status: o.Status, Events: o.Events,
		blobs: [][]byte{o.Outputs, o.Messages, o.Meta, o.Prompt},
	}
	w.unsaved = append(w.unsaved, w.q.commit.addLate(r))
	w.settle(maxUnsaved)
}

// settle waits until at most so many outcomes are on their way. One that the journal did not take is handed over again, for as long as the
// queue is open: what was computed is not thrown away because a disk is full for an hour.
func (w *worker) settle(limit int) {
	for len(w.unsaved) > 0 {
		first := w.unsaved[0]
		select {
		case <-first.finished:
		default:
			if len(w.unsaved) <= limit {
				return
			}
			<-first.finished
		}
		switch {
		case errors.Is(first.err, ErrTooLarge):
			r := first.record
			r.Status = StatusError
			r.blobs = [][]byte{[]byte("{}"), tooLargeMessages(r.Job.String(), first.err), []byte("{}"), nil}
			w.unsaved[0] = w.q.commit.addLate(r)
			continue
		case first.err != nil && w.q.ctx.Err() == nil && !errors.Is(first.err, ErrClosed):
			slog.Error("the outcome of a job can't be kept; trying again in a second", "problem", first.err)
			select {
			case <-time.After(time.Second):
			case <-w.q.ctx.Done():
			}
			w.unsaved[0] = w.q.commit.add(first.record)
			continue
		}
		w.hold(Hold{first.Job, first.Try}, false)
		w.unsaved = w.unsaved[1:]
	}
}

// tooLargeMessages are the messages of a job whose results do not fit into the history.
func tooLargeMessages(job string, err error) []byte {
	text, _ := json.Marshal([]any{[]any{"execution_error", map[string]any{ // strings can be marshalled
		"prompt_id": job, "node_id": "", "node_type": "", "executed": []string{}, "exception_type": "RuntimeError", "traceback": []string{},
		"exception_message": fmt.Sprintf("the results of the job are too large to be kept: %v", err),
		"current_inputs":    map[string]any{}, "current_outputs": []string{}, "timestamp": time.Now().UnixMilli(),
	}}})
	return text
}

// Reserve gives the job's file of this slot a name, for ever: another try of the job is told by Reserved. It returns false where another
// job has the name, and an error where this worker has lost the job.
func (t *Task) Reserve(ctx context.Context, slot, path string, file uint64) (bool, error) {
	q := t.worker.q
	if _, err := q.write(ctx, record{Kind: kindReserve, Job: t.Key, Try: t.Try, Slot: slot, Path: path, File: file}); err != nil {
		return false, err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	j := q.state.jobs[t.Key]
	if j == nil || j.Worker != t.worker.id || j.Try != t.Try {
		return false, errLost
	}
	return j.names[slot] == name{path, file}, nil
}

// Reserved is the name that this or an earlier try took for a slot.
func (t *Task) Reserved(slot string) (path string, file uint64, ok bool) {
	q := t.worker.q
	q.mu.Lock()
	defer q.mu.Unlock()
	if j := q.state.jobs[t.Key]; j != nil {
		n, ok := j.names[slot]
		return n.Path, n.File, ok
	}
	return "", 0, false
}

// Names are the names that this and earlier tries took.
func (t *Task) Names() []string {
	q := t.worker.q
	q.mu.Lock()
	defer q.mu.Unlock()
	var list []string
	if j := q.state.jobs[t.Key]; j != nil {
		for _, n := range j.names {
			list = append(list, n.Path)
		}
	}
	slices.Sort(list)
	return list
}
