package queue

// numbers remembers what numbers the last jobs got, for those who wait for an answer.
type numbers struct {
	ring [4096]Receipt
	next int
}

func (n *numbers) put(k Key, number float64) {
	n.ring[n.next] = Receipt{k, number}
	n.next = (n.next + 1) % len(n.ring)
}

// get looks at the newest first.
func (n *numbers) get(k Key) (float64, bool) {
	for i := range n.ring {
		r := n.ring[(n.next-1-i+2*len(n.ring))%len(n.ring)]
		if r.Key == k {
			return r.Number, true
		}
		if r.Key.IsZero() {
			break
		}
	}
	return 0, false
}
