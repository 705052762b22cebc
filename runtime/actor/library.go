package actor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/oneactor/oneactor/runtime"
	"github.com/oneactor/oneactor/runtime/weights"
)

// Stored is an actor in models/actors. Problem says why the file cannot be used; the actor is empty then.
type Stored struct {
	Actor
	Projector bool   // the file holds one, so that tuning can go on
	Name      string // as LoadActor wants it
	Path      string
	Bytes     int64
	Modified  time.Time
	Problem   error
}

// List reads every actor in models/actors.
func List(rt *runtime.Runtime) ([]Stored, error) {
	names, err := rt.Folders.List("actors")
	if err != nil {
		return nil, err
	}
	list := make([]Stored, 0, len(names))
	for _, name := range names {
		s, err := Stat(rt, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue // it went since
		}
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, nil
}

// Stat reads one actor; the ending may be left out of its name. The error wraps fs.ErrNotExist where there is none.
func Stat(rt *runtime.Runtime, name string) (Stored, error) {
	name, path, err := find(rt, name)
	if err != nil {
		return Stored{}, err
	}
	s := Stored{Name: name, Path: path}
	info, err := os.Stat(path)
	if err != nil {
		return Stored{}, err
	}
	s.Bytes, s.Modified = info.Size(), info.ModTime()
	s.Actor, s.Problem = readWith(path, func(f *weights.File) (Actor, error) {
		s.Projector = hasProjector(f)
		return readPerson(f)
	})
	return s, nil
}

// find is an actor's name with its ending, and its path.
func find(rt *runtime.Runtime, name string) (full, path string, err error) {
	return findFile(rt, "actors", name)
}

// extension is that of the files of actors and clusters.
const extension = ".safetensors"

// findFile finds a file of a model folder by its name with or without the ending; files with another ending are not found.
func findFile(rt *runtime.Runtime, key, name string) (full, path string, err error) {
	if !strings.EqualFold(filepath.Ext(name), extension) {
		name += extension
	}
	path, err = rt.Folders.Find(key, name)
	sep := string(filepath.Separator)
	return strings.TrimPrefix(filepath.Clean(sep+name), sep), path, err
}

// Import takes a file from elsewhere into models/actors, under a name (empty: that of the file). Origin and licence replace what the file
// says where they are not empty. The result is the name under which it is stored.
func Import(ctx context.Context, rt *runtime.Runtime, path, name, origin, licence string) (string, error) {
	f, err := ReadFile(path)
	if err != nil {
		return "", err
	}
	d := &f.Details
	d.Origin, d.Licence = cmp.Or(origin, d.Origin), cmp.Or(licence, d.Licence)
	return f.Save(ctx, rt, cmp.Or(name, strings.TrimSuffix(filepath.Base(path), extension)), f.Projector, f.H)
}

// Export copies an actor to a file, which must not exist.
func Export(ctx context.Context, rt *runtime.Runtime, name, path string) error {
	_, from, err := find(rt, name)
	if err != nil {
		return err
	}
	if _, err := ReadFile(from); err != nil {
		return err
	}
	return copyNew(ctx, from, path)
}

// Edit changes an actor's file; the new one takes its place when it is complete.
func Edit(ctx context.Context, rt *runtime.Runtime, name string, change func(*Actor)) error {
	_, path, err := find(rt, name)
	if err != nil {
		return err
	}
	f, err := ReadFile(path)
	if err != nil {
		return err
	}
	change(&f.Actor)
	temp, err := os.CreateTemp(filepath.Dir(path), ".saving-*.tmp")
	if err != nil {
		return err
	}
	defer os.Remove(temp.Name()) // gone already where all went well
	_ = temp.Chmod(0o644)        // what a file system without modes refuses is no loss
	err = errors.Join(f.Encode(ctx, temp, f.Projector, f.H), temp.Sync(), temp.Close())
	if err != nil {
		return fmt.Errorf("change %s: %w", path, err)
	}
	return os.Rename(temp.Name(), path)
}

// Rename changes an actor and gives it another name in models/actors, which nothing there may have: the error wraps fs.ErrExist then, and
// folder.ErrName where no file may have it. The result is the name with its ending.
func Rename(ctx context.Context, rt *runtime.Runtime, name, to string, change func(*Actor)) (string, error) {
	full, path, err := find(rt, name)
	if err != nil {
		return "", err
	}
	f, err := ReadFile(path)
	if err != nil {
		return "", err
	}
	if other, _, err := find(rt, to); err == nil && other == full {
		return full, Edit(ctx, rt, name, change)
	}
	change(&f.Actor)
	f.Details.Name = strings.TrimSuffix(to, extension)
	saved, at, err := rt.Folders.SaveModelAs(ctx, "actors", to, func(w io.Writer) error { return f.Encode(ctx, w, f.Projector, f.H) })
	if err != nil {
		return "", err
	}
	if err := os.Remove(path); err != nil {
		return "", errors.Join(fmt.Errorf("rename %s: %w; it keeps its name", full, err), os.Remove(at))
	}
	return saved, nil
}

// copyNew copies a file to a path where none is yet; a failed copy leaves nothing.
func copyNew(ctx context.Context, from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			out.Close() // a second Close after a failed one only says so
			os.Remove(to)
		}
	}()
	if _, err = io.Copy(out, in); err != nil {
		return err
	}
	if err = out.Sync(); err != nil {
		return err
	}
	if err = ctx.Err(); err != nil {
		return err
	}
	return out.Close()
}
