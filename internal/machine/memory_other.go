//go:build !linux && !darwin

package machine

// physicalMemory is not known here.
func physicalMemory() int64 { return 0 }
