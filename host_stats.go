package main

import (
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"strings"

	"github.com/oneactor/oneactor/frontend"
	"github.com/oneactor/oneactor/internal/machine"
)

func (h host) Stats() frontend.Stats {
	d := h.doctor()
	s := frontend.Stats{MemoryTotal: machine.MemoryLimit(), MemoryFree: machine.FreeMemory(), Device: d.Device, DeviceName: d.Device, Library: "onnxruntime " + d.Version}
	if d.Version == "" {
		s.Library = "onnxruntime not found"
	}
	if s.Device == "" {
		s.Device, s.DeviceName = "cpu", "cpu"
	}
	return s
}

func (h host) ModelPath(key, name string) (string, error) {
	p, err := h.Runtime.Folders.Find(key, name)
	if err != nil {
		return "", fmt.Errorf("%w: %w", fs.ErrNotExist, err)
	}
	return p, nil
}

func (h host) Embeddings() ([]string, error) {
	files, err := h.Runtime.Folders.List("embeddings")
	if err != nil {
		return nil, err
	}
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = strings.TrimSuffix(filepath.ToSlash(f), path.Ext(f))
	}
	return names, nil
}
