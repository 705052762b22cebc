package graph

import (
	"sync"
	"time"

	"github.com/oneactor/oneactor/graph/ojson"
)

// emitter sends the events of one prompt and keeps its progress_state. A message of that type lists every node so far, so with
// many nodes it is merged: sent at most every mergeEvery, later by a timer, and never lost.
type emitter struct {
	mu       sync.Mutex
	sinks    []Sink
	promptID string
	clientID string
	closed   bool

	nodes []*nodeProgress // in the order they started
	slab  []nodeProgress
	dirty bool // something changed since the last progress_state
	timer *time.Timer
	next  time.Time // not before this time
}

const (
	mergeAbove = 50                    // nodes from which progress_state is merged
	mergeEvery = 50 * time.Millisecond // 20 per second
	mergeShare = 10                    // building messages takes at most one part in this many of the time
)

// nodeProgress is the line of one node in progress_state.
type nodeProgress struct {
	node       *runNode
	value, max float64
	state      string
	object     *ojson.Object // nil after a change; never changed itself, as messages share it
}

func newEmitter(promptID, clientID string, sinks ...Sink) *emitter {
	m := &emitter{promptID: promptID, clientID: clientID}
	for _, s := range sinks {
		if s != nil {
			m.sinks = append(m.sinks, s)
		}
	}
	return m
}

func (m *emitter) silent() bool { return len(m.sinks) == 0 }

// send passes an event on.
func (m *emitter) send(e Event) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sendLocked(e)
}

func (m *emitter) sendLocked(e Event) {
	if m.closed {
		return
	}
	e.PromptID, e.ClientID = m.promptID, m.clientID
	for _, s := range m.sinks {
		s(e)
	}
}

// message sends one of the few events that are kept in the history: the time is added. Waiting progress goes first, so that no
// state follows the end of the prompt.
func (m *emitter) message(kind string, data *ojson.Object, broadcast bool) {
	if m.silent() {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.flush()
	data.Set("timestamp", time.Now().UnixMilli())
	m.sendLocked(Event{Type: kind, Data: data, Broadcast: broadcast, Recorded: true})
}

// close ends the prompt: a node that still reports afterwards is not heard.
func (m *emitter) close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.flush()
	m.closed = true
}

// progress sets the state of a node and announces it.
func (m *emitter) progress(n *runNode, change func(*nodeProgress)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.progressLocked(n, change)
}

func (m *emitter) progressLocked(n *runNode, change func(*nodeProgress)) {
	if m.closed {
		return
	}
	if n.progress == nil {
		if len(m.slab) == 0 {
			m.slab = make([]nodeProgress, 32)
		}
		n.progress, m.slab = &m.slab[0], m.slab[1:]
		n.progress.node, n.progress.max = n, 1
		m.nodes = append(m.nodes, n.progress)
		n.boxID() // here, as the timer's goroutine may describe the node from now on
	}
	p := n.progress
	change(p)
	p.object = nil
	m.dirty = true
	if wait := time.Until(m.next); len(m.nodes) > mergeAbove && wait > 0 {
		if m.timer == nil {
			m.timer = time.AfterFunc(wait, m.tick)
		}
		return
	}
	m.flush()
}

// tick sends what was held back.
func (m *emitter) tick() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.timer = nil
	if wait := time.Until(m.next); wait > 0 && m.dirty { // a message went out while the timer waited for the lock
		m.timer = time.AfterFunc(wait, m.tick)
		return
	}
	m.flush()
}

// flush sends progress_state if something changed since the last.
func (m *emitter) flush() {
	if m.timer != nil {
		m.timer.Stop()
		m.timer = nil
	}
	if !m.dirty {
		return
	}
	m.dirty = false
	begin := time.Now()
	nodes := ojson.NewObjectSize(len(m.nodes))
	var promptID any = m.promptID
	for _, p := range m.nodes {
		if p.object == nil {
			p.object = p.describe(promptID)
		}
		nodes.Append(p.node.id, p.object)
	}
	m.sendLocked(Event{Type: EventProgressState, Broadcast: true, Data: ojson.NewObject("prompt_id", m.promptID, "nodes", nodes)})
	if len(m.nodes) > mergeAbove {
		end := time.Now()
		m.next = end.Add(max(mergeEvery, mergeShare*end.Sub(begin)))
	}
}

func (p *nodeProgress) describe(promptID any) *ojson.Object {
	n := p.node
	var parent any
	if n.parent != nil {
		parent = n.parent.boxed
	}
	return ojson.NewObject("value", boxed(p.value), "max", boxed(p.max), "state", p.state, "node_id", n.boxed, "prompt_id", promptID,
		"display_node_id", n.box(n.displayID()), "parent_node_id", parent, "real_node_id", n.root().boxed)
}

var one any = 1.0

// boxed makes an interface of a number, of 1 without an allocation: most nodes count to 1.
func boxed(f float64) any {
	if f == 1 {
		return one
	}
	return f
}
