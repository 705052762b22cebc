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
)

// Stored is an actor in models/actors. Problem says why the file cannot be used; the actor is empty then.
type Stored struct {
	File
	Name    string // as LoadActor wants it
	Path    string
	Bytes   int64
	Problem error
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
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, nil
}

// Stat reads one actor; the ending may be left out of its name.
func Stat(rt *runtime.Runtime, name string) (Stored, error) {
	path, err := find(rt, name)
	if err != nil {
		return Stored{}, err
	}
	s := Stored{Name: name, Path: path}
	info, err := os.Stat(path)
	if err != nil {
		return Stored{}, err
	}
	s.Bytes = info.Size()
	s.File, s.Problem = ReadFile(path)
	return s, nil
}

// find is the path of an actor, with or without its ending.
func find(rt *runtime.Runtime, name string) (string, error) {
	path, err := rt.Folders.Find("actors", name)
	if err != nil && !strings.HasSuffix(name, ".safetensors") {
		if path, other := rt.Folders.Find("actors", name+".safetensors"); other == nil {
			return path, nil
		}
	}
	return path, err
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
	return f.Save(ctx, rt, cmp.Or(name, strings.TrimSuffix(filepath.Base(path), ".safetensors")), f.Projector, f.H)
}

// Export copies an actor to a file, which must not exist.
func Export(ctx context.Context, rt *runtime.Runtime, name, path string) error {
	s, err := Stat(rt, name)
	if err != nil {
		return err
	}
	if s.Problem != nil {
		return s.Problem
	}
	return copyNew(ctx, s.Path, path)
}

// Edit changes an actor's file; the new one takes its place when it is complete.
func Edit(ctx context.Context, rt *runtime.Runtime, name string, change func(*Actor)) error {
	path, err := find(rt, name)
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

// Trash moves an actor out of models/actors into the trash of the user folder, and returns its path there.
func Trash(ctx context.Context, rt *runtime.Runtime, name string) (string, error) {
	path, err := find(rt, name)
	if err != nil {
		return "", err
	}
	dir := filepath.Join(rt.Folders.User(), "trash", "actors")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return "", err
	}
	base := strings.TrimSuffix(filepath.Base(path), ".safetensors") + time.Now().Format("-20060102-150405")
	for n := 1; ; n++ {
		to := filepath.Join(dir, base+".safetensors")
		if n > 1 {
			to = filepath.Join(dir, fmt.Sprintf("%s-%d.safetensors", base, n))
		}
		err := copyNew(ctx, path, to)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return "", err
		}
		return to, os.Remove(path)
	}
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
