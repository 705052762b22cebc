package cli

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/graph/comfy"
)

// mistakes is what a person is told about a workflow that cannot run. Where a model is missing, that includes where to put it and where the
// workflow says it comes from; where a class is unknown, its pack and what can run without it.
func (s *session) mistakes(path string, file *comfy.File, err error) error {
	lines := []string{err.Error()}
	var list graph.InputErrors
	if errors.As(err, &list) {
		lines = append(lines, s.places(list)...)
	}
	lines = append(lines, s.sources(path, file)...)
	if u := file.Unknown(s.definitions()); u != nil {
		lines = append(lines, unknownLines(u)...)
	}
	return fmt.Errorf("%s:\n%s", nameOf(path), strings.Join(lines, "\n"))
}

// sources says where missing files come from, as far as the workflow does.
func (s *session) sources(path string, file *comfy.File) (lines []string) {
	missing, err := s.missing(path, file)
	if err != nil {
		return nil // the mistakes themselves matter more
	}
	for _, m := range missing {
		if m.URL != "" || m.Hash != "" {
			lines = append(lines, fmt.Sprintf("%s is from %s", m.Name, strings.TrimSpace(m.URL+" "+strings.TrimSpace(m.HashType+" "+m.Hash))))
		}
	}
	return lines
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
