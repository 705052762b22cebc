package work

import (
	"slices"
	"strings"
	"sync"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/graph/ojson"
	"github.com/oneactor/oneactor/graph/queue"
)

// inputKeys are in front of the keys of lists that hold no models.
const inputKeys = "input/"

// Models are the model files that a prompt names, as "checkpoints/sd15.safetensors".
func Models(classes *graph.Registry, prompt *ojson.Object) []string {
	var list []string
	for _, value := range prompt.All() {
		node, _ := value.(*ojson.Object)
		class := classes.Class(node.String("class_type"))
		if class == nil {
			continue
		}
		inputs := node.Object("inputs")
		for _, in := range class.Inputs {
			if in.ChoicesKey == "" || strings.HasPrefix(in.ChoicesKey, inputKeys) {
				continue
			}
			if name := inputs.String(in.Name); name != "" {
				list = append(list, in.ChoicesKey+"/"+name)
			}
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// Lists are the names behind all drop-downs of the classes. A list that fails is empty.
func Lists(classes *graph.Registry, choices graph.Choices) queue.Lists {
	lists := queue.Lists{}
	for _, class := range classes.Classes() {
		for _, in := range class.Inputs {
			if in.ChoicesKey == "" {
				continue
			}
			if _, done := lists[in.ChoicesKey]; !done {
				names, _ := choices(in.ChoicesKey) // the worker itself says what is wrong, when a job needs the list
				lists[in.ChoicesKey] = names
			}
		}
	}
	return lists
}

// recentModels are the models of the last jobs.
type recentModels struct {
	mu    sync.Mutex
	names []string // the last in front
}

const maxRecent = 16

func (r *recentModels) add(names []string) {
	if len(names) == 0 {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	kept := slices.DeleteFunc(slices.Clone(r.names), func(n string) bool { return slices.Contains(names, n) })
	r.names = slices.Concat(names, kept)
	r.names = r.names[:min(len(r.names), maxRecent)]
}

func (r *recentModels) list() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.names)
}

func (r *recentModels) clear() {
	r.mu.Lock()
	r.names = nil
	r.mu.Unlock()
}
