package main

import (
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

func (h host) ModelKeys() []string { return h.Runtime.Folders.Keys() }

func (h host) ModelDirectories(key string) ([]string, error) {
	if err := h.hasKey(key); err != nil {
		return nil, err
	}
	return h.Runtime.Folders.Dirs(key)
}

func (h host) ModelNames(key string) ([]string, error) {
	if err := h.hasKey(key); err != nil {
		return nil, err
	}
	return h.Runtime.Folders.List(key)
}

// hasKey refuses the old names of keys, which the folders themselves know.
func (h host) hasKey(key string) error {
	if !slices.Contains(h.Runtime.Folders.Keys(), key) {
		return fmt.Errorf("model folder %q: %w", key, fs.ErrNotExist)
	}
	return nil
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
		names[i] = filepath.ToSlash(strings.TrimSuffix(f, path.Ext(f)))
	}
	return names, nil
}
