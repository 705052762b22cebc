package cli

import (
	"fmt"
	"io"
	"os"

	"github.com/oneactor/oneactor/frontend"
	"github.com/oneactor/oneactor/graph"
	"github.com/oneactor/oneactor/graph/comfy"
)

// maxFile bounds what is read at all; JSON documents are bounded again, at 64 MiB, before they are parsed.
const maxFile = 1 << 30

// session is what commands on workflows share: node classes, host and engine.
type session struct {
	app      *app
	registry *graph.Registry
	host     frontend.Host
	engine   *graph.Engine
}

func (a *app) session() (*session, error) {
	registry, err := a.Nodes()
	if err != nil {
		return nil, failure{exitFailed, err}
	}
	host, err := a.open()
	if err != nil {
		return nil, err
	}
	engine := graph.NewEngine(registry, graph.Config{Choices: host.Choices, CacheBytes: a.settings.CacheBytes, Bind: host.Bind})
	return &session{a, registry, host, engine}, nil
}

// read reads a workflow file, "-" being stdin, and reports what is odd about it.
func (s *session) read(path string) (*comfy.File, error) {
	data, err := s.bytes(path)
	if err != nil {
		return nil, failure{exitUsage, err}
	}
	file, err := comfy.Read(data, path, comfy.FromRegistry(s.registry, s.host.Choices))
	if err != nil {
		return nil, failure{exitUsage, err}
	}
	for _, w := range file.Warnings {
		fmt.Fprintf(s.app.Err, "oneactor: %s: %s\n", path, w)
	}
	return file, nil
}

func (s *session) bytes(path string) ([]byte, error) {
	if path == "-" {
		return readAll(s.app.In, "standard input")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readAll(f, path)
}

func readAll(r io.Reader, name string) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(data) > maxFile {
		return nil, fmt.Errorf("%s is larger than %d MiB: this is no workflow", name, maxFile>>20)
	}
	return data, nil
}
