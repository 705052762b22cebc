package ojson

import "iter"

// indexFrom is the number of members from which an object looks keys up in a map; below it a walk over the keys is faster.
const indexFrom = 24

type member struct {
	key   string
	value any
}

// Object is a JSON object that keeps the order in which keys were first set, as a Python dict does. The zero value is empty and ready to
// use; a nil *Object reads as empty. It must not be written to by two goroutines at once, nor while it is being read.
type Object struct {
	members []member
	index   map[string]int // position by key; nil below indexFrom members
}

// NewObject returns an object with the given members: NewObject("a", 1, "b", "x"). It panics if the arguments are not pairs
// that begin with a string, which is a mistake of the program.
func NewObject(pairs ...any) *Object {
	if len(pairs)%2 != 0 {
		panic("ojson.NewObject: odd number of arguments")
	}
	o := &Object{members: make([]member, 0, len(pairs)/2)}
	for i := 0; i < len(pairs); i += 2 {
		o.Set(pairs[i].(string), pairs[i+1])
	}
	return o
}

// Len is the number of members.
func (o *Object) Len() int {
	if o == nil {
		return 0
	}
	return len(o.members)
}

// Get returns the value of key and whether there is one (a null is one).
func (o *Object) Get(key string) (any, bool) {
	if i := o.find(key); i >= 0 {
		return o.members[i].value, true
	}
	return nil, false
}

// Has says whether key is there.
func (o *Object) Has(key string) bool { return o.find(key) >= 0 }

// String returns the value of key if it is a string, and "" otherwise.
func (o *Object) String(key string) string {
	v, _ := o.Get(key)
	s, _ := v.(string)
	return s
}

// Object returns the value of key if it is an object, and nil (which reads as empty) otherwise.
func (o *Object) Object(key string) *Object {
	v, _ := o.Get(key)
	child, _ := v.(*Object)
	return child
}

// Array returns the value of key if it is an array, and nil otherwise.
func (o *Object) Array(key string) []any {
	v, _ := o.Get(key)
	list, _ := v.([]any)
	return list
}

// Set gives key a value. A new key goes to the end; a known one keeps its place.
func (o *Object) Set(key string, value any) {
	if i := o.find(key); i >= 0 {
		o.members[i].value = value
		return
	}
	o.members = append(o.members, member{key, value})
	if o.index != nil {
		o.index[key] = len(o.members) - 1
	} else if len(o.members) >= indexFrom {
		o.buildIndex()
	}
}

// Delete removes key and says whether it was there.
func (o *Object) Delete(key string) bool {
	i := o.find(key)
	if i < 0 {
		return false
	}
	o.members = append(o.members[:i], o.members[i+1:]...)
	o.members[:len(o.members)+1][len(o.members)] = member{} // lets go of the value
	o.index = nil
	if len(o.members) >= indexFrom {
		o.buildIndex()
	}
	return true
}

// Keys returns a copy of the keys in order.
func (o *Object) Keys() []string {
	keys := make([]string, 0, o.Len())
	for key := range o.All() {
		keys = append(keys, key)
	}
	return keys
}

// All ranges over the members in order. The values of known keys may be Set meanwhile; members must not be added or deleted.
func (o *Object) All() iter.Seq2[string, any] {
	return func(yield func(string, any) bool) {
		if o == nil {
			return
		}
		for _, m := range o.members {
			if !yield(m.key, m.value) {
				return
			}
		}
	}
}

// Clone returns a deep copy.
func (o *Object) Clone() *Object {
	if o == nil {
		return nil
	}
	c := &Object{members: make([]member, len(o.members))}
	for i, m := range o.members {
		c.members[i] = member{m.key, Clone(m.value)}
	}
	if len(c.members) >= indexFrom {
		c.buildIndex()
	}
	return c
}

// Equal says whether both objects have the same keys with equal values, in any order; see the function Equal.
func (o *Object) Equal(other *Object) bool {
	if o.Len() != other.Len() {
		return false
	}
	for key, v := range o.All() {
		w, ok := other.Get(key)
		if !ok || !Equal(v, w) {
			return false
		}
	}
	return true
}

// MarshalJSON writes the compact style, so that an object may be part of a value that encoding/json writes.
func (o *Object) MarshalJSON() ([]byte, error) { return Marshal(o, Compact) }

func (o *Object) find(key string) int {
	if o == nil {
		return -1
	}
	if o.index != nil {
		if i, ok := o.index[key]; ok {
			return i
		}
		return -1
	}
	for i := range o.members {
		if o.members[i].key == key {
			return i
		}
	}
	return -1
}

func (o *Object) buildIndex() {
	o.index = make(map[string]int, len(o.members)*2)
	for i, m := range o.members {
		o.index[m.key] = i
	}
}
