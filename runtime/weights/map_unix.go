//go:build linux || darwin

package weights

import (
	"os"

	"golang.org/x/sys/unix"
)

// mapFile maps a file read-only and shared, so that its pages are the system's file cache and count once.
func mapFile(f *os.File, size int64) ([]byte, error) {
	return unix.Mmap(int(f.Fd()), 0, int(size), unix.PROT_READ, unix.MAP_SHARED)
}

func unmapFile(data []byte) error { return unix.Munmap(data) }
