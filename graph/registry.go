package graph

import (
	"errors"
	"fmt"
)

// Registry holds node classes by name. It is read-only and may be shared by any number of engines.
type Registry struct {
	classes map[string]*Class
	order   []*Class
}

// New reads the declared classes. Everything that is wrong with their tags and types is reported together, one line each:
//
//	node KSampler: input Steps: tag default="many": not a whole number
func New(declarations ...Declaration) (*Registry, error) {
	r := &Registry{classes: make(map[string]*Class, len(declarations))}
	var wrong []error
	for _, d := range declarations {
		c, errs := readClass(d.typ)
		wrong = append(wrong, errs...)
		if c == nil {
			continue
		}
		if other := r.classes[c.Name]; other != nil {
			wrong = append(wrong, fmt.Errorf("node %s: declared twice, as %s and %s", c.Name, other.typ, c.typ))
			continue
		}
		r.classes[c.Name] = c
		r.order = append(r.order, c)
	}
	if len(wrong) > 0 {
		return nil, errors.Join(wrong...)
	}
	return r, nil
}

// Class returns the class with that name, or nil.
func (r *Registry) Class(name string) *Class { return r.classes[name] }

// Classes lists all classes in the order of declaration. The slice is shared: do not write to it.
func (r *Registry) Classes() []*Class { return r.order }
