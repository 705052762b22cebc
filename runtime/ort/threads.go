package ort

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// defaultThreads is one thread per physical core, as far as this process may use them: matrix products gain nothing from
// the second hardware thread of a core. GOMAXPROCS already respects affinity and the quota of a container.
func defaultThreads() int {
	allowed := runtime.GOMAXPROCS(0)
	if cores := physicalCores("/sys/devices/system/cpu"); cores > 0 {
		return min(cores, allowed)
	}
	return allowed
}

// physicalCores counts distinct sets of sibling threads; 0 where the system does not tell.
func physicalCores(folder string) int {
	files, err := filepath.Glob(filepath.Join(folder, "cpu[0-9]*", "topology", "thread_siblings_list"))
	if err != nil {
		return 0
	}
	cores := map[string]bool{}
	for _, file := range files {
		if siblings, err := os.ReadFile(file); err == nil {
			cores[strings.TrimSpace(string(siblings))] = true
		}
	}
	return len(cores)
}
