package graph

import (
	"github.com/oneactor/oneactor/graph/ojson"
	"github.com/oneactor/oneactor/internal/machine"
)

// entry is what a node put out: for every slot of its class a list of items. It does not change once made, except for its
// place in the cache.
type entry struct {
	outputs [][]any
	ui      *uiResult
	inner   []*uiResult // ui of the nodes it expanded into

	shared     *shared // where it is cached; nil if it is not, or no longer
	bytes      int64
	pins       int    // running nodes that may still read it
	prev, next *entry // ring of idle entries
}

// uiResult is the ui object of one node, with the place it was made at.
type uiResult struct {
	ref    NodeRef
	output *ojson.Object
}

// shared is what all nodes of one signature have in common.
type shared struct {
	key        signature
	entry      *entry // the cached result, nil if there is none
	generation uint64 // of the last prompt with such a node
	owner      *shared
}

// cache keeps results by signature, for the prompt that has the engine's turn. Entries that no running node needs are idle and
// stand in a ring, the least recently used last; beyond the limit they go from there.
type cache struct {
	limit      int64
	results    int // of earlier prompts that may stay
	bytes      int64
	bySign     map[signature]*shared
	all        []*shared
	generation uint64
	slab       []shared
	idle       entry // head of the ring
}

// entryBytes is counted for an entry beside its values, so that many small ones do not come for nothing.
const entryBytes = 512

func newCache(limit int64, results int) *cache {
	if limit <= 0 {
		limit = machine.MemoryLimit() / 4
	}
	c := &cache{limit: limit, results: results, bySign: map[signature]*shared{}}
	c.idle.prev, c.idle.next = &c.idle, &c.idle
	return c
}

// begin starts a prompt of about n nodes.
func (c *cache) begin(n int) {
	c.generation++
	if len(c.bySign) == 0 {
		c.bySign = make(map[signature]*shared, n)
		c.all = make([]*shared, 0, n)
	}
}

// intern returns what the nodes with that signature share, and marks it as part of the prompt.
func (c *cache) intern(key signature) *shared {
	s := c.bySign[key]
	if s == nil {
		if len(c.slab) == 0 {
			c.slab = make([]shared, 64) // small, as one survivor keeps all of them
		}
		s, c.slab = &c.slab[0], c.slab[1:]
		s.key = key
		c.bySign[key] = s
		c.all = append(c.all, s)
	}
	s.generation = c.generation
	return s
}

// sweep drops what belongs to no node of the prompt, nor to what such a node expanded into (ComfyUI's classic policy), but for as many results as
// may stay, the last used ones.
func (c *cache) sweep() {
	stay := c.lastUsed(c.results)
	kept := c.all[:0]
	for _, s := range c.all {
		if c.isOfPrompt(s) || stay[s] {
			kept = append(kept, s)
			continue
		}
		if s.entry != nil {
			c.drop(s.entry)
		}
		delete(c.bySign, s.key)
	}
	clear(c.all[len(kept):])
	c.all = kept
}

func (c *cache) isOfPrompt(s *shared) bool {
	return s.generation == c.generation || s.owner != nil && s.owner.generation == c.generation
}

// lastUsed are up to n results that do not belong to the prompt, those that were used last; nil for none.
func (c *cache) lastUsed(n int) map[*shared]bool {
	var found map[*shared]bool
	for e := c.idle.next; e != &c.idle && len(found) < n; e = e.next {
		if s := e.shared; !c.isOfPrompt(s) {
			if found == nil {
				found = make(map[*shared]bool, n)
			}
			found[s] = true
		}
	}
	return found
}

// clear drops everything.
func (c *cache) clear() {
	c.begin(0)
	results := c.results
	c.results = 0
	c.sweep()
	c.results = results
}

// put takes over a new entry, pinned. owner is the node of the prompt that it was made for.
func (c *cache) put(e *entry, s, owner *shared) {
	e.bytes = entryBytes + sizeOf(e.outputs)
	if s.entry != nil {
		c.drop(s.entry)
	}
	e.shared, s.entry, s.owner = s, e, owner
	c.bytes += e.bytes
	e.pins++
	c.evict()
}

// hold pins a cached entry.
func (c *cache) hold(e *entry) {
	if e.pins == 0 {
		c.unlink(e)
	}
	e.pins++
}

// release ends one use of an entry, whether it is cached or not.
func (c *cache) release(e *entry) {
	if e.pins--; e.pins > 0 || e.shared == nil {
		return
	}
	e.next, e.prev = c.idle.next, &c.idle
	e.next.prev, e.prev.next = e, e
	c.evict()
}

func (c *cache) unlink(e *entry) {
	if e.next != nil {
		e.prev.next, e.next.prev = e.next, e.prev
		e.prev, e.next = nil, nil
	}
}

func (c *cache) drop(e *entry) {
	c.unlink(e)
	c.bytes -= e.bytes
	e.shared.entry, e.shared = nil, nil
}

func (c *cache) evict() {
	for c.bytes > c.limit && c.idle.prev != &c.idle {
		c.drop(c.idle.prev)
	}
}
