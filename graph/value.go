package graph

import "github.com/oneactor/oneactor/graph/ojson"

// Link names an output of a node: what ["4", 0] means in an API prompt.
type Link struct {
	Node string
	Slot int
}

// Blocker stops everything after it: a node that receives one is skipped and its outputs are blockers too.
// A message is reported once, at the first consumer; without one the branch ends silently.
//
// Returned as the error of Run it blocks all outputs of the node; to block one output, make that result field a Maybe.
type Blocker struct{ Message string }

// Error makes a Blocker returnable from Run; it never fails a prompt.
func (b *Blocker) Error() string { return "blocked: " + b.Message }

// Block is the error that blocks all outputs of a node.
func Block(message string) error { return &Blocker{Message: message} }

// Maybe is an output that holds either a value or a blocker. Its socket type is that of T.
type Maybe[T any] struct {
	value   T
	blocker *Blocker
}

// Some is an output that is there.
func Some[T any](v T) Maybe[T] { return Maybe[T]{value: v} }

// Blocked is an output that stops everything after it.
func Blocked[T any](message string) Maybe[T] { return Maybe[T]{blocker: &Blocker{Message: message}} }

func (m Maybe[T]) unwrapMaybe() any {
	if m.blocker != nil {
		return m.blocker
	}
	return m.value
}

// Expansion replaces a node by further nodes. A result field of type *Expansion is no socket; where it is not
// nil the engine runs Nodes and takes Result for the outputs, and the other result fields are not looked at.
type Expansion struct {
	// Nodes are the new nodes by id in API form; by convention an id is "<parent id>.<list index>.<graph number>.<counter>".
	Nodes *ojson.Object
	// Result has one value per output: a Link to an output of any node, a *Blocker, or the value itself.
	Result []any
}
