package machine

// FreeMemory is how many bytes programs can still take without swapping, 0 where that is not known.
func FreeMemory() int64 { return min(freeMemory(), MemoryLimit()) }
