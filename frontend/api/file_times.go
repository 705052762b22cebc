package api

import (
	"io/fs"
	"syscall"
)

// fileTimes are the times of change of a file's content and of its entry, in seconds since 1970.
func fileTimes(info fs.FileInfo) (modified, created float64) {
	modified = float64(info.ModTime().UnixNano()) / 1e9
	created = modified
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		t := changeTime(st)
		created = float64(t.Nano()) / 1e9
	}
	return modified, created
}
