package queue

import (
	"bytes"
	"container/list"
	"context"
	"fmt"
	"sync"
)

// texts keeps the texts of the records that were used last, and reads others from the journal.
type texts struct {
	journal Journal
	limit   int

	mu    sync.Mutex
	bytes int
	order *list.List // of *text, the last used in front
	at    map[place]*list.Element
}

type text struct {
	place
	blobs [][]byte
	bytes int
}

func newTexts(j Journal, limit int) *texts {
	if limit <= 0 {
		limit = 6 << 20
	}
	return &texts{journal: j, limit: limit, order: list.New(), at: map[place]*list.Element{}}
}

// keep takes the texts of a message in that was just written.
func (t *texts) keep(seq uint64, group []record) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, r := range group {
		if len(r.blobs) > 0 {
			t.put(place{seq, uint32(i)}, r.blobs)
		}
	}
}

func (t *texts) put(at place, blobs [][]byte) {
	if t.at[at] != nil {
		return
	}
	n := 200 // what the entry itself takes
	for _, b := range blobs {
		n += len(b)
	}
	t.at[at] = t.order.PushFront(&text{at, blobs, n})
	t.bytes += n
	for t.bytes > t.limit && t.order.Len() > 1 {
		old := t.order.Remove(t.order.Back()).(*text)
		delete(t.at, old.place)
		t.bytes -= old.bytes
	}
}

// get returns the texts of a record.
func (t *texts) get(ctx context.Context, at place) ([][]byte, error) {
	t.mu.Lock()
	if e := t.at[at]; e != nil {
		t.order.MoveToFront(e)
		blobs := e.Value.(*text).blobs
		t.mu.Unlock()
		return blobs, nil
	}
	t.mu.Unlock()
	data, err := t.journal.Get(ctx, at.Seq)
	if err != nil {
		return nil, err
	}
	group, err := readGroup(data)
	if err != nil {
		return nil, err
	}
	if int(at.Index) >= len(group) {
		return nil, fmt.Errorf("%w: record %d of message %d", ErrNoMessage, at.Index, at.Seq)
	}
	blobs := group[at.Index].blobs
	for i := range blobs {
		blobs[i] = bytes.Clone(blobs[i]) // the rest of the message is not to stay in memory
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.put(at, blobs)
	return blobs, nil
}
