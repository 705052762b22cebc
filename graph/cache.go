package graph

import (
	"sync"

	"github.com/oneactor/oneactor/graph/ojson"
)

// entry is what a node put out: for every slot a list of items. It does not change once made, except for its place in the cache.
type entry struct {
	outputs [][]any
	ui      *uiResult
	inner   []*uiResult // ui of the nodes it expanded into

	key        signature
	keyed      bool      // in the cache
	owner      signature // key of the prompt node that it belongs to
	bytes      int64
	pins       int    // running nodes that may still read it
	prev, next *entry // ring of idle entries
}

// uiResult is the ui object of one node, with the place it was made at.
type uiResult struct {
	ref    NodeRef
	output *ojson.Object
}

// cache keeps results by signature. Entries that no running node needs are idle and stand in a ring, the least recently used
// last; beyond the limit they go from there.
type cache struct {
	mu      sync.Mutex
	limit   int64
	bytes   int64
	entries map[signature]*entry
	idle    entry // head of the ring
}

// entryBytes is counted for an entry beside its values, so that many small ones do not come for nothing.
const entryBytes = 512

func newCache(limit int64) *cache {
	if limit <= 0 {
		limit = memoryLimit() / 4
	}
	c := &cache{limit: limit, entries: map[signature]*entry{}}
	c.idle.prev, c.idle.next = &c.idle, &c.idle
	return c
}

// get returns the entry with that key, pinned, or nil.
func (c *cache) get(key signature) *entry {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.entries[key]
	if e != nil {
		c.pin(e)
	}
	return e
}

// has reports whether there is an entry, which counts as a use.
func (c *cache) has(key signature) bool {
	e := c.get(key)
	if e == nil {
		return false
	}
	c.release(e)
	return true
}

// put takes over a new entry, pinned.
func (c *cache) put(e *entry, key, owner signature) {
	e.bytes = entryBytes + sizeOf(e.outputs)
	c.mu.Lock()
	defer c.mu.Unlock()
	e.key, e.owner, e.keyed = key, owner, true
	if old := c.entries[key]; old != nil {
		c.drop(old)
	}
	c.entries[key] = e
	c.bytes += e.bytes
	e.pins++
	c.evict()
}

// release ends one use of an entry.
func (c *cache) release(e *entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e.pins--; e.pins > 0 || !e.keyed {
		return
	}
	e.next, e.prev = c.idle.next, &c.idle
	e.next.prev, e.prev.next = e, e
	c.evict()
}

// keep drops every entry that belongs to none of these keys: the classic policy, at the start of a prompt.
func (c *cache) keep(keys map[signature]struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for key, e := range c.entries {
		if _, wanted := keys[key]; wanted {
			continue
		}
		if _, wanted := keys[e.owner]; !wanted {
			c.drop(e)
		}
	}
}

func (c *cache) empty() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.entries) == 0
}

// clear drops everything.
func (c *cache) clear() { c.keep(nil) }

func (c *cache) pin(e *entry) {
	if e.pins == 0 {
		c.unlink(e)
	}
	e.pins++
}

func (c *cache) unlink(e *entry) {
	if e.next != nil {
		e.prev.next, e.next.prev = e.next, e.prev
		e.prev, e.next = nil, nil
	}
}

func (c *cache) drop(e *entry) {
	c.unlink(e)
	delete(c.entries, e.key)
	c.bytes -= e.bytes
	e.keyed = false
}

func (c *cache) evict() {
	for c.bytes > c.limit && c.idle.prev != &c.idle {
		c.drop(c.idle.prev)
	}
}

// sizeOf adds up what the values say they hold. A value that appears in several slots counts each time.
func sizeOf(outputs [][]any) (total int64) {
	for _, items := range outputs {
		for _, item := range items {
			total += sizeOfItem(item)
		}
	}
	return total
}

func sizeOfItem(item any) (n int64) {
	switch item := item.(type) {
	case Sized:
		// A value of a third party may not survive being asked, such as a nil pointer; it then counts as nothing.
		defer func() {
			if recover() != nil {
				n = 0
			}
		}()
		return item.Bytes()
	case string:
		return int64(len(item))
	case []byte:
		return int64(len(item))
	}
	return 16
}
