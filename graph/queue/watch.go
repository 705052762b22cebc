package queue

import "sync"

// watcher gives changes to a function, in order and apart from the lock of the queue.
type watcher struct {
	f func(Change)

	mu      sync.Mutex
	more    sync.Cond
	changes []Change
	closed  bool
	ended   chan struct{}
}

// Watch calls f with every change from now on, one at a time, until stop is called or the queue is closed. What waits for a slow f
// waits in memory.
func (q *Queue) Watch(f func(Change)) (stop func()) {
	w := &watcher{f: f, ended: make(chan struct{})}
	w.more.L = &w.mu
	q.mu.Lock()
	q.watch = append(q.watch, w)
	q.mu.Unlock()
	go w.run()
	return func() {
		q.mu.Lock()
		for i, other := range q.watch {
			if other == w {
				q.watch = append(q.watch[:i:i], q.watch[i+1:]...)
			}
		}
		q.mu.Unlock()
		w.close()
	}
}

func (w *watcher) add(changes []Change) {
	w.mu.Lock()
	w.changes = append(w.changes, changes...)
	w.mu.Unlock()
	w.more.Signal()
}

func (w *watcher) run() {
	defer close(w.ended)
	w.mu.Lock()
	defer w.mu.Unlock()
	for {
		for len(w.changes) == 0 {
			if w.closed {
				return
			}
			w.more.Wait()
		}
		changes := w.changes
		w.changes = nil
		w.mu.Unlock()
		for _, c := range changes {
			w.f(c)
		}
		w.mu.Lock()
	}
}

func (w *watcher) close() {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	w.more.Signal()
}
