package queue

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"
)

// TestNearlyFullDisk fills a small file system: jobs are refused before it is full, those that wait run, and jobs are accepted again when there is room.
func TestNearlyFullDisk(t *testing.T) {
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=100m"); err != nil {
		t.Skipf("a small file system can't be made here: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	e, err := StartEmbedded(EmbeddedConfig{Dir: filepath.Join(dir, "queue")})
	if err != nil {
		t.Fatal(err)
	}
	n, err := e.Connect()
	if err != nil {
		t.Fatal(err)
	}
	q, err := Open(t.Context(), Config{Journal: n, Bus: n, Room: e.Room})
	if err != nil {
		t.Fatal(err)
	}
	submit(t, q, "a", "b")
	ballast := filepath.Join(dir, "ballast")
	if err := os.WriteFile(ballast, make([]byte, 60<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := q.Submit(t.Context(), Submission{ID: "c"}); !errors.Is(err, ErrNoRoom) {
		t.Errorf("a job on a disk that is nearly full: %v", err)
	}
	w := work(t, q, success)
	eventually(t, q, "those that wait have run", func() bool { return q.Counts().History == 2 })
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	submit(t, q, "d")
	eventually(t, q, "the next one, too", func() bool { return q.Counts().History == 3 })
	w.stop()
	for _, close := range []func() error{q.Close, n.Close, e.Close} {
		if err := close(); err != nil {
			t.Error(err)
		}
	}
}
