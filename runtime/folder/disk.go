package folder

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Disk is what Save needs of a file system; a test puts a full or failing one in its place.
type Disk interface {
	MkdirAll(dir string) error
	CreateTemp(dir string) (File, error)
	// Publish gives the complete file temp the name final. The error wraps fs.ErrExist where final is there already, and
	// then nothing changed. Whether temp stays is left open.
	Publish(temp, final string) error
	Remove(path string) error
}

// File is an open file being written.
type File interface {
	io.WriteCloser
	Name() string
	Sync() error
}

type osDisk struct{}

func (osDisk) MkdirAll(dir string) error { return os.MkdirAll(dir, 0o777) }
func (osDisk) Remove(path string) error  { return os.Remove(path) }

func (osDisk) CreateTemp(dir string) (File, error) {
	f, err := os.CreateTemp(dir, unfinished+"*.tmp")
	if err != nil {
		return nil, err
	}
	// CreateTemp makes files for their owner alone; a result is as open as the directory it lies in allows.
	if st, err := os.Stat(dir); err == nil {
		_ = f.Chmod(0o600 | st.Mode().Perm()&0o066) // what a file system without modes refuses is no loss
	}
	return f, nil
}

func (osDisk) Publish(temp, final string) error {
	err := os.Link(temp, final)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		err = reserve(temp, final)
	}
	if err != nil {
		return err
	}
	return syncDir(filepath.Dir(final))
}

// reserve is for file systems without hard links: an empty file takes the name, then temp replaces it.
func reserve(temp, final string) error {
	f, err := os.OpenFile(final, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666)
	if err != nil {
		return err
	}
	f.Close() // nothing was written
	if err := os.Rename(temp, final); err != nil {
		return errors.Join(err, os.Remove(final))
	}
	return nil
}

// syncDir makes new names survive a power cut. Some file systems refuse to sync a directory; they keep names their way.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	_ = d.Sync()
	return nil
}
