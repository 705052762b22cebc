package runtime

import (
	"errors"
	"os"
	"sync"
	"time"

	"github.com/oneactor/oneactor/runtime/weights"
)

// fileCache keeps what was read of weight files, so that a workflow run again opens nothing. A file that changed on disk is
// opened anew; the old map stays, because values made from it may be alive.
type fileCache struct {
	mu     sync.Mutex
	opened map[string]openedFile
	closer []func() error
}

type openedFile struct {
	size     int64
	modified time.Time
	value    any
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
	if o, ok := c.opened[key]; ok && o.size == info.Size() && o.modified.Equal(info.ModTime()) {
		return o.value.(T), nil
	}
	v, err := open(path)
	if err != nil {
		return zero, err
	}
	if c.opened == nil {
		c.opened = map[string]openedFile{}
	}
	c.opened[key] = openedFile{info.Size(), info.ModTime(), v}
	for _, f := range files(v) {
		c.closer = append(c.closer, f.Close)
	}
	return v, nil
}

func (c *fileCache) close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var err error
	for _, closeFile := range c.closer {
		err = errors.Join(err, closeFile())
	}
	c.opened, c.closer = nil, nil
	return err
}
