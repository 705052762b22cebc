package graph

import (
	"fmt"
	"strings"
)

// InputError is one mistake in a workflow, on the node that has it.
type InputError struct {
	NodeID  string // "" where the workflow as a whole is meant
	Class   string
	Input   string // wire name; "" where the node as a whole is meant
	Problem string // what is wrong, with the value
	Hint    string // what to do about it
}

// Error is one line: `node 3 (KSampler): input steps: "many" is not a whole number; use 1 to 10000`.
func (e InputError) Error() string {
	var b strings.Builder
	if e.NodeID != "" {
		fmt.Fprintf(&b, "node %s", e.NodeID)
		if e.Class != "" {
			fmt.Fprintf(&b, " (%s)", e.Class)
		}
		b.WriteString(": ")
	}
	if e.Input != "" {
		fmt.Fprintf(&b, "input %s: ", e.Input)
	}
	b.WriteString(e.Problem)
	if e.Hint != "" {
		b.WriteString("; " + e.Hint)
	}
	return b.String()
}

// InputErrors is everything that is wrong with a workflow.
type InputErrors []InputError

// Error has a line per mistake.
func (list InputErrors) Error() string {
	lines := make([]string, len(list))
	for i, e := range list {
		lines[i] = e.Error()
	}
	return strings.Join(lines, "\n")
}
