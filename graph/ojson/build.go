package ojson

// NewObjectSize returns an empty object with room for n members, for those who build large ones.
func NewObjectSize(n int) *Object {
	o := &Object{members: make([]member, 0, n)}
	if n >= indexFrom {
		o.index = make(map[string]int, n)
	}
	return o
}

// Append adds a member whose key is not there yet, which the caller knows: unlike Set it does not look.
func (o *Object) Append(key string, value any) {
	o.members = append(o.members, member{key, value})
	if o.index != nil {
		o.index[key] = len(o.members) - 1
	} else if len(o.members) >= indexFrom {
		o.buildIndex()
	}
}
