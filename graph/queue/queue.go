package queue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// Config of a queue; the zero value works but for Journal and Bus.
type Config struct {
	Journal Journal
	Bus     Bus
	// Fair lets users take turns.
	Fair bool
	// Limit is how many jobs may wait; 0 means no limit.
	Limit int
	// Lease is how long a worker may be silent; 0 means 10 seconds.
	Lease time.Duration
	// Snapshots says that this process writes snapshots.
	Snapshots bool
	// Room says why no job can be accepted now, such as a disk that is nearly full; nil always accepts.
	Room func() error
	// TextBytes bounds the texts of jobs kept in memory; 0 means 6 MB.
	TextBytes int
	// now tells the time that has passed; tests replace it.
	now func() time.Duration
}

// Queue is one process's view of the jobs. Its methods may be called from several goroutines.
type Queue struct {
	config  Config
	journal Journal
	commit  *committer
	texts   *texts
	workers *workers
	cancel  context.CancelFunc
	ctx     context.Context

	mu      sync.Mutex
	state   *state
	moved   sync.Cond // applied has moved, or following has ended
	broken  error
	skipped int64
	numbers numbers
	version uint64 // changes with every message that has an effect
	watch   []*watcher

	snapshotAt uint64 // applied of the last snapshot
	snapshots  sync.Mutex
	background sync.WaitGroup
}

// Open reads the journal and follows it until Close.
func Open(ctx context.Context, c Config) (*Queue, error) {
	if c.Lease <= 0 {
		c.Lease = 10 * time.Second
	}
	if c.now == nil {
		start := time.Now()
		c.now = func() time.Duration { return time.Since(start) } // monotonic: clocks that jump change nothing
	}
	q := &Queue{config: c, journal: c.Journal, state: newState()}
	q.moved.L = &q.mu
	q.ctx, q.cancel = context.WithCancel(context.WithoutCancel(ctx))
	data, err := q.journal.LoadSnapshot(ctx)
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	if data != nil {
		if q.state, err = loadState(data); err != nil {
			return nil, err
		}
		q.snapshotAt = q.state.applied
	}
	q.texts = newTexts(q.journal, c.TextBytes)
	q.commit = newCommitter(q.ctx, q.journal, q.applyOwn)
	ready := make(chan struct{})
	failed := make(chan error, 1)
	q.background.Go(func() {
		failed <- q.journal.Follow(q.ctx, q.state.applied+1, sync.OnceFunc(func() { close(ready) }), q.applyMessage)
	})
	select {
	case <-ready:
	case err = <-failed:
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	if err == nil {
		q.workers, err = newWorkers(q)
	}
	if err != nil {
		q.cancel()
		return nil, fmt.Errorf("journal: %w", err)
	}
	q.background.Go(func() { q.followed(failed) })
	return q, nil
}

// followed notes why following ended.
func (q *Queue) followed(failed <-chan error) {
	var err error
	select {
	case err = <-failed:
	case <-q.ctx.Done():
		err = ErrClosed
	}
	if err == nil {
		return // the journal has no other writers, and was read to its end
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.broken = err
	q.moved.Broadcast()
	if q.ctx.Err() == nil {
		slog.Error("the journal of jobs can't be read any more; restart", "problem", err)
	}
}

// Close writes what was handed over, and a snapshot.
func (q *Queue) Close() error {
	q.commit.close()
	err := q.snapshot(q.ctx)
	q.workers.close()
	q.cancel()
	q.background.Wait()
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, w := range q.watch {
		w.close()
	}
	return err
}

// Problem says why the queue works no more, nil while it does.
func (q *Queue) Problem() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.broken
}

// applyMessage is told of each message by the journal, also of our own.
func (q *Queue) applyMessage(seq uint64, data []byte) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if seq <= q.state.applied {
		return nil
	}
	group, err := readGroup(data)
	if err != nil {
		return fmt.Errorf("message %d: %w", seq, err)
	}
	q.apply(seq, group)
	return nil
}

// applyOwn is told by the committer. A message of another process that came before ours is on its way.
func (q *Queue) applyOwn(seq uint64, group []record) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.state.applied < seq-1 && q.broken == nil {
		q.moved.Wait()
	}
	if q.state.applied == seq-1 {
		q.texts.keep(seq, group)
		q.apply(seq, group)
	}
}

func (q *Queue) apply(seq uint64, group []record) {
	changes := q.state.apply(seq, group)
	q.moved.Broadcast()
	for _, c := range changes {
		if c.Kind == ChangeAdded {
			q.numbers.put(c.Job.Key, c.Job.Number)
		}
	}
	if len(changes) > 0 {
		q.version++
		for _, w := range q.watch {
			w.add(changes)
		}
	}
	if q.config.Snapshots && seq-q.snapshotAt >= snapshotEvery {
		q.snapshotAt = seq
		q.background.Go(func() {
			if err := q.snapshot(q.ctx); err != nil && q.ctx.Err() == nil {
				slog.Warn("no snapshot of the jobs; the next start takes longer", "problem", err)
			}
		})
	}
}

// snapshotEvery is how many messages are read at the start at most.
const snapshotEvery = 5000

// snapshot writes the state down and deletes what is not needed any more.
func (q *Queue) snapshot(ctx context.Context) error {
	if !q.config.Snapshots {
		return nil
	}
	q.snapshots.Lock()
	defer q.snapshots.Unlock()
	q.mu.Lock()
	applied, oldest := q.state.applied, q.state.oldest()
	data, err := q.state.save()
	q.mu.Unlock()
	if err != nil {
		return err
	}
	saved, err := q.journal.SaveSnapshot(ctx, applied, data)
	if err != nil || !saved {
		return err
	}
	return q.journal.Purge(ctx, oldest)
}

// write appends a record and waits until it is on disk.
func (q *Queue) write(ctx context.Context, r record) (*pendingRecord, error) {
	r.Time = time.Now().UnixMilli()
	p := q.commit.add(r)
	return p, p.wait(ctx)
}

// Submit accepts a job: when it returns without error, the job is on disk. Its error may wrap ErrFull, ErrNoRoom or ErrTooLarge.
func (q *Queue) Submit(ctx context.Context, s Submission) (Receipt, error) {
	if q.config.Room != nil {
		if err := q.config.Room(); err != nil {
			return Receipt{}, err
		}
	}
	q.mu.Lock()
	waiting, skipped := len(q.state.waiting.jobs), q.skipped
	if q.config.Limit > 0 && waiting >= q.config.Limit {
		q.mu.Unlock()
		return Receipt{}, fmt.Errorf("%w: %d jobs wait; try again later, or raise --max-queue", ErrFull, waiting)
	}
	q.skipped = 0
	q.mu.Unlock()
	p, err := q.write(ctx, record{
		Kind: kindAccept, ID: s.ID, Number: s.Number, Front: s.Front, Skipped: skipped, Client: s.Client, User: s.User,
		Outputs: s.Outputs, Models: s.Models, blobs: [][]byte{s.Prompt, s.Extra},
	})
	if err != nil {
		return Receipt{}, err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	number, ok := q.numbers.get(Key(p.at))
	for !ok && q.broken == nil { // a message before ours is still on its way
		q.moved.Wait()
		number, ok = q.numbers.get(Key(p.at))
	}
	return Receipt{Key(p.at), number}, nil
}

// SkipNumber uses up a number of the counter, as a refused prompt does.
func (q *Queue) SkipNumber() {
	q.mu.Lock()
	q.skipped++
	q.mu.Unlock()
}

// Delete deletes pending jobs, for each id the first that has it; ids of no job do nothing.
func (q *Queue) Delete(ctx context.Context, ids ...string) error {
	q.mu.Lock()
	ids = slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return len(q.state.byID[id]) == 0 })
	q.mu.Unlock()
	return q.writeIDs(ctx, kindDrop, ids)
}

// Clear deletes all pending jobs.
func (q *Queue) Clear(ctx context.Context) error {
	_, err := q.write(ctx, record{Kind: kindClear})
	return err
}

// Move gives a pending job another number; its error wraps ErrNoJob where no job with the id waits.
func (q *Queue) Move(ctx context.Context, id string, number float64) error {
	q.mu.Lock()
	var at *job
	for _, j := range q.state.byID[id] {
		if j.Worker == "" {
			at = j
			break
		}
	}
	q.mu.Unlock()
	if at == nil {
		return fmt.Errorf("%w with the id %s waits", ErrNoJob, id)
	}
	_, err := q.write(ctx, record{Kind: kindMove, Job: at.Key, To: number})
	return err
}

// ErrNoJob is wrapped by errors about a job that is not there.
var ErrNoJob = errors.New("no job")

// Interrupt stops running jobs with these ids; none means all that run.
func (q *Queue) Interrupt(ctx context.Context, ids ...string) error {
	q.mu.Lock()
	// A job whose claim is on its way to the disk still counts as waiting; the interrupt comes after the claim.
	some := len(ids) == 0 && len(q.state.jobs) > 0 || slices.ContainsFunc(ids, func(id string) bool { return len(q.state.byID[id]) > 0 })
	q.mu.Unlock()
	if !some {
		return nil
	}
	_, err := q.write(ctx, record{Kind: kindInterrupt, IDs: ids})
	return err
}

// Forget deletes entries of the history.
func (q *Queue) Forget(ctx context.Context, ids ...string) error {
	q.mu.Lock()
	ids = slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return q.state.history.byID[id] == nil })
	q.mu.Unlock()
	return q.writeIDs(ctx, kindForget, ids)
}

// ForgetAll empties the history.
func (q *Queue) ForgetAll(ctx context.Context) error {
	_, err := q.write(ctx, record{Kind: kindForgetAll})
	return err
}

func (q *Queue) writeIDs(ctx context.Context, kind recordKind, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	_, err := q.write(ctx, record{Kind: kind, IDs: ids})
	return err
}

// Pause keeps jobs from being started, or lets them start again; those that run go on.
func (q *Queue) Pause(ctx context.Context, pause bool) error {
	kind := kindResume
	if pause {
		kind = kindPause
	}
	_, err := q.write(ctx, record{Kind: kind})
	return err
}
