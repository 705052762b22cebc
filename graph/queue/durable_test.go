package queue

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"
)

// TestAcceptedMeansSynced holds the disk back: no submission returns before its message is synced, and after a power cut at any moment
// every submission that returned is there.
func TestAcceptedMeansSynced(t *testing.T) {
	d := newDisk()
	q := openOn(t, d, Config{})
	d.setHold(true)
	const clients = 20
	var accepted sync.Map
	var all sync.WaitGroup
	for i := range clients {
		all.Go(func() {
			id := fmt.Sprint("job", i)
			if _, err := q.Submit(t.Context(), Submission{ID: id}); err != nil {
				t.Error(err)
				return
			}
			accepted.Store(id, true)
		})
	}
	d.mu.Lock()
	for len(d.messages) == 0 { // written, not synced
		d.mu.Unlock()
		time.Sleep(time.Millisecond)
		d.mu.Lock()
	}
	d.mu.Unlock()
	accepted.Range(func(id, _ any) bool {
		t.Errorf("%v was accepted although nothing is synced", id)
		return true
	})
	if after := openOn(t, d.crash(), Config{}); after.Counts().Pending != 0 {
		t.Error("the disk of the test keeps what is not synced")
	}
	d.setHold(false)
	all.Wait()
	after := openOn(t, d.crash(), Config{})
	n := 0
	_, pending, _ := after.Jobs()
	for _, j := range pending {
		if _, ok := accepted.Load(j.ID); ok {
			n++
		}
	}
	if n != clients {
		t.Errorf("%d of %d accepted jobs are there after a power cut", n, clients)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if len(d.messages) >= clients {
		t.Errorf("%d clients took %d syncs; those that wait together share one", clients, len(d.messages))
	}
}

// TestLostAnswer: an append whose answer is lost is stored once.
func TestLostAnswer(t *testing.T) {
	d := newDisk()
	q := openOn(t, d, Config{})
	d.lostAck = 2
	submit(t, q, "a", "b")
	if _, pending, _ := q.Jobs(); len(pending) != 2 {
		t.Errorf("%d jobs wait, want 2", len(pending))
	}
}

// TestDiskFull: a job that can't be kept is refused, the others stay, and the queue goes on when there is room.
func TestDiskFull(t *testing.T) {
	d := newDisk()
	q := openOn(t, d, Config{})
	submit(t, q, "a")
	d.full = true
	if _, err := q.Submit(t.Context(), Submission{ID: "b"}); !errors.Is(err, errDiskFull) {
		t.Errorf("error %v, want that of the disk", err)
	}
	d.full = false
	submit(t, q, "c")
	if _, pending, _ := q.Jobs(); len(pending) != 2 || pending[0].ID != "a" || pending[1].ID != "c" {
		t.Errorf("waiting: %v", pending)
	}
}

// TestSnapshots: a queue that is opened from a snapshot and what follows it equals one that read everything; what is needed is not purged.
func TestSnapshots(t *testing.T) {
	d := newDisk()
	q := openOn(t, d, Config{Snapshots: true})
	runAll(t, q)
	submit(t, q, "a", "b", "c")
	eventually(t, q, "all done", func() bool { return q.Counts().History == 3 })
	if err := q.Forget(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	if err := q.snapshot(t.Context()); err != nil {
		t.Fatal(err)
	}
	if d.purged == 0 {
		t.Error("nothing was purged")
	}
	submit(t, q, "d")
	eventually(t, q, "d done", func() bool { return q.Counts().History == 3 })
	after := openOn(t, d.crash(), Config{})
	want, got := mustSave(t, q), mustSave(t, after)
	if want != got {
		t.Errorf("after a start the state is\n%s\nwant\n%s", got, want)
	}
	entries, _ := after.History(-1, -1)
	for _, e := range entries {
		texts, err := after.EntryTexts(t.Context(), e)
		if err != nil || string(texts.Prompt) != e.ID || string(texts.Outputs) != "done "+e.ID {
			t.Errorf("%s: texts %q, %q (%v)", e.ID, texts.Prompt, texts.Outputs, err)
		}
	}
}

// runAll runs the jobs of a queue until the test ends.
func runAll(t *testing.T, q *Queue) {
	t.Helper()
	work(t, q, func(_ context.Context, task *Task) Outcome {
		return Outcome{Status: StatusSuccess, Outputs: []byte("done " + task.ID), Messages: []byte("[]"), Meta: []byte("{}")}
	})
}

// work starts a worker that ends with the test.
func work(t *testing.T, q *Queue, run func(context.Context, *Task) Outcome) *testWorker {
	t.Helper()
	return workWith(t, q, WorkerConfig{Host: "test", Drain: -1, Run: run})
}

// testWorker is a worker: tell tells it to stop, ended is closed when it has.
type testWorker struct {
	tell  func()
	ended chan struct{}
}

func (w *testWorker) stop() { w.tell(); <-w.ended }

func workWith(t *testing.T, q *Queue, c WorkerConfig) *testWorker {
	t.Helper()
	if c.Info == nil {
		c.Info = func() (string, []string) { return "cpu", nil }
	}
	ctx, cancel := context.WithCancel(context.Background())
	w := &testWorker{cancel, make(chan struct{})}
	go func() {
		defer close(w.ended)
		if err := q.Work(ctx, c); err != nil {
			t.Error(err)
		}
	}()
	t.Cleanup(w.stop)
	return w
}

func mustSave(t *testing.T, q *Queue) string {
	t.Helper()
	q.mu.Lock()
	defer q.mu.Unlock()
	data, err := q.state.save()
	if err != nil {
		t.Fatal(err)
	}
	return snapshotText(t, data)
}
