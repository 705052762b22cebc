//go:build !linux && !darwin

package graph

// physicalMemory is not known here.
func physicalMemory() int64 { return 0 }
