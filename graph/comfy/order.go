package comfy

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/oneactor/oneactor/graph/ojson"
)

// executionOrder lists the nodes so that each comes after those it is linked to, a container's inner nodes at its place in file order;
// nodes in a circle come last, in file order.
func (g *uiGraph) executionOrder() []*uiNode {
	top := g.nodes
	if len(top) > 0 && top[len(top)-1].parent != nil {
		top = top[:slices.IndexFunc(top, func(n *uiNode) bool { return n.parent != nil })]
	}
	order := make([]*uiNode, 0, len(g.nodes))
	var add func(n *uiNode)
	add = func(n *uiNode) {
		order = append(order, n)
		if n.inside != nil {
			for _, inner := range n.inside.nodes {
				add(inner)
			}
		}
	}
	for _, n := range g.sorted(top) {
		add(n)
	}
	return order
}

func (g *uiGraph) sorted(nodes []*uiNode) []*uiNode {
	waiting := make(map[*uiNode]int, len(nodes)) // linked inputs whose origin has not come yet
	targets := make(map[*uiNode][]*uiNode, len(nodes))
	order := make([]*uiNode, 0, len(nodes))
	for _, n := range nodes {
		for _, in := range n.inputs {
			if from := g.byID[g.links[in.link].origin]; from != nil {
				waiting[n]++
				targets[from] = append(targets[from], n)
			}
		}
		if waiting[n] == 0 {
			order = append(order, n)
		}
	}
	for next := 0; next < len(order); next++ {
		for _, n := range targets[order[next]] {
			if waiting[n]--; waiting[n] == 0 {
				order = append(order, n)
			}
		}
	}
	if len(order) < len(nodes) {
		for _, n := range nodes {
			if waiting[n] > 0 {
				order = append(order, n)
			}
		}
	}
	return order
}

// sortIDs orders a prompt as a JavaScript object does, and so the editor: array indices ascending, then the others as they come.
func sortIDs(prompt *ojson.Object) *ojson.Object {
	type entry struct {
		id    string
		index uint64
		node  any
	}
	const none = 1<<32 - 1 // the first number that is no array index
	entries := make([]entry, 0, prompt.Len())
	for id, node := range prompt.All() {
		index := uint64(none)
		if n, err := strconv.ParseUint(id, 10, 64); err == nil && n < none && strconv.FormatUint(n, 10) == id {
			index = n
		}
		entries = append(entries, entry{id, index, node})
	}
	slices.SortStableFunc(entries, func(a, b entry) int { return cmp.Compare(a.index, b.index) })
	sorted := &ojson.Object{}
	for _, e := range entries {
		sorted.Set(e.id, e.node)
	}
	return sorted
}
