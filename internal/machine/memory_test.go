package machine

import "testing"

func TestMemoryLimit(t *testing.T) {
	if got := MemoryLimit(); got < 64<<20 || got > 1<<50 {
		t.Errorf("memory of %d bytes", got)
	}
}
