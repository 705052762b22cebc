package cli

import (
	"context"
	"fmt"

	"github.com/oneactor/oneactor/frontend"
	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/graph/comfy"
)

// session is what commands on workflows share: node classes, host and engine.
type session struct {
	app      *app
	registry *graph.Registry
	host     frontend.Host
	engine   *graph.Engine
}

func (a *app) session(ctx context.Context) (*session, error) {
	registry, err := a.classes(ctx)
	if err != nil {
		return nil, err
	}
	host, err := a.open()
	if err != nil {
		return nil, err
	}
	engine := a.engine(registry, host.Choices, host)
	return &session{a, registry, host, engine}, nil
}

// classes are the node classes; what was found and is none is said.
func (a *app) classes(ctx context.Context) (*graph.Registry, error) {
	registry, problems, err := a.Nodes(ctx, a.settings)
	for _, p := range problems {
		a.say(p)
	}
	if err != nil {
		return nil, failure{exitFailed, err}
	}
	return registry, nil
}

// definitions are the classes for reading one file.
func (s *session) definitions() comfy.Definitions {
	return comfy.FromRegistry(s.registry, s.host.Choices)
}

// read reads a workflow file, "-" being stdin, and says what is odd about it. Nodes of unknown classes stay in the prompt.
func (s *session) read(ctx context.Context, path string) (*comfy.File, error) {
	name := nameOf(path)
	data, err := s.bytes(ctx, path, name)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, failure{exitUsage, err}
	}
	reader := comfy.Reader{
		Definitions: s.definitions(),
		KeepUnknown: true,
		Files:       func(folder string) []string { names, _ := s.host.Choices(folder); return names },
		FindHash:    func(folder, hash string) string { return s.findHash(ctx, folder, hash) },
	}
	file, err := reader.Read(data, name)
	if err != nil {
		return nil, failure{exitUsage, err}
	}
	for _, w := range file.Warnings {
		s.app.say(fmt.Errorf("%s: %s", name, w))
	}
	return file, nil
}

// nameOf is a workflow file as messages call it.
func nameOf(path string) string {
	if path == "-" {
		return "standard input"
	}
	return path
}
