package queue

type workers struct{}

func newWorkers(q *Queue) (*workers, error) { return &workers{}, nil }
func (w *workers) close()                   {}
