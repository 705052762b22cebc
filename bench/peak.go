package bench

import "runtime"

// peakBytes is the ru_maxrss of a process in bytes: macOS counts it in bytes, others in KiB.
func peakBytes(maxrss int64) int64 {
	if runtime.GOOS == "darwin" {
		return maxrss
	}
	return maxrss << 10
}
