package queue

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// clock is a time that tests move.
type clock struct{ now atomic.Int64 }

func (c *clock) time() time.Duration         { return time.Duration(c.now.Load()) }
func (c *clock) forward(d time.Duration)     { c.now.Add(int64(d)) }
func success(context.Context, *Task) Outcome { return Outcome{Status: StatusSuccess} }
func testLease(c *clock) Config              { return Config{Lease: 10 * time.Second, now: c.time} }
func (q *Queue) status(id string) (s Status) { e, _ := q.Entry(id); return e.status() }
func (e *Entry) status() Status {
	if e == nil {
		return ""
	}
	return e.Status
}

// TestOneWorkerKeepsTheOrder runs jobs that come from many clients while they run.
func TestOneWorkerKeepsTheOrder(t *testing.T) {
	for _, alone := range []bool{true, false} {
		t.Run(fmt.Sprintf("alone %v", alone), func(t *testing.T) {
			d := newDisk()
			d.alone = alone
			q := openOn(t, d, Config{})
			var mu sync.Mutex
			var order []float64
			work(t, q, func(_ context.Context, task *Task) Outcome {
				mu.Lock()
				defer mu.Unlock()
				order = append(order, task.Number)
				return Outcome{Status: StatusSuccess}
			})
			var clients sync.WaitGroup
			for c := range 10 {
				clients.Go(func() {
					for n := range 30 {
						submit(t, q, fmt.Sprintf("%d-%d", c, n))
					}
				})
			}
			clients.Wait()
			eventually(t, q, "all done", func() bool { return q.Counts().History == 300 })
			mu.Lock()
			defer mu.Unlock()
			if !slices.IsSorted(order) || len(order) != 300 {
				t.Errorf("%d jobs ran, in the order %v", len(order), order)
			}
		})
	}
}

// TestWorkersShareJobs runs each job once, on whichever worker.
func TestWorkersShareJobs(t *testing.T) {
	d := newDisk()
	server := openOn(t, d, Config{})
	var mu sync.Mutex
	runs := map[string]int{}
	by := map[int]int{}
	release := make(chan struct{})
	for w := range 3 {
		work(t, openOn(t, d, Config{}), func(_ context.Context, task *Task) Outcome {
			mu.Lock()
			runs[task.ID]++
			by[w]++
			mu.Unlock()
			<-release
			return Outcome{Status: StatusSuccess, Outputs: []byte("{}")}
		})
	}
	var ids []string
	for n := range 30 {
		ids = append(ids, fmt.Sprint(n))
	}
	submit(t, server, ids...)
	eventually(t, server, "three run", func() bool { return server.Counts().Running == 3 })
	close(release)
	eventually(t, server, "all done", func() bool { return server.Counts().History == 30 })
	mu.Lock()
	defer mu.Unlock()
	for _, id := range ids {
		if runs[id] != 1 {
			t.Errorf("job %s ran %d times", id, runs[id])
		}
	}
	if len(by) != 3 {
		t.Errorf("jobs by worker: %v", by)
	}
}

// TestLostWorker: the job of a worker that is not heard of goes to another one; what the first says afterwards does not count.
func TestLostWorker(t *testing.T) {
	d, c := newDisk(), &clock{}
	server := openOn(t, d, testLease(c))
	silent := newDisk() // a bus of its own: heartbeats do not arrive
	config := testLease(&clock{})
	config.Journal, config.Bus = d, silent.bus
	lonely, err := Open(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	started, lost := make(chan *Task, 1), make(chan error, 1)
	first := work(t, lonely, func(ctx context.Context, task *Task) Outcome {
		started <- task
		<-ctx.Done()
		lost <- context.Cause(ctx)
		return Outcome{Status: StatusSuccess, Outputs: []byte("too late")}
	})
	submit(t, server, "a")
	task := <-started
	first.tell() // it takes no other job
	if ok, err := task.Reserve(t.Context(), "9/0/1", "output/a", 5); !ok || err != nil {
		t.Fatal(ok, err)
	}
	eventually(t, server, "running", func() bool { return server.Counts().Running == 1 })
	server.workers.expire() // sees the job for the first time
	c.forward(9 * time.Second)
	server.workers.expire()
	if server.Counts().Running != 1 {
		t.Error("the job was taken away within the lease")
	}
	c.forward(2 * time.Second)
	server.workers.expire()
	if err := <-lost; !errors.Is(err, errLost) {
		t.Errorf("the first worker hears %v", err)
	}
	<-first.ended
	if _, err := task.Reserve(t.Context(), "9/0/2", "output/b", 6); !errors.Is(err, errLost) {
		t.Errorf("a worker without the job takes a name: %v", err)
	}
	names := make(chan string, 1)
	work(t, server, func(_ context.Context, task *Task) Outcome {
		path, file, ok := task.Reserved("9/0/1")
		names <- fmt.Sprint(task.Try, " ", path, " ", file, " ", ok)
		return Outcome{Status: StatusSuccess, Outputs: []byte("in time"), Messages: []byte("[]"), Meta: []byte("{}")}
	})
	if got, want := <-names, "2 output/a 5 true"; got != want {
		t.Errorf("the second try finds %q, want %q", got, want)
	}
	eventually(t, server, "done", func() bool { return server.Counts().History == 1 })
	e, _ := server.Entry("a")
	if texts, err := server.EntryTexts(t.Context(), e); err != nil || string(texts.Outputs) != "in time" {
		t.Errorf("outcome %q (%v)", texts.Outputs, err)
	}
	if err := lonely.Close(); err != nil {
		t.Error(err)
	}
}

// TestThreeTries: a job that takes its worker with it three times ends with an error that says so.
func TestThreeTries(t *testing.T) {
	d := newDisk()
	d.alone = true
	for try := range MaxTries + 1 {
		q := openOn(t, d, Config{})
		q.RecoverLocal()
		if try == 0 {
			submit(t, q, "a", "b")
		}
		if try == MaxTries {
			e, ok := q.Entry("a")
			if !ok || e.Status != StatusError || !strings.Contains(e.Reason, "given up after 3 tries") {
				t.Errorf("entry %+v", e)
			}
			if _, pending, _ := q.Jobs(); len(pending) != 1 || pending[0].ID != "b" {
				t.Errorf("waiting: %v", pending)
			}
			return
		}
		// A worker that begins the job and is killed: only the claim is in the journal.
		_, pending, _ := q.Jobs()
		if pending[0].ID != "a" || pending[0].Try != try {
			t.Fatalf("try %d: waiting %+v", try, pending)
		}
		if _, err := q.write(t.Context(), record{Kind: kindClaim, Job: pending[0].Key, Try: try + 1, Worker: localWorker + "x"}); err != nil {
			t.Fatal(err)
		}
		d = d.crash()
	}
}

func TestInterruptReachesTheJob(t *testing.T) {
	d := newDisk()
	server, other := openOn(t, d, Config{}), openOn(t, d, Config{})
	started := make(chan string, 2)
	run := func(ctx context.Context, task *Task) Outcome {
		started <- task.ID
		<-ctx.Done()
		if !errors.Is(context.Cause(ctx), ErrInterrupted) {
			t.Errorf("%s ends with %v", task.ID, context.Cause(ctx))
		}
		return Outcome{Status: StatusInterrupted}
	}
	work(t, server, run)
	work(t, other, run)
	submit(t, server, "a", "b")
	<-started
	<-started
	if err := server.Interrupt(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	eventually(t, server, "a interrupted", func() bool { return server.status("a") == StatusInterrupted })
	if server.Counts().Running != 1 {
		t.Error("b was interrupted, too")
	}
	if err := server.Interrupt(t.Context(), "nobody"); err != nil {
		t.Fatal(err)
	}
	if err := server.Interrupt(t.Context()); err != nil {
		t.Fatal(err)
	}
	eventually(t, server, "b interrupted", func() bool { return server.status("b") == StatusInterrupted })
}

func TestDrain(t *testing.T) {
	tests := map[string]struct {
		drain    time.Duration
		stubborn bool // the job does not end by itself
		done     int
		waiting  int
	}{
		"finishes its job":             {-1, false, 1, 1},
		"finishes it within the time":  {time.Minute, false, 1, 1},
		"gives it back after the time": {time.Millisecond, true, 0, 2},
		"gives it back at once":        {0, true, 0, 2},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			q := openOn(t, newDisk(), Config{})
			started, finish := make(chan struct{}), make(chan struct{})
			w := workWith(t, q, WorkerConfig{Drain: tt.drain, Run: func(ctx context.Context, task *Task) Outcome {
				close(started)
				select {
				case <-finish:
					return Outcome{Status: StatusSuccess}
				case <-ctx.Done():
					return Outcome{Status: StatusInterrupted}
				}
			}})
			submit(t, q, "a", "b")
			<-started
			w.tell()
			if !tt.stubborn {
				close(finish)
			}
			<-w.ended
			if n := q.Counts(); n.History != tt.done || n.Pending != tt.waiting || n.Running != 0 {
				t.Errorf("counts %+v", n)
			}
			if _, pending, _ := q.Jobs(); pending[len(pending)-1].ID != "b" || pending[0].Try != 0 {
				t.Errorf("waiting: %+v", pending)
			}
		})
	}
}

// TestModelsAreWaitedFor: the head waits half a second for a worker that has its models loaded, and no longer.
func TestModelsAreWaitedFor(t *testing.T) {
	c := &clock{}
	q := openOn(t, newDisk(), testLease(c))
	w := &worker{WorkerConfig: WorkerConfig{Info: func() (string, []string) { return "cpu", []string{"small"} }}, q: q, id: "me", claims: map[Key]*pendingRecord{}, holds: map[Hold]bool{}}
	add := func(id string, models ...string) {
		if _, err := q.Submit(t.Context(), Submission{ID: id, Models: models}); err != nil {
			t.Fatal(err)
		}
	}
	beat := func(info string) { q.workers.beat([]byte(info)) }
	add("a", "big")
	if j, wait := w.next(); j == nil {
		t.Errorf("nobody has the model, but the job waits %v", wait)
	}
	beat(`{"id": "other", "models": ["big", "small"]}`)
	if j, wait := w.next(); j != nil || wait != modelWait {
		t.Errorf("got %v, wait %v; another worker has the model", j, wait)
	}
	c.forward(300 * time.Millisecond)
	if j, wait := w.next(); j != nil || wait != 200*time.Millisecond {
		t.Errorf("got %v, wait %v", j, wait)
	}
	c.forward(200 * time.Millisecond)
	if j, _ := w.next(); j == nil {
		t.Error("the job waits for longer than it may")
	}
	if err := q.Clear(t.Context()); err != nil {
		t.Fatal(err)
	}
	add("b", "small")
	if j, _ := w.next(); j == nil || j.ID != "b" {
		t.Error("a worker waits although it has the model itself")
	}
	c.forward(11 * time.Second)
	q.workers.expire()
	if list := q.Workers(); len(list) != 0 {
		t.Errorf("a silent worker is still listed: %v", list)
	}
}

// TestListsOfWorkers: what is chosen from is the union of what workers have.
func TestListsOfWorkers(t *testing.T) {
	d := newDisk()
	server, a, b := openOn(t, d, Config{}), openOn(t, d, Config{}), openOn(t, d, Config{})
	lists := func(l Lists) WorkerConfig {
		return WorkerConfig{Run: success, Lists: func() Lists { return l }}
	}
	workWith(t, a, lists(Lists{"loras": {"one", "two"}}))
	second := workWith(t, b, lists(Lists{"loras": {"two", "three"}, "vae": {"x"}}))
	wait := func(key, want string) {
		t.Helper()
		end := time.Now().Add(20 * time.Second)
		for {
			names, _ := server.List(key)
			if got := strings.Join(names, " "); got == want {
				return
			} else if time.Now().After(end) {
				t.Fatalf("list of %s is %q, want %q", key, got, want)
			}
			time.Sleep(time.Millisecond) // the bus tells nobody that it has delivered
		}
	}
	wait("loras", "one three two")
	wait("vae", "x")
	second.stop()
	wait("loras", "one two")
	wait("nothing", "")
}

// TestTooLargeOutcome ends as an error instead of being tried again and again.
func TestTooLargeOutcome(t *testing.T) {
	q := openOn(t, newDisk(), Config{})
	work(t, q, func(context.Context, *Task) Outcome {
		return Outcome{Status: StatusSuccess, Outputs: make([]byte, 2<<20)}
	})
	submit(t, q, "a")
	eventually(t, q, "ended", func() bool { return q.Counts().History == 1 })
	e, _ := q.Entry("a")
	texts, err := q.EntryTexts(t.Context(), e)
	if err != nil || e.Status != StatusError || !strings.Contains(string(texts.Messages), "too large") {
		t.Errorf("%s, messages %s (%v)", e.Status, texts.Messages, err)
	}
	if _, err := q.Submit(t.Context(), Submission{ID: "b", Prompt: make([]byte, 2<<20)}); !errors.Is(err, ErrTooLarge) {
		t.Errorf("a job that does not fit: %v", err)
	}
}

func TestLimit(t *testing.T) {
	q := openOn(t, newDisk(), Config{Limit: 2})
	submit(t, q, "a", "b")
	if _, err := q.Submit(t.Context(), Submission{ID: "c"}); !errors.Is(err, ErrFull) || !strings.Contains(err.Error(), "2 jobs wait") {
		t.Errorf("error %v", err)
	}
	if err := q.Delete(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	submit(t, q, "c")
}
