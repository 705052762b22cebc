package folder

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// unfinished is how the name of a file begins that is being written.
const unfinished = ".saving-"

// Sweep removes files that saves left unfinished because the process was killed, in the output folder and those of models: files under the names of
// unfinished ones that nobody has written to for a while. It returns how many there were.
func (l *Layout) Sweep(untouchedFor time.Duration) int {
	dirs := []string{l.root[Output]}
	for _, key := range l.Keys() {
		if more, err := l.Dirs(key); err == nil {
			dirs = append(dirs, more...)
		}
	}
	n := 0
	for _, dir := range dirs {
		_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error { // what can't be read is left alone
			if err != nil || d.IsDir() || !strings.HasPrefix(d.Name(), unfinished) || !strings.HasSuffix(d.Name(), ".tmp") {
				return nil
			}
			if info, err := d.Info(); err == nil && time.Since(info.ModTime()) > untouchedFor && os.Remove(path) == nil {
				n++
			}
			return nil
		})
	}
	return n
}
