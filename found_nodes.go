package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/oneactor/oneactor/frontend"
	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/graph/comfy"
	"github.com/oneactor/oneactor/nodes"
)

// nodeClasses are the built-in node classes and those that are found: saved subgraphs. What is wrong with one of these is a problem and
// keeps only that one out.
func nodeClasses(s frontend.Settings) (classes *graph.Registry, problems []error, err error) {
	if classes, err = graph.New(nodes.Builtin()...); err != nil {
		return nil, nil, err
	}
	classes, problems = addBlueprints(classes, blueprintFolder(s))
	return classes, problems, nil
}

// blueprintFolder is where the editor keeps saved subgraphs.
func blueprintFolder(s frontend.Settings) string {
	return filepath.Join(cmp.Or(s.UserDirectory, filepath.Join(s.BaseDirectory, "user")), "default", "subgraphs")
}

// addBlueprints makes a class of every file of a folder. One may use others, so those that fail are tried again until nothing changes.
func addBlueprints(classes *graph.Registry, dir string) (*graph.Registry, []error) {
	files, err := os.ReadDir(dir)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return classes, nil
		}
		return classes, []error{fmt.Errorf("saved subgraphs: %w", err)}
	}
	var left []string
	for _, f := range files {
		if strings.EqualFold(filepath.Ext(f.Name()), ".json") && !f.IsDir() {
			left = append(left, filepath.Join(dir, f.Name()))
		}
	}
	for {
		var failed []string
		var problems []error
		for _, path := range left {
			more, err := addBlueprint(classes, path)
			if err != nil {
				failed, problems = append(failed, path), append(problems, fmt.Errorf("saved subgraph %s: %w", path, err))
				continue
			}
			classes = more
		}
		if len(failed) == len(left) {
			return classes, problems
		}
		left = failed
	}
}

// addBlueprint adds one class, which is called as its file.
func addBlueprint(classes *graph.Registry, path string) (*graph.Registry, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	name := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
	declaration, err := comfy.Blueprint(data, name, classes)
	if err != nil {
		return nil, err
	}
	return classes.With(declaration)
}
