package folder

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
)

// Saved names a file the way clients do: {"filename", "subfolder", "type"}.
type Saved struct {
	Filename  string `json:"filename"`
	Subfolder string `json:"subfolder"`
	Type      Root   `json:"type"`
}

// Save writes the files of one run of a node. It is not safe for concurrent use; several Saves, and processes, may write
// with the same prefix at once: each file gets a number of its own.
type Save struct {
	SavePath
	disk Disk
	next int
}

// NewSave begins a run of files, see SavePath. Nothing is written yet, but the first one of the temp folder makes it ready.
func (l *Layout) NewSave(r Root, prefix string, width, height int) (*Save, error) {
	if r == Temp {
		if err := l.useTemp(); err != nil {
			return nil, err
		}
	}
	p, err := l.SavePath(r, prefix, width, height)
	if err != nil {
		return nil, err
	}
	return &Save{SavePath: p, disk: l.disk, next: p.Counter}, nil
}

// Write saves one file under the next free number. The content comes from write and appears under its name only when it is
// complete and on disk; where write fails, the disk is full or ctx is cancelled, nothing stays behind. An existing
// file is never replaced.
func (s *Save) Write(ctx context.Context, batchIndex int, ext string, write func(io.Writer) error) (saved Saved, err error) {
	if err := s.disk.MkdirAll(s.Dir); err != nil {
		return Saved{}, fmt.Errorf("save to %s: %w", s.Dir, err)
	}
	f, err := s.disk.CreateTemp(s.Dir)
	if err != nil {
		return Saved{}, fmt.Errorf("save to %s: %w", s.Dir, err)
	}
	defer func() {
		f.Close() // again, where all went well; that error says nothing new
		if rm := s.disk.Remove(f.Name()); rm != nil && !errors.Is(rm, fs.ErrNotExist) {
			err = errors.Join(err, fmt.Errorf("remove temporary file: %w", rm))
		}
	}()
	if err := fill(ctx, f, write); err != nil {
		return Saved{}, fmt.Errorf("save %s: %w", filepath.Join(s.Dir, s.Name(s.next, batchIndex, ext)), err)
	}
	for {
		name := s.Name(s.next, batchIndex, ext)
		s.next++
		err := s.disk.Publish(f.Name(), filepath.Join(s.Dir, name))
		if errors.Is(err, fs.ErrExist) {
			continue // someone else took the number
		}
		if err != nil {
			return Saved{}, fmt.Errorf("save %s: %w", filepath.Join(s.Dir, name), err)
		}
		return Saved{Filename: name, Subfolder: s.Subfolder, Type: s.Root}, nil
	}
}

// fill writes, syncs and closes f.
func fill(ctx context.Context, f File, write func(io.Writer) error) error {
	if err := write(cancelWriter{ctx, f}); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return ctx.Err()
}

// cancelWriter fails as soon as its context is done.
type cancelWriter struct {
	ctx context.Context
	w   io.Writer
}

func (c cancelWriter) Write(b []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.w.Write(b)
}
