package queue

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
)

// committer appends records to the journal. What comes in while an append is on its way waits and goes with the next, so that many
// records share one sync.
type committer struct {
	journal Journal
	// done is told of every message that is on disk, in order.
	done func(seq uint64, group []record)

	mu      sync.Mutex
	waiting []*pendingRecord
	busy    bool
	late    *time.Timer // of records that can wait
	closed  bool
	idle    sync.Cond
	ctx     context.Context
}

// pendingRecord is a record that is to be written; finished is closed when it is, or has failed.
type pendingRecord struct {
	record
	bytes    []byte // framed, without the version in front
	late     bool
	since    time.Time // of late ones
	finished chan struct{}
	at       place
	err      error
}

// groupBytes is where a group ends, unless one record alone is larger.
const groupBytes = 1 << 20

func newCommitter(ctx context.Context, j Journal, done func(uint64, []record)) *committer {
	c := &committer{journal: j, done: done, ctx: ctx}
	c.idle.L = &c.mu
	return c
}

// lateBy is how long a record that nobody waits for stays for others to go with it. A sync takes between 0.2 and 10 ms.
const lateBy = 2 * time.Millisecond

// add hands a record over, and writes it unless another goroutine is writing. Wait for finished.
func (c *committer) add(r record) *pendingRecord {
	p := c.put(r, false)
	c.start()
	return p
}

// addLate hands over a record that is in no hurry: it goes with the next one that is, or a little later. It returns at once.
func (c *committer) addLate(r record) *pendingRecord { return c.put(r, true) }

func (c *committer) put(r record, late bool) *pendingRecord { // late: see addLate
	p := &pendingRecord{record: r, late: late, finished: make(chan struct{})}
	if late {
		p.since = time.Now()
	}
	framed, err := appendRecord(nil, r)
	if err == nil && len(framed) > c.journal.MaxMessage() {
		err = fmt.Errorf("%w: %d bytes; the journal takes messages of %d (max_payload of the NATS server)", ErrTooLarge, len(framed), c.journal.MaxMessage())
	}
	if err != nil {
		p.fail(err)
		return p
	}
	p.bytes = framed[1:]
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		p.fail(ErrClosed)
		return p
	}
	c.waiting = append(c.waiting, p)
	if late && c.late == nil && !c.busy {
		c.late = time.AfterFunc(lateBy, c.start)
	}
	return p
}

// start writes what waits, unless someone does already.
func (c *committer) start() {
	c.mu.Lock()
	if c.late != nil {
		c.late.Stop()
		c.late = nil
	}
	mine := !c.busy && len(c.waiting) > 0
	c.busy = c.busy || mine
	c.mu.Unlock()
	if !mine {
		return
	}
	// The first group holds the record of whoever calls, which then need not wake another goroutine; what came meanwhile is not theirs to write.
	if c.step() {
		go c.run()
	}
}

func (p *pendingRecord) fail(err error) {
	p.err = err
	close(p.finished)
}

// wait returns when the record is on disk and applied, or why it is not.
func (p *pendingRecord) wait(ctx context.Context) error {
	select {
	case <-p.finished:
		return p.err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// run writes groups until nothing waits but records in no hurry.
func (c *committer) run() {
	for c.step() {
	}
}

// step writes a group and reports whether another one waits.
func (c *committer) step() bool {
	c.mu.Lock()
	group := c.takeLocked()
	c.mu.Unlock()
	if len(group) > 0 {
		c.write(group)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.readyLocked() {
		return true
	}
	c.busy = false
	if len(c.waiting) > 0 {
		c.late = time.AfterFunc(lateBy, c.start)
	}
	c.idle.Broadcast()
	return false
}

// readyLocked reports whether something that waits can wait no longer.
func (c *committer) readyLocked() bool {
	now := time.Now()
	return slices.ContainsFunc(c.waiting, func(p *pendingRecord) bool { return c.closed || !p.late || now.Sub(p.since) >= lateBy })
}

// takeLocked cuts the next group off what waits.
func (c *committer) takeLocked() []*pendingRecord {
	if !c.readyLocked() {
		return nil
	}
	n, bytes := 0, 1
	for n < len(c.waiting) && (n == 0 || bytes+len(c.waiting[n].bytes) <= groupBytes) {
		bytes += len(c.waiting[n].bytes)
		n++
	}
	group := c.waiting[:n:n]
	c.waiting = c.waiting[n:]
	return group
}

// appendFor is how long an append is tried again while the journal does not answer.
const appendFor = 30 * time.Second

func (c *committer) write(group []*pendingRecord) {
	message := []byte{groupVersion}
	records := make([]record, len(group))
	for i, p := range group {
		message = append(message, p.bytes...)
		records[i] = p.record
	}
	seq, err := c.append(message)
	if err == nil {
		c.done(seq, records)
	}
	for i, p := range group {
		p.at, p.err = place{seq, uint32(i)}, err
		close(p.finished)
	}
}

// append tries until the journal answers: a message with the same id is stored once.
func (c *committer) append(message []byte) (uint64, error) {
	id := uuid.NewString()
	end := time.Now().Add(appendFor)
	for {
		ctx, cancel := context.WithTimeout(c.ctx, 5*time.Second)
		seq, err := c.journal.Append(ctx, id, message)
		cancel()
		if err == nil || !errors.Is(err, errTryAgain) || time.Now().After(end) || c.ctx.Err() != nil {
			return seq, err
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-c.ctx.Done():
		}
	}
}

// errTryAgain is wrapped by errors of Append that say nothing about whether the message is stored.
var errTryAgain = errors.New("no answer from the journal")

// close waits for what was handed over and refuses what comes later.
func (c *committer) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	c.mu.Unlock()
	c.start()
	c.mu.Lock()
	for c.busy {
		c.idle.Wait()
	}
}
