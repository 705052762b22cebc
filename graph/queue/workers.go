package queue

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
)

// Subjects of the bus.
const (
	subjectBeat = "oneactor.worker.beat" // a worker lives
	subjectBye  = "oneactor.worker.bye"  // a worker leaves
	subjectAsk  = "oneactor.worker.ask"  // workers are to tell their lists again
	subjectTell = "oneactor.worker.tell" // the lists of a worker
)

// localWorker is in front of the ids of workers inside the process that owns the journal: they end with it.
const localWorker = "local/"

// WorkerInfo is what a worker says of itself with each heartbeat.
type WorkerInfo struct {
	ID     string   `json:"id"`
	Host   string   `json:"host"`
	Device string   `json:"device"`
	Models []string `json:"models"` // files that are loaded
	Job    string   `json:"job"`    // prompt id of the running job, "" for none
	Holds  []Hold   `json:"holds"`  // jobs whose lease is renewed
	Jobs   int      `json:"jobs"`   // ended since the start
	Lists  string   `json:"lists"`  // fingerprint of its lists
}

// Hold is a try of a job that a worker is at, or whose outcome it is about to write.
type Hold struct {
	Job Key `json:"j"`
	Try int `json:"t"`
}

// Lists are the names behind drop-downs, by key.
type Lists map[string][]string

// toldLists is the message of a worker about its lists.
type toldLists struct {
	ID, Print string
	Lists     Lists
}

// workers knows which workers live, and takes the jobs of the dead away.
type workers struct {
	q     *Queue
	stops []func()

	mu     sync.Mutex
	alive  map[string]*liveWorker
	held   map[Hold]time.Duration // when a running job was first seen, or its lease renewed
	told   map[string]toldLists   // by worker
	change uint64                 // of the lists
}

type liveWorker struct {
	WorkerInfo
	heard time.Duration
}

func newWorkers(q *Queue) (*workers, error) {
	w := &workers{q: q, alive: map[string]*liveWorker{}, held: map[Hold]time.Duration{}, told: map[string]toldLists{}}
	for subject, f := range map[string]func([]byte){subjectBeat: w.beat, subjectBye: w.bye, subjectTell: w.tell} {
		stop, err := q.config.Bus.Subscribe(subject, f)
		if err != nil {
			w.close()
			return nil, err
		}
		w.stops = append(w.stops, stop)
	}
	q.background.Go(w.watch)
	return w, q.config.Bus.Publish(subjectAsk, nil)
}

func (w *workers) close() {
	for _, stop := range w.stops {
		stop()
	}
}

func (w *workers) beat(data []byte) {
	var info WorkerInfo
	if json.Unmarshal(data, &info) != nil || info.ID == "" {
		return
	}
	w.mu.Lock()
	now := w.q.config.now()
	w.alive[info.ID] = &liveWorker{info, now}
	for _, h := range info.Holds {
		if _, ok := w.held[h]; ok {
			w.held[h] = now
		}
	}
	unknown := info.Lists != w.told[info.ID].Print
	w.mu.Unlock()
	if unknown {
		_ = w.q.config.Bus.Publish(subjectAsk, []byte(info.ID)) // asked again with the next beat
	}
}

func (w *workers) bye(data []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.forget(string(data))
}

func (w *workers) forget(id string) {
	delete(w.alive, id)
	delete(w.told, id)
	w.change++
}

func (w *workers) tell(data []byte) {
	var t toldLists
	if json.Unmarshal(data, &t) != nil || t.ID == "" {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.told[t.ID] = t
	w.change++
}

// watch looks for dead workers until the queue is closed.
func (w *workers) watch() {
	tick := time.NewTicker(max(w.q.config.Lease/5, time.Millisecond))
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			w.expire()
		case <-w.q.ctx.Done():
			return
		}
	}
}

// expire takes jobs from workers that have said nothing of them for longer than the lease, be it that they are dead or that they do not know of their claim. Several processes may do it at once: a record for a
// try that has ended has no effect.
func (w *workers) expire() {
	now := w.q.config.now()
	w.q.mu.Lock()
	var running []Job
	for _, j := range w.q.state.running {
		running = append(running, j.Job)
	}
	w.q.mu.Unlock()
	w.mu.Lock()
	held := map[Hold]time.Duration{}
	var dead []Job
	for _, j := range running {
		h := Hold{j.Key, j.Try}
		last, ok := w.held[h]
		if !ok {
			last = now
		}
		held[h] = last
		if now-last > w.q.config.Lease {
			dead = append(dead, j)
		}
	}
	w.held = held
	for id, a := range w.alive {
		if now-a.heard > w.q.config.Lease {
			w.forget(id)
		}
	}
	w.mu.Unlock()
	for _, j := range dead {
		w.q.expireJob(j, fmt.Sprintf("worker %s said nothing of it for %v", j.Worker, w.q.config.Lease))
	}
}

// expireJob takes a job from its worker.
func (q *Queue) expireJob(j Job, why string) {
	if j.Try >= MaxTries {
		why = fmt.Sprintf("given up after %d tries, each of which ended with its worker: %s; look into the worker's log, and for memory that ran out", j.Try, why)
	}
	slog.Warn("a job lost its worker", "prompt", j.ID, "try", j.Try, "reason", why)
	if _, err := q.write(q.ctx, record{Kind: kindExpire, Job: j.Key, Try: j.Try, Reason: why}); err != nil && q.ctx.Err() == nil {
		slog.Error("can't take a job from a lost worker; tried again later", "problem", err)
	}
}

// RecoverLocal takes the jobs from workers that ran inside this process before it was started again. Call it before workers begin,
// in the process that owns the journal.
func (q *Queue) RecoverLocal() {
	running, _, _ := q.Jobs()
	for _, j := range running {
		if strings.HasPrefix(j.Worker, localWorker) {
			q.expireJob(j, "the server stopped while the job ran")
		}
	}
}

// Workers lists the workers that live.
func (q *Queue) Workers() []WorkerInfo {
	w := q.workers
	w.mu.Lock()
	defer w.mu.Unlock()
	var list []WorkerInfo
	for _, a := range w.alive {
		list = append(list, a.WorkerInfo)
	}
	slices.SortFunc(list, func(a, b WorkerInfo) int { return strings.Compare(a.ID, b.ID) })
	return list
}

// List is the union of what workers list for a key, sorted, and a number that changes with the lists of any key.
func (q *Queue) List(key string) (names []string, version uint64) {
	w := q.workers
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, t := range w.told {
		names = append(names, t.Lists[key]...)
	}
	slices.Sort(names)
	return slices.Compact(names), w.change
}

// hasModels reports whether another living worker has all these models loaded.
func (w *workers) hasModels(except string, models []string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	for id, a := range w.alive {
		if id != except && containsAll(a.Models, models) {
			return true
		}
	}
	return false
}

func containsAll(have, want []string) bool {
	for _, m := range want {
		if !slices.Contains(have, m) {
			return false
		}
	}
	return true
}

// Free asks all workers to let go of memory; they do it between jobs.
func (q *Queue) Free(ctx context.Context, models, results bool) error {
	data, err := json.Marshal(FreeRequest{models, results})
	if err != nil {
		return err
	}
	return q.config.Bus.Publish(subjectFree, data)
}

const subjectFree = "oneactor.worker.free"

// FreeRequest is what a worker is to let go of.
type FreeRequest struct{ Models, Results bool }
