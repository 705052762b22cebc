package runtime

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"sync"

	"github.com/oneactor/oneactor/runtime/weights"
)

// fileCache keeps what was read of weight files, so that a workflow run again opens nothing. A file that changed on disk is
// opened anew; the old map stays, because values made from it may be alive.
type fileCache struct {
	mu     sync.Mutex
	opened map[string]openedFile
	files  []*weights.File // of every value, those replaced since included
}

type openedFile struct {
	info  fs.FileInfo // of the path, which may be a folder
	files []*weights.File
	value any
}

// fresh reports whether the path, of which info is new, and the files below it are still what was opened. A folder does not show that
// a file in it was replaced, so each is looked at.
func (o openedFile) fresh(info fs.FileInfo) bool {
	return os.SameFile(o.info, info) && o.info.Size() == info.Size() && o.info.ModTime().Equal(info.ModTime()) &&
		!slices.ContainsFunc(o.files, (*weights.File).Changed)
}

// opened returns what open made of path, from the cache where the file has not changed. kind tells apart readings of one file.
func opened[T any](c *fileCache, kind, path string, open func(path string) (T, error), files func(T) []*weights.File) (T, error) {
	var zero T
	info, err := os.Stat(path)
	if err != nil {
		return zero, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	key := kind + "\x00" + path
	if o, ok := c.opened[key]; ok && o.fresh(info) {
		return o.value.(T), nil
	}
	v, err := open(path)
	if err != nil {
		return zero, err
	}
	if c.opened == nil {
		c.opened = map[string]openedFile{}
	}
	o := openedFile{info, files(v), v}
	c.opened[key] = o
	c.files = append(c.files, o.files...)
	return v, nil
}

func (c *fileCache) close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var err error
	for _, f := range c.files {
		err = errors.Join(err, f.Close())
	}
	c.opened, c.files = nil, nil
	return err
}
