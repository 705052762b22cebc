package folder

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"strings"
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
	root string // directory of Root
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
	return &Save{SavePath: p, disk: l.disk, root: l.root[r], next: p.Counter}, nil
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
	root := string(s.Root)
	if s.Root == Temp {
		ctx = WithNames(ctx, nil) // previews of a run that ended so are of no use
	}
	p, err := publish(ctx, s.disk, f.Name(), func(name string) string {
		return filepath.Join(s.root, filepath.FromSlash(strings.TrimPrefix(name, root+"/")))
	}, func() place {
		name := s.Name(s.next, batchIndex, ext)
		s.next++
		return place{path.Join(root, s.Subfolder, name), filepath.Join(s.Dir, name)}
	})
	if err != nil {
		return Saved{}, fmt.Errorf("save %s: %w", p.path, err)
	}
	sub, name := path.Split(strings.TrimPrefix(p.name, root+"/"))
	return Saved{Filename: name, Subfolder: strings.TrimSuffix(sub, "/"), Type: s.Root}, nil
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
