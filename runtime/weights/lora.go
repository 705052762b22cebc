package weights

import (
	"fmt"
	"slices"
	"strings"
	"sync"
)

// LoRA is a file of changes to the weights of a model: low-rank pairs and the other kinds of LyCORIS. It is told what each change belongs
// to by the names in the file: those of kohya's scripts, of LyCORIS, of diffusers and of PEFT.
type LoRA struct {
	file    *File
	modules func() []*module
}

// OpenLoRA reads the header of a LoRA file.
func OpenLoRA(path string) (*LoRA, error) {
	return opened(path, func(f *File) (*LoRA, error) {
		for _, name := range f.Names() {
			if _, suffix := splitLoRA(name); suffix != "" {
				l := &LoRA{file: f}
				l.modules = sync.OnceValue(l.group)
				return l, nil
			}
		}
		return nil, fmt.Errorf("no LoRA in it; %s: %w", describeFile(f.All()), ErrFormat)
	})
}

// File is the file the LoRA is read from.
func (l *LoRA) File() *File { return l.file }

// Unmatched is a module of a LoRA that was not applied, or not as a whole.
type Unmatched struct {
	Module string // its name in the file, without the suffix
	Reason string
	Known  bool // it names a weight of the model, which it does not fit
}

// module is the tensors of one module of a LoRA file.
type module struct {
	name    string
	tensors map[string]string // suffix to tensor name
}

// group sorts the tensors of the file into modules, sorted by name.
func (l *LoRA) group() []*module {
	byName := map[string]*module{}
	for _, tensor := range l.file.Names() {
		name, suffix := splitLoRA(tensor)
		m := byName[name]
		if m == nil {
			m = &module{name: name, tensors: map[string]string{}}
			byName[name] = m
		}
		m.tensors[suffix] = tensor
	}
	list := make([]*module, 0, len(byName))
	for _, m := range byName {
		list = append(list, m)
	}
	slices.SortFunc(list, func(a, b *module) int { return strings.Compare(a.name, b.name) })
	return list
}

// LoRATarget is a network that a LoRA may change, under the names that LoRA files give its modules.
type LoRATarget struct {
	set   *Set
	names map[string]string // module to weight
}

// Changes finds what the file does to a network: by name of the weight.
func (l *LoRA) Changes(t LoRATarget) (map[string]Change, error) {
	found := map[string]Change{}
	for _, m := range l.modules() {
		target, ok := t.names[m.name]
		if !ok {
			continue
		}
		changes, _, err := l.read(m, t.set, target)
		if err != nil {
			return nil, fmt.Errorf("%s: module %s: %w", l.file.path, m.name, err)
		}
		for name, c := range changes {
			found[name] = c
		}
	}
	return found, nil
}

// Unmatched lists the modules of which something applies to none of the networks, sorted.
func (l *LoRA) Unmatched(targets ...LoRATarget) ([]Unmatched, error) {
	var list []Unmatched
	for _, m := range l.modules() {
		u := Unmatched{Module: m.name, Reason: "it names no weight of the model"}
		for _, t := range targets {
			target, ok := t.names[m.name]
			if !ok {
				continue
			}
			_, problems, err := l.read(m, t.set, target)
			if err != nil {
				return nil, fmt.Errorf("%s: module %s: %w", l.file.path, m.name, err)
			}
			u.Reason, u.Known = strings.Join(problems, "; "), true
			break
		}
		if u.Reason != "" {
			list = append(list, u)
		}
	}
	return list, nil
}

// Modules counts the modules of the file.
func (l *LoRA) Modules() int { return len(l.modules()) }
