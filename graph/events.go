package graph

import "github.com/oneactor/oneactor/graph/ojson"

// Types of events. All but the last two are messages of ComfyUI's websocket and carry their data; "status" and the
// closing "executing" without a node belong to the queue, which knows what comes after the prompt.
const (
	EventExecutionStart       = "execution_start"
	EventExecutionCached      = "execution_cached"
	EventExecuting            = "executing"
	EventProgress             = "progress"
	EventProgressState        = "progress_state"
	EventExecuted             = "executed"
	EventExecutionSuccess     = "execution_success"
	EventExecutionError       = "execution_error"
	EventExecutionInterrupted = "execution_interrupted"
	EventPreview              = "preview" // a picture so far: Node and Preview are set
	EventText                 = "text"    // a line on a node: Node and Text are set
)

// Event is something that happened while a prompt ran.
type Event struct {
	Type     string
	PromptID string
	ClientID string        // of the request; "" for none
	Data     *ojson.Object // what a client is sent; shared with later events, so do not change it
	Node     NodeRef       // of EventPreview and EventText
	Preview  any           // what the node gave to Progress
	Text     string
	// Broadcast says that the event goes to every client where the prompt has none of its own; the others are then only for
	// the history.
	Broadcast bool
	// Recorded says that the event belongs into the messages of the history entry.
	Recorded bool
}

// NodeRef says where a node stands: nodes made by an expansion have a parent and are shown as another node.
type NodeRef struct {
	ID      string
	Display string // the visible node it is shown on
	Parent  string // the node that expanded into it; "" for a node of the prompt
	Real    string // the node of the prompt it comes from
}

// meta is the entry of the node in the "meta" part of the history.
func (n NodeRef) meta() *ojson.Object {
	return ojson.NewObject("node_id", n.ID, "display_node", n.Display, "parent_node", orNull(n.Parent), "real_node_id", n.Real)
}

// Sink receives events, one at a time and in order. It must not block for long, nor call the engine: the node waits for it.
type Sink func(Event)

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}
