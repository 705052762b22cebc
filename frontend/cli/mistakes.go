package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/oneactor/oneactor/graph"
)

// mistakes is what a person is told about a workflow that cannot run. Where a model is missing, that includes where to put it.
func (s *session) mistakes(path string, err error) error {
	text := err.Error()
	var list graph.InputErrors
	if errors.As(err, &list) {
		for _, place := range s.places(list) {
			text += "\n" + place
		}
	}
	return fmt.Errorf("%s:\n%s", nameOf(path), text)
}

// places says where the files are looked for that inputs with a mistake choose from.
func (s *session) places(list graph.InputErrors) []string {
	var keys []string
	for _, e := range list {
		class := s.registry.Class(e.Class)
		if class == nil {
			continue
		}
		in := class.Input(e.Input)
		if in == nil || in.ChoicesKey == "" {
			continue
		}
		// "vae+virtual" has the names of the folder vae, and more.
		if key, _, _ := strings.Cut(in.ChoicesKey, "+"); !slices.Contains(keys, key) {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	folders, err := s.host.Folders()
	if err != nil {
		return nil // the mistakes themselves matter more
	}
	var out []string
	for _, f := range folders {
		if slices.Contains(keys, f.Key) {
			out = append(out, fmt.Sprintf("files for %s are looked for in %s", f.Key, strings.Join(f.Directories, ", ")))
		}
	}
	return out
}
