package weights

import (
	"strconv"
	"strings"
)

// modules maps module names of one naming to those of another, such as "down_blocks.0.resnets.1.conv1" to
// "input_blocks.2.0.in_layers.2". What follows a module name ("weight", "attn1.to_q.weight") is kept.
type modules map[string]string

// rename replaces the longest module name that name begins with; false when there is none.
func (m modules) rename(name string) (string, bool) {
	for cut := len(name); cut > 0; cut = strings.LastIndexByte(name[:cut], '.') {
		if to, ok := m[name[:cut]]; ok {
			return to + name[cut:], true
		}
	}
	return name, false
}

// inverse swaps the two namings. Where several names mean one module, the first in the alphabet is taken.
func (m modules) inverse() modules {
	inv := make(modules, len(m))
	for from, to := range m {
		if known, ok := inv[to]; !ok || from < known {
			inv[to] = from
		}
	}
	return inv
}

// renamed is a set with every name mapped; names that m does not know stay.
func (s *Set) renamed(m modules) *Set {
	refs := make(map[string]Ref, len(s.refs))
	for name, r := range s.refs {
		to, _ := m.rename(name)
		refs[to] = r
	}
	return newSet(refs)
}

// counter answers how many numbered modules names have: the smallest n such that nothing begins with prefix + n + ".".
type counter map[string]bool

// newCounter notes every prefix of every name that ends before a dot.
func newCounter(s *Set) counter {
	c := counter{}
	for name := range s.refs {
		for i := range len(name) {
			if name[i] == '.' {
				c[name[:i]] = true
			}
		}
	}
	return c
}

func (c counter) count(prefix string) int {
	n := 0
	for c[prefix+strconv.Itoa(n)] {
		n++
	}
	return n
}

// has reports whether some tensor lies inside a module.
func (c counter) has(module string) bool { return c[module] }
