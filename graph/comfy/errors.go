package comfy

import (
	"errors"
	"fmt"
	"strings"
)

// What keeps a file from being read. The error texts say more; errors.Is finds these.
var (
	ErrNoWorkflow   = errors.New("no workflow in here")
	ErrUnknownNodes = errors.New("unknown node classes")
	ErrContainer    = errors.New("not supported yet")
)

// Warning is something in a file that was passed over while it was read.
type Warning struct {
	NodeID string // "" if it concerns the file
	Class  string
	Text   string
}

func (w Warning) String() string {
	if w.NodeID == "" {
		return w.Text
	}
	return fmt.Sprintf("node %s (%s): %s", w.NodeID, w.Class, w.Text)
}

// NodeRef names a node of a UI graph in an error.
type NodeRef struct {
	ID, Class, Title string
	Pack             string // node pack that the file says the class comes from; "" if it says nothing
	Version          string // of the pack
}

func (r NodeRef) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (node %s", r.Class, r.ID)
	if r.Title != "" && r.Title != r.Class {
		fmt.Fprintf(&b, " %q", r.Title)
	}
	if r.Pack != "" {
		fmt.Fprintf(&b, ", pack %s", strings.TrimSpace(r.Pack+" "+r.Version))
	}
	b.WriteByte(')')
	return b.String()
}

// NodesError is about several nodes of a UI graph at once; it wraps ErrUnknownNodes.
type NodesError struct {
	Nodes []NodeRef
	Hint  string
	cause error
	what  string // what the nodes are, in front of the cause; may be ""
}

func (e *NodesError) Error() string {
	const shown = 20
	nodes, more := e.Nodes, ""
	if len(nodes) > shown {
		more = fmt.Sprintf(" and %d more", len(nodes)-shown)
		nodes = nodes[:shown]
	}
	names := make([]string, len(nodes))
	for i, n := range nodes {
		names[i] = n.String()
	}
	return fmt.Sprintf("%s%v: %s%s; %s", e.what, e.cause, strings.Join(names, ", "), more, e.Hint)
}

func (e *NodesError) Unwrap() error { return e.cause }
