package queue

import (
	"context"
	"errors"
)

// Journal is the log that all processes of a cluster share. Numbers of messages go up by one.
type Journal interface {
	// Append stores a message and returns its number once it is on disk, or, on a cluster, with a majority. A message whose error is not nil may
	// still be stored; the same id then finds it again.
	Append(ctx context.Context, id string, data []byte) (uint64, error)
	// Follow gives each message from a number on, in order, until ctx ends or each fails. ready is called when all that was there at the
	// beginning has been given.
	Follow(ctx context.Context, from uint64, ready func(), each func(seq uint64, data []byte) error) error
	// Get reads one message; the error wraps ErrNoMessage where it is gone.
	Get(ctx context.Context, seq uint64) ([]byte, error)
	// Purge deletes the messages below a number.
	Purge(ctx context.Context, below uint64) error
	// LoadSnapshot returns the newest snapshot, nil where there is none; SaveSnapshot replaces it unless a newer one is there.
	LoadSnapshot(ctx context.Context) ([]byte, error)
	SaveSnapshot(ctx context.Context, applied uint64, data []byte) (saved bool, err error)
	// Shared says that other processes may write, too.
	Shared() bool
	// MaxMessage is the size of the largest message.
	MaxMessage() int
}

// Bus carries what nobody misses after a crash: events for clients, heartbeats. Messages of one sender arrive in order.
type Bus interface {
	Publish(subject string, data []byte) error
	// Subscribe gives each message to f, one at a time; stop ends it.
	Subscribe(subject string, f func(data []byte)) (stop func(), err error)
}

var (
	// ErrNoMessage is wrapped by the error of a message that is not in the journal.
	ErrNoMessage = errors.New("no such message")
	// ErrTooLarge is wrapped by the error of a job that does not fit into a message.
	ErrTooLarge = errors.New("job too large")
	// ErrFull is wrapped by the error of a submission to a queue that has its limit of jobs.
	ErrFull = errors.New("the queue is full")
	// ErrClosed is wrapped by errors of a queue that was closed.
	ErrClosed = errors.New("queue closed")
)
