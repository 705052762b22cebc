package ort

import (
	"bufio"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// Memory of this process in bytes, from /proc/self/status; zero where that does not exist.
type Memory struct {
	Anonymous int64 // RssAnon: heap, arenas, activations
	Mapped    int64 // RssFile: pages of mapped files, which the system may drop
	Peak      int64 // VmHWM: highest Anonymous + Mapped so far
}

// ReadMemory reads the memory of this process now.
func ReadMemory() (Memory, error) {
	file, err := os.Open("/proc/self/status")
	if err != nil {
		return Memory{}, fmt.Errorf("memory of this process: %w", err)
	}
	defer file.Close()
	var m Memory
	fields := map[string]*int64{"RssAnon": &m.Anonymous, "RssFile": &m.Mapped, "VmHWM": &m.Peak}
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ":")
		if field, ok := fields[name]; ok {
			kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
			if err != nil {
				return Memory{}, fmt.Errorf("memory of this process: %s: %w", name, err)
			}
			*field = kib << 10
		}
	}
	return m, lines.Err()
}

// AvailableMemory is the bytes that programs may still take before the system runs short; zero where it does not say (other than Linux).
func AvailableMemory() int64 {
	file, err := os.Open("/proc/meminfo")
	if err != nil {
		return 0
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		if name, value, _ := strings.Cut(lines.Text(), ":"); name == "MemAvailable" {
			kib, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
			if err != nil {
				return 0
			}
			return kib << 10
		}
	}
	return 0
}
