//go:build !linux && !darwin

package weights

import (
	"io"
	"os"
)

// mapFile reads the whole file where we do not know how to map it.
func mapFile(f *os.File, size int64) ([]byte, error) {
	data := make([]byte, size)
	_, err := io.ReadFull(io.NewSectionReader(f, 0, size), data)
	return data, err
}

func unmapFile([]byte) error { return nil }
