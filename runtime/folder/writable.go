package folder

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Writable says in advance why nothing could be saved below a root, so that hours of work are not lost at their end. It writes
// nothing: of a folder that does not exist yet, the nearest one around it counts.
func (l *Layout) Writable(r Root) error {
	for dir := l.root[r]; ; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		switch {
		case err == nil && !info.IsDir():
			err = fmt.Errorf("%s is not a folder", dir)
		case err == nil:
			if err = unix.Access(dir, unix.W_OK|unix.X_OK); err == nil {
				return nil
			}
			err = &fs.PathError{Op: "write to", Path: dir, Err: err}
		case errors.Is(err, fs.ErrNotExist) && filepath.Dir(dir) != dir:
			continue
		case errors.Is(err, unix.ENOTDIR):
			continue // the file in the way is named when it is reached
		}
		return fmt.Errorf("%s folder %s: %w", r, l.root[r], err)
	}
}
