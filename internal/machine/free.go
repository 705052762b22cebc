package machine

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// FreeMemory is how many bytes programs can still take without swapping, 0 where that is not known.
func FreeMemory() int64 {
	limit := MemoryLimit()
	return min(freeMemory(), limit, groupFree("/sys/fs/cgroup", limit))
}

// groupFree is what is left of a limit of a control group of version 2, whose files are in dir. Pages of files that nobody uses can be taken.
func groupFree(dir string, limit int64) int64 {
	used, err := readSize(filepath.Join(dir, "memory.current"))
	if err != nil {
		return limit
	}
	stat, err := os.ReadFile(filepath.Join(dir, "memory.stat"))
	if err != nil {
		return limit
	}
	for line := range strings.Lines(string(stat)) {
		if rest, ok := strings.CutPrefix(line, "inactive_file "); ok {
			if n, err := strconv.ParseInt(strings.TrimSpace(rest), 10, 64); err == nil {
				used -= n
			}
		}
	}
	return max(0, limit-max(0, used))
}

func readSize(path string) (int64, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	return strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
}
