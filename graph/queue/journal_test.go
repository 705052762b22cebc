package queue

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"
)

// disk is a journal in memory with a disk that can fail. A message is stored when it is appended and survives a crash when it is synced.
type disk struct {
	mu       sync.Mutex
	changed  sync.Cond
	messages [][]byte // [0] is message 1
	ids      map[string]uint64
	synced   int
	snapshot []byte
	applied  uint64
	purged   uint64
	alone    bool

	hold    bool // syncs wait
	full    bool // appends fail
	lostAck int  // so many appends succeed and do not say so
	bus     *memoryBus
}

func newDisk() *disk {
	d := &disk{ids: map[string]uint64{}, bus: &memoryBus{}}
	d.changed.L = &d.mu
	return d
}

var errDiskFull = errors.New("no space left on device")

func (d *disk) Append(ctx context.Context, id string, data []byte) (uint64, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.full {
		return 0, errDiskFull
	}
	if seq, ok := d.ids[id]; ok {
		return seq, nil
	}
	d.messages = append(d.messages, bytes.Clone(data))
	n := len(d.messages)
	for d.hold {
		d.changed.Wait()
	}
	d.synced = max(d.synced, n)
	d.ids[id] = uint64(n)
	d.changed.Broadcast()
	if d.lostAck > 0 {
		d.lostAck--
		return 0, fmt.Errorf("%w: connection lost", errTryAgain)
	}
	return uint64(n), nil
}

func (d *disk) setHold(on bool) {
	d.mu.Lock()
	d.hold = on
	d.mu.Unlock()
	d.changed.Broadcast()
}

// crash is a power cut: what was not synced is gone.
func (d *disk) crash() *disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	after := newDisk()
	after.messages = append(after.messages, d.messages[:d.synced]...)
	after.synced, after.snapshot, after.applied, after.purged, after.alone = d.synced, d.snapshot, d.applied, d.purged, d.alone
	return after
}

func (d *disk) Follow(ctx context.Context, from uint64, ready func(), each func(uint64, []byte) error) error {
	defer context.AfterFunc(ctx, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.changed.Broadcast()
	})()
	d.mu.Lock()
	at := max(from, d.purged+1)
	for ctx.Err() == nil {
		if int(at) > d.synced {
			d.mu.Unlock()
			ready()
			d.mu.Lock()
			if d.alone {
				break
			}
			for int(at) > d.synced && ctx.Err() == nil {
				d.changed.Wait()
			}
			continue
		}
		data := d.messages[at-1]
		d.mu.Unlock()
		if err := each(at, data); err != nil {
			return err
		}
		at++
		d.mu.Lock()
	}
	d.mu.Unlock()
	return ctx.Err()
}

func (d *disk) Get(_ context.Context, seq uint64) ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if seq <= d.purged || int(seq) > d.synced {
		return nil, ErrNoMessage
	}
	return d.messages[seq-1], nil
}

func (d *disk) Purge(_ context.Context, below uint64) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.purged = max(d.purged, below-1)
	return nil
}

func (d *disk) LoadSnapshot(context.Context) ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.snapshot, nil
}

func (d *disk) SaveSnapshot(_ context.Context, applied uint64, data []byte) (bool, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if applied <= d.applied {
		return false, nil
	}
	d.applied, d.snapshot = applied, data
	return true, nil
}

func (d *disk) Shared() bool    { return !d.alone }
func (d *disk) MaxMessage() int { return 1 << 20 }

// memoryBus gives messages to those in the process.
type memoryBus struct {
	mu   sync.Mutex
	subs map[string][]*func([]byte)
}

func (b *memoryBus) Publish(subject string, data []byte) error {
	b.mu.Lock()
	subs := append([]*func([]byte){}, b.subs[subject]...)
	b.mu.Unlock()
	for _, f := range subs {
		(*f)(data)
	}
	return nil
}

func (b *memoryBus) Subscribe(subject string, f func([]byte)) (func(), error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.subs == nil {
		b.subs = map[string][]*func([]byte){}
	}
	b.subs[subject] = append(b.subs[subject], &f)
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		for i, other := range b.subs[subject] {
			if other == &f {
				b.subs[subject] = append(b.subs[subject][:i:i], b.subs[subject][i+1:]...)
			}
		}
	}, nil
}

// openOn opens a queue on a disk; it is closed at the end of the test.
func openOn(t *testing.T, d *disk, c Config) *Queue {
	t.Helper()
	c.Journal, c.Bus = d, d.bus
	q, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		d.setHold(false)
		if err := q.Close(); err != nil {
			t.Error(err)
		}
	})
	return q
}

func submit(t *testing.T, q *Queue, ids ...string) {
	t.Helper()
	for _, id := range ids {
		if _, err := q.Submit(t.Context(), Submission{ID: id, Prompt: []byte(id), Extra: []byte("{}")}); err != nil {
			t.Fatal(err)
		}
	}
}

// eventually waits for a change of the queue after which ok is true.
func eventually(t *testing.T, q *Queue, what string, ok func() bool) {
	t.Helper()
	poke := make(chan struct{}, 1)
	defer q.Watch(func(Change) {
		select {
		case poke <- struct{}{}:
		default:
		}
	})()
	end := time.After(60 * time.Second)
	for !ok() {
		select {
		case <-poke:
		case <-end:
			t.Fatal("not in 60 seconds: " + what)
		}
	}
}
