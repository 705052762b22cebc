// Package machine tells what the program may use of the machine it runs on.
package machine

import (
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
)

// fallbackMemory is assumed where the machine does not say how much it has.
const fallbackMemory = 8 << 30

// MemoryLimit is the memory this process may use, in bytes: the smallest of the machine's, its control group's and GOMEMLIMIT.
func MemoryLimit() int64 {
	limit := physicalMemory()
	if limit <= 0 {
		limit = fallbackMemory
	}
	return min(limit, groupMemory(limit), debug.SetMemoryLimit(-1))
}

// groupMemory is the limit of the control group (version 2, then 1), or otherwise where there is none.
func groupMemory(otherwise int64) int64 {
	for _, name := range []string{"memory.max", "memory/memory.limit_in_bytes"} {
		text, err := os.ReadFile(filepath.Join("/sys/fs/cgroup", name))
		if err != nil {
			continue
		}
		if n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil && n > 0 {
			return n
		}
	}
	return otherwise
}
