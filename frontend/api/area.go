package api

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// area is a folder in which clients name files. Nothing leads out of it: neither dots nor absolute names nor links.
type area struct{ dir string }

// errOutside is wrapped by errors about names that lead out of an area.
var errOutside = errors.New("the name leads out of its folder")

// local is a name in the area with slashes, "." being the area itself. Windows' separators are separators here as well.
func (a area) local(name string) (string, error) {
	name = strings.ReplaceAll(name, `\`, "/")
	if strings.ContainsRune(name, 0) {
		return "", fmt.Errorf("%w: %q holds a zero byte", errOutside, name)
	}
	clean := path.Clean(name)
	if name == "" {
		clean = "."
	}
	drive := len(name) > 1 && name[1] == ':' && (name[0]|0x20 >= 'a' && name[0]|0x20 <= 'z')
	if drive || !filepath.IsLocal(filepath.FromSlash(clean)) {
		return "", fmt.Errorf("%w: %q", errOutside, name)
	}
	return clean, nil
}

// with opens the area for f, which works with names relative to it. A missing area is made.
func (a area) with(name string, f func(root *os.Root, name string) error) error {
	name, err := a.local(name)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(a.dir, 0o777); err != nil {
		return err
	}
	root, err := os.OpenRoot(a.dir)
	if err != nil {
		return err
	}
	defer root.Close()
	return outside(f(root, name))
}

// outside names the error that package os gives for a link that leads out.
func outside(err error) error {
	if err != nil && strings.Contains(err.Error(), "path escapes from parent") {
		return fmt.Errorf("%w: %w", errOutside, err)
	}
	return err
}

// open opens a file for reading. The error wraps fs.ErrNotExist where it is none.
func (a area) open(name string) (f *os.File, info fs.FileInfo, err error) {
	err = a.with(name, func(root *os.Root, name string) error {
		if f, err = root.Open(filepath.FromSlash(name)); err != nil {
			return err
		}
		if info, err = f.Stat(); err == nil && !info.Mode().IsRegular() {
			err = fmt.Errorf("%s: %w", name, fs.ErrNotExist)
		}
		if err != nil {
			f.Close()
		}
		return err
	})
	return f, info, err
}

// exists reports whether there is something with the name, be it a link that leads nowhere or out.
func (a area) exists(name string) bool {
	err := a.with(name, func(root *os.Root, name string) error {
		_, err := root.Lstat(filepath.FromSlash(name))
		return err
	})
	return err == nil
}

// write saves a file: it is written beside its name, synced and renamed, so that what was there is lost only when the new file is whole.
// Folders in front are made. With replace false the error wraps fs.ErrExist where something has the name.
func (a area) write(name string, replace bool, content io.Reader) error {
	return a.with(name, func(root *os.Root, name string) error {
		dir := path.Dir(name)
		if err := root.MkdirAll(filepath.FromSlash(dir), 0o777); err != nil {
			if errors.Is(err, fs.ErrExist) { // a file or a link has the folder's name; that is not the name being taken
				err = fmt.Errorf("%w: %s is no folder of its own", errOutside, dir)
			}
			return err
		}
		temp := path.Join(dir, ".saving-"+rand.Text()+".tmp")
		f, err := root.OpenFile(filepath.FromSlash(temp), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666)
		if err != nil {
			return err
		}
		_, err = io.Copy(f, content)
		if err == nil {
			err = f.Sync()
		}
		err = errors.Join(err, f.Close())
		if err == nil && replace {
			err = root.Rename(filepath.FromSlash(temp), filepath.FromSlash(name))
		} else if err == nil {
			err = root.Link(filepath.FromSlash(temp), filepath.FromSlash(name))
		}
		if err != nil || !replace {
			err = errors.Join(err, root.Remove(filepath.FromSlash(temp)))
		}
		return err
	})
}
