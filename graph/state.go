package graph

import "reflect"

// stateKey names a node instance: ComfyUI keeps one object for each.
type stateKey struct {
	id    string
	class *Class
}

// nodeState is what the State fields of a node instance point at.
type nodeState struct {
	values []any  // in the order of Class.states
	root   string // the node of the prompt it comes from
}

// stateOf returns the state of a node, made at its first run.
func (e *Engine) stateOf(n *runNode) *nodeState {
	key := stateKey{n.id, n.class}
	s := e.states[key]
	if s == nil {
		s = &nodeState{root: n.root().id, values: make([]any, len(n.class.states))}
		for i, field := range n.class.states {
			s.values[i] = reflect.New(n.class.typ.Field(field).Type).Interface().(stater).newState()
		}
		e.states[key] = s
	}
	return s
}

// setStates points the State fields of a node at its state.
func (s *nodeState) set(c *Class, node reflect.Value) {
	for i, field := range c.states {
		node.Field(field).Addr().Interface().(stater).setState(s.values[i])
	}
}

// keepStates drops the states of nodes that are no longer in the prompt, or have become another class.
func (e *Engine) keepStates(d *document) {
	for key, s := range e.states {
		i, ok := d.index.get(s.root)
		if !ok || key.id == s.root && d.nodes[i].class != key.class {
			delete(e.states, key)
		}
	}
}
