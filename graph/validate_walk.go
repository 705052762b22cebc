package graph

import (
	"strings"

	"github.com/oneactor/oneactor/graph/ojson"
)

// frame is a node whose sources are being validated, with the link through which it was reached.
type frame struct {
	node int32
	next int // links that were followed so far
	bad  bool
	via  *checkedLink // nil for an output
}

// visit validates a node after its sources, depth first as ComfyUI does, but with a stack of its own.
func (v *validator) visit(root int32) {
	if v.state[root] != unvisited {
		return
	}
	v.push(root, nil)
	for len(v.stack) > 0 {
		f := &v.stack[len(v.stack)-1]
		links := v.checks[f.node].links
		if f.next == len(links) {
			v.finish()
			continue
		}
		link := &links[f.next]
		f.next++
		switch v.state[link.source] {
		case unvisited:
			v.push(link.source, link)
		case visiting:
			f.bad = true
			v.cycle(f.node, link)
		case invalid:
			f.bad = true
		}
	}
}

func (v *validator) push(node int32, via *checkedLink) {
	v.state[node] = visiting
	v.checkNode(node, &v.checks[node])
	v.stack = append(v.stack, frame{node: node, via: via})
}

// finish takes the topmost node off the stack: it is valid if it has no mistake and no invalid source.
func (v *validator) finish() {
	f := v.stack[len(v.stack)-1]
	v.stack = v.stack[:len(v.stack)-1]
	check := &v.checks[f.node]
	if check.raised != nil {
		v.reasons[f.node] = []*ojson.Object{v.exception(f, check.raised)}
	} else {
		v.reasons[f.node] = check.errors
	}
	if len(v.reasons[f.node]) == 0 && !f.bad {
		v.state[f.node] = valid
		return
	}
	v.state[f.node] = invalid
	if len(v.reasons[f.node]) > 0 {
		v.order = append(v.order, f.node)
	}
	if len(v.stack) > 0 {
		v.stack[len(v.stack)-1].bad = true
	}
}

// exception is the error object for a node on which Python gives up: of one form on an output, of another on a node that
// was reached through a link, which is then named (contract 3.6).
func (v *validator) exception(f frame, raised *exception) *ojson.Object {
	n := v.doc.nodes[f.node]
	traceback := []any{"  validate node " + n.id + " (" + n.class.Name + ")\n"}
	if f.via == nil {
		return apiError("exception_during_validation", "Exception when validating node", raised.text,
			ojson.NewObject("exception_type", raised.kind, "traceback", traceback))
	}
	consumer := v.doc.nodes[v.stack[len(v.stack)-1].node]
	k := &nodeChecker{validator: v, node: consumer}
	return apiError("exception_during_inner_validation", "Exception when validating inner node", raised.text,
		ojson.NewObject("input_name", f.via.input.Name, "input_config", k.config(f.via.input), "exception_message", raised.text,
			"exception_type", raised.kind, "traceback", traceback, "linked_node", f.via.value))
}

// cycle notes that a link closes a circle. ComfyUI exhausts its recursion here and refuses the prompt without any node error,
// so only the engine's own list names it.
func (v *validator) cycle(node int32, link *checkedLink) {
	const shown = 8
	start := len(v.stack) - 1
	for v.stack[start].node != link.source {
		start--
	}
	path := []string{v.doc.nodes[link.source].id}
	circle := v.stack[start:]
	for i := len(circle) - 1; i > 0; i-- { // links run against the walk
		if len(path) == shown {
			path = append(path, "…")
			break
		}
		path = append(path, v.doc.nodes[circle[i].node].id)
	}
	if path[len(path)-1] != "…" {
		path = append(path, path[0])
	}
	n := v.doc.nodes[node]
	v.cycles = append(v.cycles, InputError{n.id, n.class.Name, link.input.Name,
		"the link closes a cycle: " + strings.Join(path, " → "), "delete one of these links"})
}
