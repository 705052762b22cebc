package graph

import "context"

type callKey struct{}

// call is what the engine tells a running node through its context.
type call interface {
	progress(value, max int, preview any)
	text(s string)
	node() string
	call() int
}

func callOf(ctx context.Context) call {
	c, _ := ctx.Value(callKey{}).(call)
	return c
}

// Progress reports that value of max steps are done; preview is a picture so far, in whatever form the listener of the
// engine understands, or nil. Outside an engine it does nothing.
func Progress(ctx context.Context, value, max int, preview any) {
	if c := callOf(ctx); c != nil {
		c.progress(value, max, preview)
	}
}

// SendText shows a line of text on the running node. Outside an engine it does nothing.
func SendText(ctx context.Context, text string) {
	if c := callOf(ctx); c != nil {
		c.text(text)
	}
}

// NodeID is the id of the node that ctx runs, or "" outside an engine. Unlike the hidden input UniqueID it does not
// make the cache distinguish nodes, so it is for logs and file names of no consequence.
func NodeID(ctx context.Context) string {
	if c := callOf(ctx); c != nil {
		return c.node()
	}
	return ""
}

// CallIndex is 0, or the place of the call among those that a node makes because it was given lists.
func CallIndex(ctx context.Context) int {
	if c := callOf(ctx); c != nil {
		return c.call()
	}
	return 0
}
