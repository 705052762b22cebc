package queue

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
)

// recordKind says what a record does to the state.
type recordKind string

const (
	kindAccept    recordKind = "accept"    // a new job
	kindClaim     recordKind = "claim"     // a worker takes a job
	kindRelease   recordKind = "release"   // a worker gives a job back undone
	kindExpire    recordKind = "expire"    // the worker of a job is gone
	kindReserve   recordKind = "reserve"   // a job takes the name of a file
	kindFinish    recordKind = "finish"    // a job has an outcome
	kindDrop      recordKind = "drop"      // pending jobs are deleted
	kindClear     recordKind = "clear"     // all pending jobs are deleted
	kindMove      recordKind = "move"      // a pending job gets another number
	kindInterrupt recordKind = "interrupt" // running jobs are to stop
	kindForget    recordKind = "forget"    // entries of the history are deleted
	kindForgetAll recordKind = "forgetall" // the history is emptied
	kindPause     recordKind = "pause"     // no job is started
	kindResume    recordKind = "resume"    // jobs are started again
)

// Key names a job for ever: the place of its acceptance in the journal.
type Key struct {
	Seq   uint64 `json:"s"`
	Index uint32 `json:"i,omitempty"`
}

// IsZero is true for no job.
func (k Key) IsZero() bool { return k == Key{} }

func (k Key) String() string { return fmt.Sprintf("%d.%d", k.Seq, k.Index) }

// record is one transition. Only the fields of its kind are set.
type record struct {
	Kind recordKind `json:"k"`
	Time int64      `json:"t,omitempty"` // milliseconds since 1970, for people; nothing is decided by it

	// accept
	ID      string   `json:"id,omitempty"` // prompt id
	Number  *float64 `json:"n,omitempty"`  // nil: the next of the counter
	Front   bool     `json:"f,omitempty"`  // the counter's number, negative
	Skipped int64    `json:"sk,omitempty"` // numbers that refused prompts used up
	Client  string   `json:"c,omitempty"`
	User    string   `json:"u,omitempty"`
	Outputs []string `json:"o,omitempty"`
	Models  []string `json:"m,omitempty"` // files that the job needs loaded

	// claim, release, expire, reserve, finish, move
	Job    Key     `json:"j,omitzero"`
	Try    int     `json:"y,omitempty"`
	Worker string  `json:"w,omitempty"`
	Reason string  `json:"r,omitempty"`
	Slot   string  `json:"l,omitempty"`
	Path   string  `json:"p,omitempty"`
	File   uint64  `json:"e,omitempty"` // identity of the file that gets the name
	Status Status  `json:"st,omitempty"`
	Events int     `json:"ev,omitempty"`
	To     float64 `json:"to,omitempty"`

	// drop, forget, interrupt
	IDs []string `json:"ids,omitempty"`

	// accept: prompt, extra data. finish: outputs, messages, meta, and the prompt where running changed it.
	blobs [][]byte
}

// groupVersion is the first byte of every message of the journal.
const groupVersion = 1

var errGroup = errors.New("journal: damaged message")

// appendRecord appends the text of a record to a group.
func appendRecord(group []byte, r record) ([]byte, error) {
	head, err := json.Marshal(r)
	if err != nil {
		return group, fmt.Errorf("journal: %w", err)
	}
	if len(group) == 0 {
		group = append(group, groupVersion)
	}
	group = binary.AppendUvarint(group, uint64(len(head)))
	group = append(group, head...)
	group = binary.AppendUvarint(group, uint64(len(r.blobs)))
	for _, b := range r.blobs {
		group = binary.AppendUvarint(group, uint64(len(b)))
		group = append(group, b...)
	}
	return group, nil
}

// readGroup reads the records of a message; blobs are parts of data.
func readGroup(data []byte) ([]record, error) {
	if len(data) == 0 || data[0] != groupVersion {
		return nil, fmt.Errorf("%w: it does not begin with version %d; it may be of a newer oneactor", errGroup, groupVersion)
	}
	var records []record
	rest := data[1:]
	for len(rest) > 0 {
		var head []byte
		var ok bool
		if head, rest, ok = cutBlob(rest); !ok {
			return nil, errGroup
		}
		var r record
		if err := json.Unmarshal(head, &r); err != nil {
			return nil, fmt.Errorf("%w: %w", errGroup, err)
		}
		n, size := binary.Uvarint(rest)
		if size <= 0 || n > uint64(len(rest)) {
			return nil, errGroup
		}
		rest = rest[size:]
		for range n {
			var b []byte
			if b, rest, ok = cutBlob(rest); !ok {
				return nil, errGroup
			}
			r.blobs = append(r.blobs, b)
		}
		records = append(records, r)
	}
	return records, nil
}

// cutBlob cuts bytes with their length in front off data.
func cutBlob(data []byte) (blob, rest []byte, ok bool) {
	n, size := binary.Uvarint(data)
	if size <= 0 || n > uint64(len(data)-size) {
		return nil, nil, false
	}
	data = data[size:]
	return data[:n:n], data[n:], true
}
