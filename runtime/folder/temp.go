package folder

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/sys/unix"
)

// tempMark is the file that says a temp folder is ours to wipe. Each process that uses the folder holds a shared lock on it.
const tempMark = ".oneactor-temp"

// tempUse is what a Layout knows of its temp folder.
type tempUse struct {
	sync.Mutex
	wipe func() error // nil while nothing has been saved there
}

// useTemp makes the temp folder ready for the first file.
func (l *Layout) useTemp() error {
	l.temp.Lock()
	defer l.temp.Unlock()
	if l.temp.wipe != nil {
		return nil
	}
	wipe, err := l.OpenTemp()
	l.temp.wipe = wipe
	return err
}

// Close wipes the temp folder if files were saved there.
func (l *Layout) Close() error {
	l.temp.Lock()
	defer l.temp.Unlock()
	if l.temp.wipe == nil {
		return nil
	}
	wipe := l.temp.wipe
	l.temp.wipe = nil
	return wipe()
}

// OpenTemp makes the temp folder ready and wipes what an earlier run left; the function it returns wipes it again at exit.
// Only a folder that was empty or absent when first used is ever wiped, and not while another process uses it.
func (l *Layout) OpenTemp() (wipe func() error, err error) {
	dir := l.root[Temp]
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("temp folder: %w", err)
	}
	mark, err := openMark(dir)
	if err != nil {
		return nil, fmt.Errorf("temp folder: %w", err)
	}
	if mark == nil {
		return func() error { return nil }, nil // someone else's files: use the folder, never wipe it
	}
	if err := wipeAlone(mark, dir); err != nil {
		return nil, errors.Join(fmt.Errorf("temp folder: %w", err), mark.Close())
	}
	// Turns the exclusive lock, if there is one, into a shared one.
	if err := unix.Flock(int(mark.Fd()), unix.LOCK_SH); err != nil {
		return nil, errors.Join(fmt.Errorf("temp folder: lock %s: %w", mark.Name(), err), mark.Close())
	}
	return func() error { return errors.Join(wipeAlone(mark, dir), mark.Close()) }, nil
}

// openMark opens the mark of dir, and makes it where dir is empty; nil where dir has files and no mark.
func openMark(dir string) (*os.File, error) {
	path := filepath.Join(dir, tempMark)
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if !errors.Is(err, fs.ErrNotExist) {
		return f, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) > 0 {
		return nil, err
	}
	return os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
}

// wipeAlone empties dir but for the mark, if no other process holds the mark's lock. It keeps the exclusive lock.
func wipeAlone(mark *os.File, dir string) error {
	err := unix.Flock(int(mark.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("lock %s: %w", mark.Name(), err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if e.Name() != tempMark {
			err = errors.Join(err, os.RemoveAll(filepath.Join(dir, e.Name())))
		}
	}
	return err
}
