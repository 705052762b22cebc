package graph

import (
	"fmt"
	"slices"
	"strings"
)

// choiceList is a drop-down's list, with a set where it is long.
type choiceList struct {
	names []string
	set   map[string]struct{}
	hints map[string]string // by wrong name, as the same mistake is often made on many nodes
	err   error
}

const setFrom = 32 // names from which a map beats a walk

func newChoiceList(names []string, err error) *choiceList {
	l := &choiceList{names: names, err: err}
	if len(names) >= setFrom {
		l.set = make(map[string]struct{}, len(names))
		for _, name := range names {
			l.set[name] = struct{}{}
		}
	}
	return l
}

func (l *choiceList) has(name string) bool {
	if l.set != nil {
		_, ok := l.set[name]
		return ok
	}
	return slices.Contains(l.names, name)
}

// hint names the nearest choice, or all of them where they are few.
func (l *choiceList) hint(name string) string {
	hint, ok := l.hints[name]
	if !ok {
		hint = l.newHint(name)
		if l.hints == nil {
			l.hints = map[string]string{}
		}
		l.hints[name] = hint
	}
	return hint
}

func (l *choiceList) newHint(name string) string {
	near := nearest(name, l.names)
	switch {
	case near != "":
		return fmt.Sprintf("did you mean %q?", near)
	case len(l.names) == 0:
		return "the list is empty: there is no such file in the folders"
	case len(l.names) <= 20:
		return "use one of " + strings.Join(l.names, ", ")
	}
	return fmt.Sprintf("%d names are known, such as %s", len(l.names), strings.Join(l.names[:5], ", "))
}

// choices asks for the list of an input, once per validation for each key.
func (v *validator) choices(in *Input) (*choiceList, error) {
	if in.ChoicesKey == "" {
		return &choiceList{names: in.Enum}, nil
	}
	list, ok := v.lists[in.ChoicesKey]
	if !ok {
		list = newChoiceList(in.Choices(v.list))
		v.lists[in.ChoicesKey] = list
	}
	return list, list.err
}
