package graph

import (
	"strings"
	"testing"
)

func TestCacheEvictsTheLeastRecentlyUsed(t *testing.T) {
	c := newCache(3*(100+entryBytes), 0)
	c.begin(4)
	put := func(name byte) *shared {
		s := c.intern(signature{name})
		c.put(&entry{outputs: [][]any{{picture{size: 100}}}}, s, s)
		return s
	}
	there := func(list ...*shared) string {
		var b strings.Builder
		for _, s := range list {
			if s.entry != nil {
				b.WriteByte(s.key[0])
			}
		}
		return b.String()
	}
	a, b, d := put('a'), put('b'), put('d')
	for _, s := range []*shared{a, b, d} {
		c.release(s.entry)
	}
	c.hold(a.entry) // a use
	c.release(a.entry)
	e := put('e')
	if got := there(a, b, d, e); got != "ade" {
		t.Errorf("kept %s, want ade: b is the oldest", got)
	}
	// What is in use stays, even beyond the limit; it goes once it is released.
	c.hold(a.entry)
	c.hold(d.entry)
	f := put('f')
	if got := there(a, d, e, f); got != "adef" || c.bytes <= c.limit {
		t.Errorf("kept %s with %d bytes of %d", got, c.bytes, c.limit)
	}
	c.release(d.entry)
	if got := there(a, d, e, f); got != "aef" || c.bytes > c.limit {
		t.Errorf("kept %s with %d bytes of %d", got, c.bytes, c.limit)
	}
	// The classic policy: the next prompt keeps only what it has itself.
	c.release(f.entry)
	c.begin(1)
	c.intern(f.key)
	c.sweep()
	if got := there(a, e, f); got != "f" || len(c.all) != 1 || len(c.bySign) != 1 || c.bytes != 100+entryBytes {
		t.Errorf("kept %s, %d signatures, %d bytes", got, len(c.all), c.bytes)
	}
}

func TestCacheKeepsResultsOfEarlierPrompts(t *testing.T) {
	c := newCache(1<<20, 2)
	prompt := func(names string) {
		c.begin(len(names))
		list := make([]*shared, len(names))
		for i := range names {
			list[i] = c.intern(signature{names[i]})
		}
		c.sweep()
		for _, s := range list {
			if s.entry == nil {
				c.put(&entry{outputs: [][]any{{"x"}}}, s, s)
			} else {
				c.hold(s.entry)
			}
			c.release(s.entry)
		}
	}
	there := func() string {
		var b strings.Builder
		for _, name := range "abcdef" {
			if s := c.bySign[signature{byte(name)}]; s != nil && s.entry != nil {
				b.WriteRune(name)
			}
		}
		return b.String()
	}
	for _, step := range []struct{ prompt, want string }{
		{"abc", "abc"},
		{"d", "bcd"},   // b and c were used after a
		{"b", "bcd"},   // c and d
		{"e", "bde"},   // d and b: c was used before
		{"cf", "bcef"}, // e and b
	} {
		if prompt(step.prompt); there() != step.want {
			t.Errorf("after %s there are %s, want %s", step.prompt, there(), step.want)
		}
	}
	if c.clear(); there() != "" || c.bytes != 0 || c.results != 2 {
		t.Errorf("after clearing there are %q, %d bytes", there(), c.bytes)
	}
}

type unsizable struct{ p *int64 }

func (u unsizable) Bytes() int64 { return *u.p }

func TestSizeOf(t *testing.T) {
	tests := map[string]struct {
		item any
		want int64
	}{
		"sized":             {picture{size: 7}, 7},
		"negative":          {picture{size: -7}, 0},
		"panics when asked": {unsizable{}, 0},
		"text":              {"four", 4},
		"bytes":             {[]byte("four"), 4},
		"anything":          {7, 16},
		"nil":               {nil, 16},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got := sizeOf([][]any{{tt.item}, {}}); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}
