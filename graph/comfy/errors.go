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

// NodeRef names a node of a workflow in a message.
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

// UnknownError names the nodes of a workflow whose classes are not known, and what becomes of its outputs. It wraps ErrUnknownNodes.
type UnknownError struct {
	Nodes    []NodeRef
	Blocked  []NodeRef // outputs that need one of the nodes
	Runnable []NodeRef // outputs that need none of them
}

func (e *UnknownError) Error() string {
	text := fmt.Sprintf("%v: %s; remove or bypass these nodes, or add what has their classes", ErrUnknownNodes, refs(e.Nodes))
	if len(e.Runnable) > 0 {
		text += "; without them can run: " + refs(e.Runnable)
	}
	return text
}

func (e *UnknownError) Unwrap() error { return ErrUnknownNodes }

// refs lists nodes, not too many of them.
func refs(nodes []NodeRef) string {
	const shown = 20
	more := ""
	if len(nodes) > shown {
		more = fmt.Sprintf(" and %d more", len(nodes)-shown)
		nodes = nodes[:shown]
	}
	names := make([]string, len(nodes))
	for i, n := range nodes {
		names[i] = n.String()
	}
	return strings.Join(names, ", ") + more
}
