package graph

import (
	"slices"

	dag "github.com/dominikbraun/graph"
)

// plan is the part of a prompt that has to run. Its graph holds every node and link, so that cycles and signatures come from one
// pass; a node joins the plan when an output needs it. It only grows: by lazy inputs that are asked for, and by expansions.
type plan struct {
	cache   *cache
	nodes   []*runNode
	store   *store
	dag     dag.Graph[int, int]
	pending int // nodes in the plan that are not done
	seq     int32
	ready   readyQueue
	stack   []int32

	// Pieces of these go to the nodes, instead of an allocation each.
	slab    []runNode
	links   []runLink
	numbers []int32
}

func (p *plan) init(c *cache, size int) {
	p.cache = c
	p.nodes = make([]*runNode, 0, size)
	p.store = &store{}
	p.store.grow(size)
	p.dag = dag.NewWithStore(dag.IntHash, dag.Store[int, int](p.store), dag.Directed())
}

// grow takes in a node; its links are read by connect, once all nodes they may lead to are there.
func (p *plan) grow(n *docNode, parent *runNode) *runNode {
	var node *runNode
	if len(p.slab) > 0 {
		node, p.slab = &p.slab[0], p.slab[1:]
	} else {
		node = new(runNode)
	}
	node.docNode, node.number, node.parent = n, int32(len(p.nodes)), parent
	p.nodes = append(p.nodes, node)
	if missing := len(p.nodes) - len(p.store.out); missing > 0 {
		p.store.grow(missing)
	}
	return node
}

// edge notes that target reads source. A second link between the same two is the same edge.
func (p *plan) edge(source, target int32) { _ = p.dag.AddEdge(int(source), int(target)) }

// connect reads the links of the nodes from first on.
func (r *run) connect(first int) {
	for _, n := range r.nodes[first:] {
		if n.class == nil {
			continue
		}
		r.links = n.readLinks(&r.doc.index, r.links)
		r.store.in[n.number] = r.numberSlice(len(n.links))
		for i := range n.links {
			r.edge(n.links[i].source, n.number)
		}
	}
}

// sign gives signatures to the nodes from first on; those on a cycle or behind one get none.
func (r *run) sign(first int) {
	var s signer
	source := func(i int32) *runNode { return r.nodes[i] }
	for _, i := range r.store.kahn(first) {
		n := r.nodes[i]
		if n.class == nil {
			continue
		}
		if key, ok := s.sign(n, source); ok {
			n.shared = r.cache.intern(key)
		}
	}
}

// numberSlice is an empty slice with room for n numbers.
func (p *plan) numberSlice(n int) []int32 {
	const chunk = 1024
	if cap(p.numbers)-len(p.numbers) < n {
		p.numbers = make([]int32, 0, max(n, chunk))
	}
	at := len(p.numbers)
	p.numbers = p.numbers[:at+n]
	return p.numbers[at : at : at+n]
}

// attach finds the result of a node where there is one: still held, or cached.
func (p *plan) attach(n *runNode) bool {
	if n.result == nil && n.shared != nil && n.shared.entry != nil {
		n.result = n.shared.entry
		p.cache.hold(n.result)
	}
	return n.result != nil
}

// add puts a node and all it needs into the plan. The order of joining is that of ComfyUI: the last input first, depth first.
func (p *plan) add(root int32) {
	p.stack = append(p.stack[:0], root)
	for len(p.stack) > 0 {
		n := p.nodes[p.stack[len(p.stack)-1]]
		p.stack = p.stack[:len(p.stack)-1]
		if n.status == pending {
			continue
		}
		n.status = pending
		n.seq = p.seq
		p.seq++
		p.pending++
		for i := range n.links {
			p.nodes[n.links[i].source].holders++
		}
		// A cached output joins without what it needs: it is only announced.
		if !p.attach(n) {
			if n.waiting == nil {
				n.waiting = p.numberSlice(len(n.links))
			}
			for i := range n.links {
				if n.links[i].followed {
					p.need(n, n.links[i].source)
				}
			}
		}
		if len(n.waiting) == 0 {
			p.enqueue(n)
		}
	}
}

// need makes n wait for a source that has no result yet, and puts that on the stack of add.
func (p *plan) need(n *runNode, source int32) {
	from := p.nodes[source]
	p.mark(from, n)
	if p.attach(from) || slices.Contains(n.waiting, source) {
		return
	}
	n.waiting = append(n.waiting, source)
	if from.status != pending {
		p.stack = append(p.stack, source)
	}
}

// follow makes a pending node wait for one more source.
func (p *plan) follow(n *runNode, source int32) {
	p.stack = p.stack[:0]
	p.need(n, source)
	if len(p.stack) > 0 {
		p.add(source)
	}
}

// mark keeps the flags of rule 4.4 up to date: from feeds n. Each node passes its own flag on at most once.
func (p *plan) mark(from, n *runNode) {
	if n.class.Output && !from.feedsOutput {
		from.feedsOutput = true
		p.requeue(from)
		for i := range from.links {
			if source := p.nodes[from.links[i].source]; from.status == pending && from.links[i].followed && !source.feedsFeeder {
				source.feedsFeeder = true
				p.requeue(source)
			}
		}
	}
	if n.feedsOutput && !from.feedsFeeder {
		from.feedsFeeder = true
		p.requeue(from)
	}
}

// complete ends a node: those that waited for it come nearer, and what only it read is let go.
func (p *plan) complete(n *runNode) {
	n.status = done
	p.pending--
	for _, target := range p.store.out[n.number] {
		to := p.nodes[target]
		if i := slices.Index(to.waiting, n.number); to.status == pending && i >= 0 {
			to.waiting = slices.Delete(to.waiting, i, i+1)
			if len(to.waiting) == 0 {
				p.enqueue(to)
			}
		}
	}
	for i := range n.links {
		p.drop(p.nodes[n.links[i].source])
	}
	p.letGo(n)
}

// drop ends one claim to the result of n.
func (p *plan) drop(n *runNode) {
	n.holders--
	p.letGo(n)
}

func (p *plan) letGo(n *runNode) {
	if n.holders == 0 && n.status != pending && n.result != nil {
		p.cache.release(n.result)
		n.result = nil
	}
}
