package autodiff

import "testing"

// SetBlockBytes bounds the blocks of attention until the test ends.
func SetBlockBytes(t *testing.T, bytes int64) {
	before := blockBytes
	blockBytes = bytes
	t.Cleanup(func() { blockBytes = before })
}

// HasGroup says whether a kind of group has a row.
func HasGroup(kind string) bool {
	_, ok := groups[kind]
	return ok
}
