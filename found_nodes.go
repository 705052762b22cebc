package main

import (
	"cmp"
	"context"
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
	"github.com/oneactor/oneactor/nodes/pack"
)

// foundNodes are the node classes that are not built in: node packs and saved subgraphs.
type foundNodes struct{ packs *pack.Set }

// classes are the built-in node classes and those that are found. What is wrong with one of these is a problem and keeps only that one out.
func (f *foundNodes) classes(ctx context.Context, s frontend.Settings) (classes *graph.Registry, problems []error, err error) {
	if classes, err = graph.New(nodes.Builtin()...); err != nil {
		return nil, nil, err
	}
	if !s.DisableCustomNodes {
		cache := filepath.Join(userFolder(s), "oneactor", "packs")
		classes, f.packs, problems = pack.Find(ctx, filepath.Join(s.BaseDirectory, "custom_nodes"), cache, classes)
	}
	classes, more := addBlueprints(classes, filepath.Join(userFolder(s), "default", "subgraphs")) // where the editor keeps them
	return classes, append(problems, more...), nil
}

// close ends the programs of packs.
func (f *foundNodes) close() error {
	if f.packs == nil {
		return nil
	}
	return f.packs.Close()
}

func userFolder(s frontend.Settings) string {
	return cmp.Or(s.UserDirectory, filepath.Join(s.BaseDirectory, "user"))
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
