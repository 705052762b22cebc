package graph

// readyQueue holds the nodes that can run, as a binary heap. The least key is next: it is made of the rank and,
// among equals, of the order of joining the plan.
type readyQueue []uint64

// rank is ComfyUI's choice among ready nodes, the first rule that fits: an output, a node whose consumer is an output, one two steps away, any other.
func (n *runNode) rank() uint64 {
	switch {
	case n.class.Output:
		return 0
	case n.feedsOutput:
		return 1
	case n.feedsFeeder:
		return 2
	}
	return 3
}

const (
	numberBits = 31
	seqBits    = 31
)

func (n *runNode) readyKey() uint64 {
	return n.rank()<<(numberBits+seqBits) | uint64(n.seq)<<numberBits | uint64(n.number)
}

// enqueue offers a node that waits for nothing.
func (p *plan) enqueue(n *runNode) {
	if !n.queued {
		n.queued = true
		p.ready.push(n.readyKey())
	}
}

// requeue offers a waiting node once more after its rank rose; next ignores what it was offered as before.
func (p *plan) requeue(n *runNode) {
	if n.queued {
		p.ready.push(n.readyKey())
	}
}

// next takes the node that runs next, or nil if none can.
func (p *plan) next() *runNode {
	for len(p.ready) > 0 {
		key := p.ready.pop()
		if n := p.nodes[key&(1<<numberBits-1)]; n.queued && key == n.readyKey() {
			n.queued = false
			return n
		}
	}
	return nil
}

func (q *readyQueue) push(key uint64) {
	h := append(*q, key)
	i := len(h) - 1
	for i > 0 {
		up := (i - 1) / 2
		if h[up] <= key {
			break
		}
		h[i], i = h[up], up
	}
	h[i] = key
	*q = h
}

func (q *readyQueue) pop() uint64 {
	h := *q
	top, last := h[0], h[len(h)-1]
	h = h[:len(h)-1]
	i := 0
	for {
		down := 2*i + 1
		if down >= len(h) {
			break
		}
		if down+1 < len(h) && h[down+1] < h[down] {
			down++
		}
		if last <= h[down] {
			break
		}
		h[i], i = h[down], down
	}
	if len(h) > 0 {
		h[i] = last
	}
	*q = h
	return top
}
