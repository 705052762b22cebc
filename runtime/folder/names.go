package folder

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// Names remembers, beyond a crash, under which names the files of a run were saved, so that a second try of the run saves them under the same
// ones. Each Save takes one Name for each file.
type Names func(ctx context.Context) Name

// Name is the memory of one file. Paths are "output/sub/picture_00001_.png": the root or model folder first, slashes between.
type Name interface {
	// Earlier is what an earlier try took: the path, and the identity of the file that was to get it.
	Earlier() (path string, file uint64, ok bool)
	// Take remembers a path; it is false where another run has it.
	Take(ctx context.Context, path string, file uint64) (bool, error)
}

type namesKey struct{}

// WithNames returns a context in which files are saved under names that are remembered; nil ends that.
func WithNames(ctx context.Context, n Names) context.Context {
	return context.WithValue(ctx, namesKey{}, n)
}

// place is a name that a file may get.
type place struct {
	name string // as Names knows it
	path string
}

// publish gives the complete file temp a name: that of an earlier try, or else the first that is free of those that next makes. A name is
// remembered before the file gets it. at finds the path of a remembered name.
func publish(ctx context.Context, disk Disk, temp string, at func(name string) string, next func() place) (place, error) {
	remember, _ := ctx.Value(namesKey{}).(Names)
	if remember == nil {
		for {
			p := next()
			if err := disk.Publish(temp, p.path); !errors.Is(err, fs.ErrExist) {
				return p, err // else someone else took it
			}
		}
	}
	file, err := identity(temp)
	if err != nil {
		return place{}, err
	}
	name := remember(ctx)
	if was, id, ok := name.Earlier(); ok {
		p := place{was, at(was)}
		switch there, err := identity(p.path); {
		case err == nil && there == id:
			return p, nil // the earlier try had finished it
		case errors.Is(err, fs.ErrNotExist):
			if done, err := take(ctx, disk, name, temp, file, p); done || err != nil {
				return p, err
			}
		}
	}
	for {
		p := next()
		if _, err := os.Lstat(p.path); err == nil {
			continue
		}
		if done, err := take(ctx, disk, name, temp, file, p); done || err != nil {
			return p, err
		}
	}
}

// take remembers a name and gives it to the file; false means that someone else has it.
func take(ctx context.Context, disk Disk, name Name, temp string, file uint64, p place) (bool, error) {
	ok, err := name.Take(ctx, p.name, file)
	if err != nil || !ok {
		return false, err
	}
	err = disk.Publish(temp, p.path)
	if errors.Is(err, fs.ErrExist) {
		return false, nil
	}
	return err == nil, err
}

// identity tells a file from others, whatever its name.
func identity(path string) (uint64, error) {
	var st unix.Stat_t
	if err := unix.Lstat(path, &st); err != nil {
		return 0, fmt.Errorf("%s: %w", path, err)
	}
	return st.Ino, nil
}
