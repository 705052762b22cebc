package comfy

import (
	"slices"
	"strings"
)

// origin is where a link comes from: an output of a node, the value of a PrimitiveNode, or a value that a subgraph's instance gives
// to a widget inside. The zero value is none.
type origin struct {
	node  *uiNode
	slot  int
	given *savedValue
}

// resolver follows links through nodes that do not run. What it finds is kept, so that a long chain is walked once.
type resolver struct {
	*uiGraph
	found    map[linkWanted]origin
	standIns map[nodeWanted]string
}

func newResolver(g *uiGraph) resolver {
	return resolver{g, map[linkWanted]origin{}, map[nodeWanted]string{}}
}

// linkWanted is a link together with the type that is wanted from it, which decides the way through bypassed nodes.
type linkWanted struct{ link, typ string }

// nodeWanted is a bypassed node together with the type that is wanted from it.
type nodeWanted struct {
	node *uiNode
	typ  string
}

// resolve follows a link back to a node that is neither a Reroute nor bypassed (contract 5.5). The origin may be muted or a PrimitiveNode.
// typ is the type of the input that is fed; it counts where the link itself has none. A circle has no origin.
func (r *resolver) resolve(link, typ string) origin {
	l := r.links[link]
	if n := r.byID[l.origin]; n != nil && n.inside == nil && !n.virtual() && n.mode != modeBypassed {
		return origin{node: n, slot: l.originSlot} // the common case needs no memory
	}
	if l.typ != "" {
		typ = l.typ
	}
	var way []linkWanted
	var end origin
	var given *savedValue // by the outermost instance on the way up
	for link != "" {
		key := linkWanted{link, typ}
		if known, ok := r.found[key]; ok {
			end = known
			break
		}
		r.found[key] = origin{} // what is found if the way comes back here
		way = append(way, key)
		l := r.links[link]
		n := r.byID[l.origin]
		switch {
		case n == nil:
			link = ""
		case l.enters:
			if value := n.inside.promoted[l.originSlot]; value != nil {
				given = value
			}
			if link = n.linkInto(l.originSlot); link == "" {
				end.given = given
			}
		case n.inside != nil:
			link = n.inside.output(l.originSlot)
		case n.class == "PrimitiveNode":
			end, link = origin{node: n, slot: l.originSlot}, ""
		case n.virtual(): // a Reroute; notes have no inputs
			link = r.bypass(n, 0, "")
		case n.mode == modeBypassed:
			link = r.bypass(n, l.originSlot, typ)
		default:
			end, link = origin{node: n, slot: l.originSlot}, ""
		}
	}
	for i, key := range way {
		if end.given != nil && i > 0 {
			delete(r.found, key) // from here on the instances passed so far have no say
			continue
		}
		r.found[key] = end
	}
	return end
}

// bypass returns the link id of the input that stands in for an output of a node that does not run: the one beside the output if it
// has the type, else the first of that type, else the first compatible one. For any type the place alone counts.
func (r *resolver) bypass(n *uiNode, output int, typ string) string {
	if typ == "" || typ == "*" {
		if output >= len(n.inputs) {
			output = 0
		}
		if len(n.inputs) == 0 {
			return ""
		}
		return n.inputs[output].link
	}
	if output < len(n.inputs) && n.inputs[output].typ == typ {
		return n.inputs[output].link
	}
	key := nodeWanted{n, typ}
	link, known := r.standIns[key]
	if !known {
		i := slices.IndexFunc(n.inputs, func(in uiSlot) bool { return in.typ == typ })
		if i < 0 {
			i = slices.IndexFunc(n.inputs, func(in uiSlot) bool { return compatible(in.typ, typ) })
		}
		if i >= 0 {
			link = n.inputs[i].link
		}
		r.standIns[key] = link
	}
	return link
}

// maxTypeLength is far beyond the lists of types that nodes have; longer ones are not searched.
const maxTypeLength = 1000

// compatible says whether the editor would connect the types: "*" and "" go with everything, "A,B" with A and with B, and letter case
// does not matter.
func compatible(a, b string) bool {
	if a == "" || a == "*" || b == "" || b == "*" {
		return true
	}
	if len(a) > maxTypeLength || len(b) > maxTypeLength {
		return a == b
	}
	for x := range strings.SplitSeq(a, ",") {
		for y := range strings.SplitSeq(b, ",") {
			if strings.EqualFold(x, y) {
				return true
			}
		}
	}
	return false
}
