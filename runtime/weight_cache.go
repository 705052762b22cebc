package runtime

import (
	"context"
	"errors"

	"github.com/oneactor/oneactor/runtime/tensor"
)

// madeWeights are tensors that patches made, kept beside the sessions and within their limit. ready is closed when tensors or err is set.
type madeWeights struct {
	ready   chan struct{}
	tensors []*tensor.Tensor
	err     error
	used    uint64
}

func (m *madeWeights) bytes() int64 {
	var n int64
	for _, t := range m.tensors {
		n += t.Bytes()
	}
	return n
}

// weights returns tensors by what they are made of, from the cache or new. A failure is not remembered.
func (s *sessionCache) weights(ctx context.Context, key string, build func() ([]*tensor.Tensor, error)) ([]*tensor.Tensor, error) {
	s.mu.Lock()
	if s.made == nil {
		s.made = map[string]*madeWeights{}
	}
	m := s.made[key]
	found := m != nil
	if !found {
		m = &madeWeights{ready: make(chan struct{})}
		s.made[key] = m
	}
	s.clock++
	m.used = s.clock
	s.mu.Unlock()
	if found {
		select {
		case <-m.ready:
			return m.tensors, m.err
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	m.err = errors.New("panicked") // unless build returns
	defer func() {
		if m.err != nil {
			s.mu.Lock()
			if s.made[key] == m {
				delete(s.made, key)
			}
			s.mu.Unlock()
		}
		close(m.ready)
	}()
	m.tensors, m.err = build()
	return m.tensors, m.err
}

// madeBytes is the memory of all tensors that are done; the caller holds the lock.
func (s *sessionCache) madeBytes() int64 {
	var n int64
	for _, m := range s.made {
		if isClosed(m.ready) {
			n += m.bytes()
		}
	}
	return n
}

// oldestMade is the key of the least recently used tensors, "" for none; the caller holds the lock.
func (s *sessionCache) oldestMade() string {
	oldest := ""
	for key, m := range s.made {
		if isClosed(m.ready) && (oldest == "" || m.used < s.made[oldest].used) {
			oldest = key
		}
	}
	return oldest
}

func isClosed(c chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
